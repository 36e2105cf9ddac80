"""Facts that the page's text states as label and value: `SKU: 123`, `Brand | Acme`, `EAN 4006381333931`.

What belongs here: the labels, in the languages of shops, and finding the value that stands beside one.
"""

from __future__ import annotations

import re

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, Element, place_of, squeeze
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import entries, lexicon

METHOD = "label"
MAX_TEXT_CHARS = 200
MAX_VALUE_CHARS = 60
LABELS = {
    label: field_name
    for field_name in ("seller", "condition", "brand_weak", "brand", "gtin", "mpn", "sku_weak", "sku")
    for label in entries("labels", field_name)
}
_LONGEST = max(map(len, LABELS))
_WORD = re.compile(r"[^\W_]+")
_BEGINNINGS = frozenset(word[0] for label in LABELS if (word := _WORD.search(label)))
_FIRST_WORDS = re.compile(r"[^\w]*([^\W_]*)[^\w]*([^\W_]*)")
MAX_CHUNKS, MAX_CHUNK_CHARS = 50_000, 40  # remembered, whether they begin a label
_COLON = re.compile(r"\s*[:：#]\s*|\s+[-–|]\s+")
_COLON_SIGNS = frozenset(":：#-–|")
_TRAILING = " \t\n:：#.|-–〈《【(["
_SKU_VALUE = re.compile(r"[\w./+\-#]{2,40}")
_WORDY = re.compile(r"^[A-Za-zÀ-ɏЀ-ӿ]+$")
_NO_SELLER = lexicon("labels", "not_seller")
_SPOKEN = frozenset({"sku", "gtin", "mpn"})
_SPOKEN_VALUE = re.compile(r"(?=[\w./+-]*\d)[\w./+-]{3,30}")
_WEIGHT = {
    "sku": 6.2,
    "sku_weak": 3.2,
    "mpn": 2.4,
    "gtin": 3.2,
    "brand": 4.4,
    "brand_weak": 2.6,
    "condition": 4.2,
    "seller": 2.5,
}


def propose_from_labels(document: Document, sheet: CandidateSheet, regions: Regions) -> None:
    """Propose the values that stand beside known labels, outside neighbours' tiles and menus."""
    texts = document.texts
    seen: set[tuple[str, str]] = set()
    for number in _label_numbers(texts):
        element, text, _ = texts[number]
        for label, value, holder in _pairs(texts, number, element, text):
            field_name = label.removesuffix("_weak")
            shown = clean_value(field_name, value)
            if shown is None or (field_name, shown) in seen or regions.is_aside(holder):
                continue
            seen.add((field_name, shown))
            weight = _WEIGHT[label] * (0.8 ** sum(1 for name, _ in seen if name == field_name)) / 0.8
            sheet.add(
                field_name,
                shown,
                METHOD,
                weight,
                squeeze(f"{text} {value}" if value not in text else text),
                place_of(holder),
            )


class _Chunks(dict[str, bool]):
    """Whether what stands between two blanks holds a word that begins a label."""

    def __missing__(self, chunk: str) -> bool:
        begins = not _BEGINNINGS.isdisjoint(_WORD.findall(chunk.lower()))
        if len(self) < MAX_CHUNKS and len(chunk) <= MAX_CHUNK_CHARS:
            self[chunk] = begins
        return begins


_CHUNKS = _Chunks()


def _label_numbers(texts: list[tuple[Element, str, int]]) -> list[int]:
    """Return which texts have a first or second word that begins a label: one in twenty, and cheap to ask."""
    chunks = _CHUNKS
    near = [
        number
        for number, (_, text, _) in enumerate(texts)
        if len(text) <= MAX_TEXT_CHARS and any(map(chunks.__getitem__, text.split(None, 3)[:3]))
    ]
    return [number for number in near if _may_begin_label(texts[number][1].lower())]


def _may_begin_label(lower: str) -> bool:
    words = _FIRST_WORDS.match(lower)
    return words is not None and (words[1] in _BEGINNINGS or words[2] in _BEGINNINGS)


def _pairs(
    texts: list[tuple[Element, str, int]], number: int, element: Element, text: str
) -> list[tuple[str, str, Element]]:
    """Return (field, value, element) when `text` is a label, or holds label and value."""
    plain = text.strip()
    if len(plain) <= _LONGEST + 2:
        field_name = _field_of(plain.strip(_TRAILING))
        if field_name:
            value = _value_after(texts, number)
            return [(field_name, value, element)] if value else []
    spoken = _spoken_pair(plain) if len(plain) <= MAX_VALUE_CHARS else None
    if spoken is not None:
        return [(*spoken, element)]
    if _COLON_SIGNS.isdisjoint(plain):
        return []
    parts = _COLON.split(squeeze(plain), maxsplit=1)
    if len(parts) == 2 and len(parts[0]) <= _LONGEST:
        field_name = _field_of(parts[0].strip(_TRAILING))
        if field_name:
            value = parts[1] or _value_after(texts, number)
            return [(field_name, value, element)] if value else []
    return []


def _spoken_pair(plain: str) -> tuple[str, str] | None:
    """Return (field, number) of a text such as `Item no. K-99`: a label of one word must be an abbreviation (`SKU`)."""
    words = plain.split()
    if not 2 <= len(words) <= 5 or _SPOKEN_VALUE.fullmatch(words[-1]) is None:
        return None
    label = " ".join(words[:-1]).rstrip(".#").lower()
    field_name = LABELS.get(label) or LABELS.get(f"{label}.")
    is_plain = len(words) == 2 and label not in ("sku", "mpn", "ean", "gtin", "upc", "isbn")
    return (field_name, words[-1]) if field_name in _SPOKEN and not (is_plain and "." not in words[0]) else None


def _field_of(label: str) -> str | None:
    """Return the field that a label names, also with a word before it (`eBay item number`)."""
    lower = label.lower()
    found = LABELS.get(lower)
    if found is None and " " in lower:
        tail = lower.split(" ", 1)[1]
        found = LABELS.get(tail) if " " in tail else None
    return found


def _value_after(texts: list[tuple[Element, str, int]], number: int) -> str:
    for element, text, _ in texts[number + 1 : number + 3]:
        value = squeeze(text).lstrip(":：#|-– ").strip()
        if value:
            return value if len(value) <= MAX_VALUE_CHARS or element is None else ""
    return ""


def without_label(field_name: str, text: str) -> str:
    """Return `text` without a label of that field before it: `Item no. K-99` is `K-99`."""
    words = text.split()
    for length in range(min(4, len(words) - 1), 0, -1):
        label = _field_of(" ".join(words[:length]).strip(_TRAILING))
        if label is not None and label.removesuffix("_weak") == field_name:
            return " ".join(words[length:]).lstrip(":：#- ")
    return text


def bare_brand(text: str) -> str:
    """Return a brand without a sentence before it: `More from the brand: Acme` is `Acme`."""
    head, colon, tail = text.partition(":")
    words = head.lower().split()
    is_label = bool(colon) and bool(words) and LABELS.get(words[-1], "").startswith("brand")
    return tail.strip() if is_label else text.strip()


def clean_value(field_name: str, value: str) -> str | None:
    """Return the usable part of what stands beside a label, None when it cannot be a value of that field."""
    value = squeeze(value).strip(" :#|,;〉》】)]")
    if field_name in ("sku", "mpn", "gtin"):
        match = _SKU_VALUE.match(value)
        code = match[0].strip(".-/#") if match else ""
        if not any(c.isdigit() for c in code):
            return code if field_name == "mpn" and 3 <= len(code) <= 20 and code.isupper() and code == value else None
        if field_name == "mpn" and len(value) <= 30:
            return value.rstrip(".")
        return code if len(code) >= 2 else None
    if field_name == "brand":
        value = bare_brand(re.split(r"\s{2,}|[|•;]| - ", value)[0])
        return value if 1 < len(value) <= 40 and not value.isdigit() and value.lower() not in LABELS else None
    if field_name == "seller" and (_NO_SELLER.find(value).anywhere or not any(c.isalpha() for c in value)):
        return None
    return value if 1 < len(value) <= MAX_VALUE_CHARS and value.lower() not in LABELS else None

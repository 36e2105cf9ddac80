"""What a record's text says, read once per record: words, codes, measures, edition words.

What belongs here: reading one text into a `ParsedText`. Comparing two of them is `ml/matching_features.py`. Nothing
here knows a shop, brand or data set.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

MAX_TEXT_CHARS = 1500  # a longer text is an attack or a whole page; what identifies a product stands early
MAX_WORDS = 160
CENTURIES = ("19", "20")  # four digits that begin so are a year, not a model

_MARKUP = re.compile(r"<[^<>]{0,200}>|&[a-z]{2,8};|&#\d{1,6};|\"@[a-z]{2,3}(?:-[a-z]{2,4})?\b")
_CHUNK = re.compile(r"[^\W_]+(?:[-./+][^\W_]+)*")
_WORD = re.compile(r"\d+\.\d+|[^\W_]+")
_PART = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_SYNONYMS = {
    "inches": "in", "inch": "in", "'": "in", '"': "in", "''": "in", "”": "in", "gigabyte": "gb", "gigabytes": "gb",
    "gig": "gb", "megabyte": "mb", "terabyte": "tb", "megapixel": "mp", "megapixels": "mp", "mpix": "mp",
    "watts": "w", "watt": "w", "volts": "v", "volt": "v", "users": "user", "usr": "user", "licenses": "user",
    "license": "user", "lic": "user", "pcs": "pc", "packs": "pack", "pk": "pack", "feet": "ft", "foot": "ft",
    "pounds": "lb", "lbs": "lb", "ounces": "oz", "ounce": "oz", "liter": "l", "litre": "l", "liters": "l",
    "channels": "channel", "ch": "channel", "ports": "port", "discs": "disc", "disks": "disc", "years": "year",
    "yr": "year", "ghz": "ghz", "client": "user", "clients": "user", "clt": "user", "seat": "user", "cups": "cup",
    "pieces": "piece", "count": "piece", "ct": "piece", "hours": "h", "hrs": "h", "hr": "h",
}  # fmt: skip
_UNIT_WORDS = """
    in gb tb mb kb mhz ghz hz mp mm cm m ft km w kw v mah ah ml l oz lb g kg rpm dpi fps user pack pc port year mbps
    gbps x channel disc btu k p cup piece h bit pin va db cu
"""
_UNITS = frozenset(_UNIT_WORDS.split())
_MEASURE = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)[\s-]?([a-z]{1,10}|''|['\"”])(?![\w])")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_EDITIONS = {
    "upgrade": "upg upgrade upsell update crossgrade",
    "full": "full complete",
    "school": "academic student education educational edu school teacher university ae",
    "home": "home personal family",
    "pro": "pro professional",
    "premium": "premium ultimate deluxe gold platinum plus suite",
    "basic": "basic standard std lite essentials starter limited express",
    "business": "business enterprise corporate server commercial sbs",
    "volume": "volume license licence licensing cal oem open level maintenance support renewal subscription",
    "mac": "mac macintosh osx macosx macos",
    "windows": "windows win pc winxp vista xp",
    "download": "download esd electronic downloadable",
    "bundle": "bundle kit combo set outfit",
    "bare": "body only",
    "used": "used refurbished refurb renewed reconditioned remanufactured",
    "part": "case cover battery charger cable adapter mount filter strap bag lens replacement compatible for",
    "spanish": "spanish espanol french francais german deutsch english italian japanese",
}
EDITION_GROUPS = tuple(_EDITIONS)
_EDITION_OF = {word: group for group, words in _EDITIONS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class ParsedText:
    """One text as it is compared. `squeezed` is the text without separators, `codes` are model-like words."""

    plain: str
    words: tuple[str, ...]
    word_set: frozenset[str]
    joined: frozenset[str]
    squeezed: str
    codes: frozenset[str]
    measures: dict[str, frozenset[float]]
    numbers: frozenset[str]
    versions: frozenset[str]
    years: frozenset[str]
    editions: frozenset[str]


def parse_text(text: str | None) -> ParsedText:
    """Read a text of any length, script or content; an empty one gives empty parts."""
    plain = plain_text(text)
    chunks = _CHUNK.findall(plain)
    words = tuple(_WORD.findall(plain))[:MAX_WORDS]
    numbers = frozenset(_normal_number(word) for word in words if word.replace(".", "", 1).isdecimal())
    romans = {_ROMAN[word] for word in words if word in _ROMAN}
    pairs = frozenset(a + b for a, b in pairwise(words))
    return ParsedText(
        plain=plain,
        words=words,
        word_set=frozenset(words),
        joined=pairs | frozenset(_squeeze(chunk) for chunk in chunks),
        squeezed=_squeeze(plain),
        codes=frozenset(code for code in map(_squeeze, chunks[:MAX_WORDS]) if _is_code(code)),
        measures=_read_measures(plain),
        numbers=numbers,
        versions=frozenset(n for n in numbers if "." in n or len(n) <= 2) | romans | _attached_versions(words),
        years=frozenset(n for n in numbers if len(n) == 4 and n[:2] in CENTURIES),
        editions=frozenset(_EDITION_OF[word] for word in words if word in _EDITION_OF),
    )


def plain_text(text: str | None) -> str:
    """Return the text in lower case without accents, markup and language tags, single spaces, cut to a length."""
    if not text:
        return ""
    folded = unicodedata.normalize("NFKD", text[:MAX_TEXT_CHARS]).lower()
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(_MARKUP.sub(" ", bare).split())


def _squeeze(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _is_code(chunk: str) -> bool:
    """Return whether it looks like a model or part number: digits with letters, or four digits and more, not a year."""
    digits = sum(c.isdigit() for c in chunk)
    if len(chunk) < 3 or not digits:
        return False
    if digits == len(chunk):
        return digits > 4 or (digits == 4 and chunk[:2] not in CENTURIES)
    parts = _PART.findall(chunk)
    return not (len(parts) == 2 and _SYNONYMS.get(parts[1], parts[1]) in _UNITS)


def _read_measures(plain: str) -> dict[str, frozenset[float]]:
    found: dict[str, set[float]] = {}
    for amount, word in _MEASURE.findall(plain):
        unit = _SYNONYMS.get(word, word)
        if unit in _UNITS:
            found.setdefault(unit, set()).add(float(amount.replace(",", ".")))
    return {unit: frozenset(values) for unit, values in found.items()}


def _normal_number(word: str) -> str:
    whole, _, part = word.partition(".")
    decimals = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")


def _attached_versions(words: tuple[str, ...]) -> frozenset[str]:
    """Return the number of words such as "v9", "cs3", "x2"."""
    found = (re.fullmatch(r"[a-z]{1,3}(\d{1,2}(?:\.\d)?)", word) for word in words)
    return frozenset(_normal_number(match[1]) for match in found if match)

"""What a title states in so many words: quantity, size, colour, storage, edition, condition, spans to mark.

What belongs here: pure functions of text with the standard library alone, quick enough to run on every offer
(about 5,000 titles per CPU-second). What must be guessed from context (brand, model) is `title_pipeline.py`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from arb_pipelines.domain.product import MAX_TITLE_CHARS, pack_quantity
from arb_pipelines.ml.title_words import BINDINGS, COLOURS, CONDITION_PHRASES, EDITION_WORDS

MAX_DESCRIPTION_CHARS = 4000

_TAG = re.compile(r"<[^<>]{0,200}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = r"\d{1,4}(?:[.,/]\d{1,3})?"
_LENGTH = r"(?:inch(?:es)?|in\.|mm|cm|ft|feet|\"|''|”|″)"
_WEIGHT = r"kg|lbs?|grams?|(?<=\d\d)g|(?<=\d\s)g"
_VOLUME = rf"(?:fl\.?\s?oz|oz|ounces?|ml|cl|litres?|liters?|gal(?:lons?)?|quarts?|qt|pints?|{_WEIGHT})"
_CLOTHING = r"(?:xxs|xs|xxxl|xxl|2xl|3xl|4xl|xl)"
_SIZE = re.compile(
    rf"(?<![\w.,/])(?:{_NUMBER}(?:\s?[-x×]\s?{_NUMBER})*\s?-?\s?(?:{_LENGTH}|{_VOLUME})(?!\w)"
    rf"|size\s?:?\s?(?:{_CLOTHING}|\d{{1,2}}(?:\.5)?|[sml])\b|(?:us|uk|eu)\s?\d{{1,2}}(?:\.5)?\b|{_CLOTHING}\b"
    r"|(?:wo)?men'?s\s\d{1,2}(?:\.5)?(?![\w.\"'%-])|\d{1,3}\s'(?=\s|$))",
    re.IGNORECASE,
)
_STORAGE = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d)?)\s?-?(gb|tb|mb)\b(?!\s?(?:/|p)s)", re.IGNORECASE)
_MEMORY_BEHIND = re.compile(r"\s*(?:of\s+)?(?:ram\b|memory\b|ddr|sdram|dimm)", re.IGNORECASE)
_UNIT_MB = {"mb": 1, "gb": 1024, "tb": 1024 * 1024}
_EDITION = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)\s+(?:edition|ed\b|gen(?:eration)?\b)|gen\s?\d{{1,2}}\b"
    rf"|(?:{'|'.join(sorted(EDITION_WORDS, key=len, reverse=True))})(?:'s|s)?\s+(?:edition|version)"
    r"|(?:standard|full|academic|student|upgrade|retail|oem|international|ntsc|pal)\s+(?:edition|version)"
    rf"|{'|'.join(sorted(BINDINGS))})",
    re.IGNORECASE,
)


def _phrases(words: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    joined = "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in ordered)
    return re.compile(rf"(?<![\w-])(?:{joined})(?![\w-])", re.IGNORECASE)


_COLOUR = _phrases(COLOURS)
_CONDITION = _phrases(CONDITION_PHRASES)
# "New Balance" is a maker and "New York" a place, neither a condition.
_NOT_NEW = re.compile(r"\s+(?:balance|york|era|zealand|england|orleans|look|edition|testament)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the text and what it states; `start` and `end` count characters of the plain text."""

    label: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TitleStatements:
    """What the text states. None: it does not say (for `quantity`: it contradicts itself; silence means 1)."""

    quantity: int | None
    size: str | None
    colour: str | None
    storage: str | None
    edition: str | None
    condition_indicators: tuple[str, ...]
    marks: tuple[Mark, ...]


def plain_text(text: str, limit: int = MAX_TITLE_CHARS) -> str:
    """Return the text without markup, control characters and doubled blanks, at most `limit` characters."""
    cut = _TAG.sub(" ", html.unescape(text[: 2 * limit]))
    if cut.isascii():  # most titles, and ten times quicker
        return " ".join(_CONTROL.sub(" ", cut)[:limit].split())
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", cut))
    return " ".join(kept[:limit].split())


def read_statements(title: str, description: str = "") -> TitleStatements:
    """Return what the title states; the description only fills what the title leaves open.

    Quantity and marks come from the title alone: a description that says "pack of 2" often speaks of something else.
    """
    plain = plain_text(title)
    marks = _marks(plain)
    told = {label: [mark.text for mark in marks if mark.label == label] for label in _FINDERS}
    more = _marks(plain_text(description, MAX_DESCRIPTION_CHARS)) if description else []
    for mark in more:
        if mark.label in {"SIZE", "STORAGE", "EDITION", "CONDITION"} and not told[mark.label]:
            told[mark.label] = [mark.text]
    return TitleStatements(
        quantity=pack_quantity(plain),
        size=_first(told["SIZE"]),
        colour=" / ".join(dict.fromkeys(text.lower() for text in told["COLOUR"])) or None,
        storage=_largest_storage(told["STORAGE"]),
        edition=_first(told["EDITION"]),
        condition_indicators=tuple(dict.fromkeys(text.lower() for text in told["CONDITION"])),
        marks=tuple(marks),
    )


_FINDERS = {"CONDITION": _CONDITION, "EDITION": _EDITION, "STORAGE": _STORAGE, "SIZE": _SIZE, "COLOUR": _COLOUR}


def _marks(plain: str) -> list[Mark]:
    found: list[Mark] = []
    for label, pattern in _FINDERS.items():
        for match in pattern.finditer(plain):
            if any(match.start() < mark.end and mark.start < match.end() for mark in found):
                continue
            if _states(label, match, plain):
                found.append(Mark(label, match.group().strip(), match.start(), match.end()))
    return sorted(found, key=lambda mark: mark.start)


def _states(label: str, match: re.Match[str], plain: str) -> bool:
    if label == "STORAGE":
        return not _MEMORY_BEHIND.match(plain, match.end())
    return not (label == "CONDITION" and match.group().lower() == "new" and _NOT_NEW.match(plain, match.end()))


def _largest_storage(found: list[str]) -> str | None:
    """Return the largest capacity, written like "256 GB": of "8 GB, 256 GB SSD" the larger is the storage."""
    sizes = [
        (float(m[1]) * _UNIT_MB[m[2].lower()], f"{m[1]} {m[2].upper()}") for t in found if (m := _STORAGE.match(t))
    ]
    return max(sizes)[1] if sizes else None


def _first(found: list[str]) -> str | None:
    return found[0] if found else None

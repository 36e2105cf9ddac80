"""Which words of a recognised title are its maker and its model, and what is taken where nothing was recognised.

What belongs here: correcting and completing what the recogniser marked, word by word. The record that people read is
`title_extraction.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from arb_pipelines.ml.title_words import MEASURE_UNITS, MODEL_WORDS, load_list

MIN_CODE_CHARS = 4
_FITS = frozenset({"for", "fits", "replaces", "compatible"})
_NOT_THE_MAKER = _FITS | {"with", "w/"}
_ROMAN = frozenset("ivx")
_MARKS_OF_LENGTH = frozenset({"'", "''", '"', "”", "″"})
MIN_NUMBER_CHARS = 3  # of a model that is a bare number


def find(doc: Any, entities: Sequence[Any], label: str, makers: frozenset[tuple[str, ...]]) -> tuple[Any, str]:
    """Return the span found for a label (None for none) and the kind of finding, for its confidence.

    `entities` are those of the document (it builds them anew each time it is asked), `makers` the known ones as
    lower-case words.
    """
    named = (entity for entity in entities if entity.label_ == label and not _is_what_it_fits(doc, entity))
    whole = (_whole_maker(doc, span, makers) if label == "BRAND" else _model_alone(doc, span) for span in named)
    span = next((span for span in whole if span is not None), None)
    if span is not None:
        tag = span[0].tag_  # known mark, place, kind of word, repeated
        size = "one" if len(span) == 1 else "more"
        return span, f"{label}:{tag[0]}{tag[1]}{tag[2] if len(tag) > 2 else ''}:{size}"
    if label == "MODEL":
        tries = ((_numbered_line, "line"), (_only_code, "code"), (_behind_maker, "behind"))
        return next(((span, f"MODEL:{how}") for look, how in tries if (span := look(doc)) is not None), (None, "MODEL"))
    span = _known_maker(doc)
    return (span, "BRAND:listed") if span is not None else (_strange_first_word(doc), "BRAND:first")


def _is_what_it_fits(doc: Any, span: Any) -> bool:
    """Return whether a maker stands right behind "for" and the like: "case for Apple" is not made by Apple."""
    return span.label_ == "BRAND" and span.start > 0 and doc[span.start - 1].lower_ in _FITS


def _model_alone(doc: Any, span: Any) -> Any:
    """Return a model without what stands behind it ("pro 256 GB", "22 womens"); None: nothing but a year is left."""
    end = _end_of_words(doc, span)
    last = doc[end - 1]
    if last.tag_[2:3] == "u" or (last.tag_[2:3] == "n" and _is_measured(doc, end)):
        end -= 1
    elif end - span.start > 1 and last.lower_ in MEASURE_UNITS and doc[end - 2].tag_[2:3] == "n":
        end -= 2
    kept = doc[span.start : end]
    numbered = [token for token in kept if _has_digit(token.text)]
    if not numbered:
        return kept if end == span.end else None
    return None if all(_is_year(token) for token in numbered) else kept


def _end_of_words(doc: Any, span: Any) -> int:
    """Return where a model ends that has plain words behind its number."""
    end: int = span.end
    while _is_plain_word(doc[end - 1]) and _has_digit(doc[span.start : end - 1].text):
        end -= 1
    return end


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _is_measured(doc: Any, place: int) -> bool:
    """Return whether the word at a place says that a number before it is an amount."""
    return place < len(doc) and (doc[place].lower_ in MEASURE_UNITS or doc[place].text in _MARKS_OF_LENGTH)


def _is_year(token: Any) -> bool:
    return len(token) == 4 and token.text.isdecimal() and token.text[:2] in {"19", "20"}


def _is_plain_word(token: Any) -> bool:
    """Return whether no model ends in the word: "mk", "IV" and "Pro" end one."""
    lower = token.lower_
    is_ending = len(lower) < 3 or set(lower) <= _ROMAN or lower in MODEL_WORDS or lower in MEASURE_UNITS
    return token.tag_[2:3] == "a" and not is_ending and lower not in _series()


@cache
def _series() -> frozenset[str]:
    return frozenset(word.lower() for phrase in load_list("title_series") for word in phrase.split())


def _whole_maker(doc: Any, span: Any, makers: frozenset[tuple[str, ...]]) -> Any:
    """Return the whole known maker where only its first words were found: "Quux" of "Quux & Sons"."""
    end = span.end
    while end < len(doc) and doc[end].tag_.startswith("I"):
        end += 1
    return span if tuple(token.lower_ for token in span) in makers else doc[span.start : end]


def _known_maker(doc: Any) -> Any:
    """Return the first known maker that the title is not merely for."""
    for token in doc:
        if token.lower_ in _NOT_THE_MAKER:
            return None
        if token.tag_.startswith("B") and not token.ent_type_:
            end = token.i + 1
            while end < len(doc) and doc[end].tag_.startswith("I"):
                end += 1
            return doc[token.i : end]
    return None


def _strange_first_word(doc: Any) -> Any:
    """Return a first word that is in no list: shops put the maker there."""
    if len(doc) < 2 or doc[0].ent_type_ or doc[0].norm_ not in {"#a", "#h"}:
        return None
    return doc[0:1]


def _numbered_line(doc: Any) -> Any:
    """Return a strange word with a bare number right behind the maker, and the line's words behind: "iPhone 13 Pro"."""
    start = next((token.i for token in doc if token.ent_type_ != "BRAND"), len(doc)) if doc else 0
    if not 0 < start < len(doc) - 1 or doc[start].norm_ != "#a" or doc[start + 1].tag_[2:3] != "n":
        return None
    end = start + 2
    return None if _is_measured(doc, end) or _is_year(doc[end - 1]) else _with_model_words(doc, start, end)


def _behind_maker(doc: Any) -> Any:
    """Return what stands right behind the maker when it looks like a model: "V11", "737", "9 Pro"."""
    place = next((token.i + 1 for token in doc if token.ent_type_ == "BRAND" and token.ent_iob_ != "O"), len(doc))
    while place < len(doc) and doc[place].ent_type_ == "BRAND":
        place += 1
    if place >= len(doc) or _is_measured(doc, place + 1) or _is_year(doc[place]):
        return None
    word, behind = doc[place], doc[place + 1] if place + 1 < len(doc) else None
    counts = behind is not None and behind.is_alpha and behind.lower_.endswith("s")
    is_line = behind is not None and behind.lower_ in MODEL_WORDS
    is_number = word.text.isdecimal() and (is_line or (len(word) >= MIN_NUMBER_CHARS and not counts))
    is_code = word.tag_[2:3] == "m" and word.text.isalnum()
    return _with_model_words(doc, place, place + 1) if is_number or is_code else None


def _with_model_words(doc: Any, start: int, end: int) -> Any:
    while end < len(doc) and doc[end].lower_ in MODEL_WORDS:
        end += 1
    return doc[start:end]


def _only_code(doc: Any) -> Any:
    """Return the longest word of letters and digits that is no measure: a part number the recogniser passed over."""
    codes = [
        token
        for token in doc
        if token.tag_[2:3] == "m" and len(token) >= MIN_CODE_CHARS and not token.ent_type_ and token.text[-1:] != "%"
    ]
    best = max(codes, key=len, default=None)
    return None if best is None else doc[best.i : best.i + 1]

"""Stretches of a title that may name its maker, each described by numbers that do not depend on the maker's name.

What belongs here: which stretches are looked at, and what is told about each: its place, the words in and around it,
and what the whole collection says about it (`title_collection.py`). Choosing is `title_ranker.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log1p
from typing import Any

from arb_pipelines.ml.title_collection import MAX_WORDS, TitleCollection, Words
from arb_pipelines.ml.title_grammar import COMPANY_WORDS

Place = tuple[int, int]  # first word, word behind the last

_BY = frozenset({"by", "from"})
_NOT_THE_MAKER = frozenset({"for", "fits", "replaces", "compatible", "with", "w/"})
# "black &" and "total training for" are no names, and "h" is none where "& r block" follows.
_NO_END = frozenset({"&", "+", "and", "or", "for", "with", "of", "the", "by", "from", "'s", "'"})
_JOINTS = (("&",), ("+",))
_LEGAL_FORMS = frozenset({"inc", "corp", "corporation", "ltd", "limited", "llc", "co", "gmbh"})
_COMPANY = frozenset(COMPANY_WORDS) | _LEGAL_FORMS | {"group", "usa", "america", "games"}


@dataclass(frozen=True)
class SeenTitle:
    """A title as word classes left it: lower-case words, known makers (B, I, O), kinds of word, met in training."""

    words: Words
    known: str
    kinds: str
    met: tuple[bool, ...]

    @classmethod
    def of(cls, doc: Any) -> SeenTitle:
        """Read off a document that `WordClasses` has marked."""
        tags = [token.tag_ for token in doc]
        words = tuple(token.lower_ for token in doc)
        return cls(
            words,
            "".join(tag[0] for tag in tags),
            "".join(tag[2] for tag in tags),
            tuple(token.norm_ == word for token, word in zip(doc, words, strict=True)),
        )

    @cached_property
    def is_company(self) -> tuple[bool, ...]:
        """Whether each word ends the names of companies ("Software", "Inc.")."""
        return tuple(word.strip(".") in _COMPANY for word in self.words)


def candidates(title: SeenTitle) -> list[Place]:
    """Return the stretches of up to four words at the start, behind "by" or "from", and at known makers."""
    words, count = title.words, len(title.words)
    starts = [
        place
        for place in range(count)
        if not place
        or (words[place - 1] not in _NOT_THE_MAKER and (words[place - 1] in _BY or title.known[place] == "B"))
    ]
    lettered = [any(c.isalpha() for c in word) for word in words]
    return [
        (start, end)
        for start in starts
        if lettered[start] and words[start - 1 : start] not in _JOINTS
        for end in range(start + 1, min(start + MAX_WORDS, count) + 1)
        if lettered[end - 1] and words[end - 1] not in _NO_END and words[end : end + 1] not in _JOINTS
    ]


class Describer:
    """Describes candidates of titles; what depends on the phrase alone is worked out once."""

    def __init__(self, collection: TitleCollection) -> None:
        """Take the collection whose titles are read."""
        self._collection = collection
        self._phrases: dict[Words, list[float]] = {}
        self._rests: dict[Words, list[float]] = {}
        self._neighbours: dict[Words, list[float]] = {}

    def describe(self, title: SeenTitle, place: Place) -> list[float]:
        """Return the candidate as numbers, always as many and in the same order."""
        start, end = place
        words = title.words
        return [
            *_around(title, start, end),
            *_inside(title, start, end),
            *self._phrase(words[start:end]),
            *self._neighbour(words[start : end + 1]),
            *self._rest(title, end),
            self._next_share(words, start, end),
        ]

    def _phrase(self, phrase: Words) -> list[float]:
        found = self._phrases.get(phrase)
        if found is None:
            found = self._phrases[phrase] = [*_spelling(phrase), *self._collection.evidence(phrase)]
        return found

    def _neighbour(self, phrase: Words) -> list[float]:
        found = self._neighbours.get(phrase)
        if found is None:
            found = self._neighbours[phrase] = self._collection.outline(phrase)
        return found

    def _rest(self, title: SeenTitle, end: int) -> list[float]:
        """Return what is known of the words behind, past a part number."""
        has_code = title.kinds[end : end + 1] in {"n", "m", "u"}
        rest = title.words[end + has_code : end + has_code + 3]
        found = self._rests.get(rest)
        if found is None:
            found = self._rests[rest] = self._collection.rest_evidence(rest)
        return found

    def _next_share(self, words: Words, start: int, end: int) -> float:
        """Return how many of the titles that begin with the phrase go on as this one."""
        if end >= len(words):
            return 0.0
        longer = self._collection.starts(words[start : end + 1])
        return longer / max(self._collection.starts(words[start:end]), 1)


def _around(title: SeenTitle, start: int, end: int) -> list[float]:
    words, count = title.words, len(title.words)
    kind = title.kinds[end] if end < count else ""
    is_by = start > 0 and words[start - 1] in _BY
    ends_there = end >= count or kind == "p"
    return [
        min(start, 5),
        is_by,
        is_by and ends_there,
        end >= count,
        *(kind == letter for letter in "amph"),
        kind in {"n", "u"},
        end < count and title.met[end],
        end < count and title.is_company[end],
        any(title.is_company[end : end + 2]),
        any(word.strip(".") in _LEGAL_FORMS for word in words[end : end + 1]),
        any(word.strip(".") in _LEGAL_FORMS for word in words[end : end + 3]),
        words[start] in words[end:],
        end < count and title.known[end] == "I",
    ]


def _inside(title: SeenTitle, start: int, end: int) -> list[float]:
    known, length = title.known[start:end], end - start
    is_whole = known == "B" + "I" * (length - 1) and title.known[end : end + 1] != "I"
    plain = [met and mark == "O" for met, mark in zip(title.met[start:end], known, strict=True)]
    return [
        length,
        is_whole,
        known[0] == "B" and not is_whole,
        "B" in known[1:],
        known[0] == "I",
        sum(plain) / length,
        plain[0],
        plain[-1],
        title.is_company[end - 1],
        any(title.is_company[start:end]),
    ]


def _spelling(phrase: Words) -> list[float]:
    return [
        any(c.isdigit() for word in phrase for c in word),
        any(not any(c.isalnum() for c in word) for word in phrase),
        log1p(len(phrase[0])),
        log1p(len(phrase[-1])),
        phrase[-1].strip(".") in _LEGAL_FORMS,
    ]

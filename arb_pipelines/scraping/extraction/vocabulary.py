"""The words of shops: `vocabulary.toml`, made fast to look for.

What belongs here: matching word lists in running text and in class names. A word is added in the TOML file, not
in code. All lists of a kind are looked for in one pass over the tokens; as regular expressions the same lists cost
ten times the CPU, more than parsing the page.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[/+&#]")
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPACED_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC")
_NONE: frozenset[str] = frozenset()


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


def entries(table: str, name: str) -> list[str]:
    """Return the plain entries of a list, as written."""
    return _tables()[table][name]


@dataclass(frozen=True, slots=True)
class Found:
    """The lists whose phrases a text holds: anywhere, at its very beginning, at its very end."""

    anywhere: frozenset[str] = _NONE
    at_start: frozenset[str] = _NONE
    at_end: frozenset[str] = _NONE


_NOTHING = Found()
MAX_TOKENS, MAX_TOKEN_CHARS = 50_000, 40  # of which a lexicon remembers what they begin
_Phrase = tuple[tuple[str, ...], str]


class _Beginnings(dict[str, tuple[_Phrase, ...]]):
    """The phrases that a token may begin, found out once a token: a site's words come again and again."""

    def __init__(self, by_first: Mapping[str, list[_Phrase]], by_prefix: Mapping[str, list[_Phrase]]) -> None:
        super().__init__()
        self._by_first, self._by_prefix = by_first, by_prefix

    def __missing__(self, token: str) -> tuple[_Phrase, ...]:
        phrases = (*self._by_first.get(token, ()), *self._by_prefix.get(token[:3], ()))
        if len(self) < MAX_TOKENS and len(token) <= MAX_TOKEN_CHARS:
            self[token] = phrases
        return phrases


class _Chunks(dict[str, bool]):
    """Whether what stands between two blanks holds a token that begins a phrase."""

    def __init__(self, begins: _Beginnings, unspaced_starts: set[str]) -> None:
        super().__init__()
        self._begins, self._unspaced_starts = begins, unspaced_starts

    def __missing__(self, chunk: str) -> bool:
        begins = self._begins
        may_hold = any(begins[token] for token in ([chunk] if chunk.isalpha() else _TOKEN.findall(chunk)))
        may_hold = may_hold or not (chunk.isascii() or self._unspaced_starts.isdisjoint(chunk))
        if len(self) < MAX_TOKENS and len(chunk) <= MAX_TOKEN_CHARS:
            self[chunk] = may_hold
        return may_hold


class Lexicon:
    """Several lists of phrases, found in one pass. `*` ends a word with any letters, `#` is a number."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        """Index the phrases by their first token, or its first three letters when that token is a prefix."""
        self._by_first: dict[str, list[_Phrase]] = defaultdict(list)
        self._by_prefix: dict[str, list[_Phrase]] = defaultdict(list)
        self._begins = _Beginnings(self._by_first, self._by_prefix)
        self._unspaced: list[tuple[str, str]] = []
        self._unspaced_starts: set[str] = set()
        self._chunks = _Chunks(self._begins, self._unspaced_starts)
        for name, phrases in lists.items():
            for phrase in phrases:
                self._add(name, phrase.lower())

    def _add(self, name: str, phrase: str) -> None:
        if not _is_spaced(next(c for c in phrase if c.isalpha())):
            self._unspaced.append((phrase, name))
            self._unspaced_starts.add(phrase[0])
            return
        steps = tuple(re.findall(r"[^\W\d_]+\*?|\d+|[/+&#]", phrase))
        if steps[0].endswith("*"):
            self._by_prefix[steps[0][:3]].append((steps, name))
        else:
            self._by_first[steps[0]].append((steps, name))

    def find(self, text: str) -> Found:
        """Return which lists have a phrase in `text`; punctuation before and after a phrase does not count."""
        lower = text.lower()
        tokens = _TOKEN.findall(lower)
        begins = self._begins
        hits = [
            (name, at, at + len(steps))
            for at, token in enumerate(tokens)
            for steps, name in begins[token]
            if _fits(steps, tokens, at)
        ]
        if not text.isascii() and not self._unspaced_starts.isdisjoint(lower):
            hits.extend(self._find_unspaced(lower.strip(" :：()（）"), len(tokens)))
        if not hits:
            return _NOTHING
        last = len(tokens)
        return Found(
            frozenset(name for name, _, _ in hits),
            frozenset(name for name, start, _ in hits if start == 0),
            frozenset(name for name, _, end in hits if end == last),
        )

    def numbers_of(self, texts: Sequence[str]) -> list[int]:
        """Return which of the texts hold a token that begins a phrase: one pass over all of them.

        Most texts have none, so `find` need not be asked about each.
        """
        chunks, number, found = self._chunks, 0, []
        for chunk in " \0 ".join(texts).lower().split():
            if chunk == "\0":
                number += 1
            elif chunks[chunk]:
                found.append(number)
        return list(dict.fromkeys(found))

    def _find_unspaced(self, text: str, last: int) -> Iterable[tuple[str, int, int]]:
        for phrase, name in self._unspaced:
            if phrase in text:
                yield name, 0 if text.startswith(phrase) else -1, last if text.endswith(phrase) else -1


def _fits(steps: tuple[str, ...], tokens: list[str], at: int) -> bool:
    if len(steps) == 1:
        return _step_fits(steps[0], tokens[at])
    if at + len(steps) > len(tokens):
        return False
    return all(map(_step_fits, steps, tokens[at : at + len(steps)]))


def _step_fits(step: str, token: str) -> bool:
    if step == token:
        return True
    if step == "#":
        return token.isdigit()
    return step.endswith("*") and token.startswith(step[:-1])


@cache
def lexicon(table: str, *names: str) -> Lexicon:
    """Return the named lists of a table (all of them without names) as one lexicon."""
    lists = _tables()[table]
    return Lexicon({name: lists[name] for name in names or lists})


class _MarkLists:
    """The lists of class-name words. `old price` is found in `old-price`, `oldPrice`, `old_price` and `oldprice`.

    A `*` at an entry's end or beginning lifts the word's edge there.
    """

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self.words: dict[str, list[str]] = defaultdict(list)
        self.pairs: dict[str, list[str]] = defaultdict(list)
        self.beginnings: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.fragments: list[tuple[str, str]] = []
        for name, names in lists.items():
            for entry in names:
                self._add(name, entry)

    def _add(self, name: str, entry: str) -> None:
        plain = entry.strip("*").replace(" ", "")
        if entry.startswith("*"):
            self.fragments.append((plain, name))
        elif entry.endswith("*"):
            self.beginnings[plain[:3]].append((plain, name))
        else:
            self.words[plain].append(name)
            if " " in entry:
                self.pairs[entry].append(name)

    def find(self, raw_marks: str) -> frozenset[str]:
        letters = _LETTERS.findall(split_marks(raw_marks))
        pairs = self.pairs
        found = set().union(*map(_names_of_word, letters))
        for first, second in pairwise(letters):
            pair = f"{first} {second}"
            if pair in pairs:
                found.update(pairs[pair])
        return frozenset(found)

    def find_word(self, word: str) -> frozenset[str]:
        """Return the lists that have a word by itself; fragments are letters, so none reaches beyond it."""
        found = set(self.words.get(word, ()))
        found.update(name for start, name in self.beginnings.get(word[:3], ()) if word.startswith(start))
        found.update(name for fragment, name in self.fragments if fragment in word)
        return frozenset(found)


@cache
def _mark_lists() -> _MarkLists:
    return _MarkLists(_tables()["marks"])


@lru_cache(maxsize=32_768)
def _names_of_word(word: str) -> frozenset[str]:
    return _mark_lists().find_word(word)


@lru_cache(maxsize=32_768)
def mark_names(raw_marks: str) -> frozenset[str]:
    """Return the lists of [marks] that class, id and test names of an element hold a word of.

    `raw_marks` is from `document.marks_of`; a site's few hundred come again and again.
    """
    return _mark_lists().find(raw_marks) if raw_marks else _NONE


def split_marks(raw_marks: str) -> str:
    """Return class names in lower case with their camel humps set apart: `currentPrice` is `current-price`."""
    return _HUMP.sub("-", raw_marks).lower()


@cache
def _is_spaced(char: str) -> bool:
    """Return whether `char` is a letter of a script that sets words apart by blanks."""
    return unicodedata.name(char, "").startswith(_SPACED_SCRIPTS)

"""The words of shops: `vocabulary.toml`, made fast to look for.

What belongs here: matching word lists in running text and in class names. A word is added in the TOML file, not
in code. Both matchers work on whole tokens through dictionaries; as regular expressions the same lists cost ten
times the CPU, more than parsing the page.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[/+&#]")
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPACED_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC")
_MAX_TOKENS = 60


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


def entries(table: str, name: str) -> list[str]:
    """Return the plain entries of a list, as written."""
    return _tables()[table][name]


def tokens_of(text: str) -> list[str]:
    """Return the words, numbers and joining signs of `text`, in lower case, at most the first sixty."""
    return _TOKEN.findall(text.lower())[:_MAX_TOKENS]


class Phrases:
    """A list of phrases to be found in tokens. `*` at a word's end stands for any letters, `#` for a number."""

    def __init__(self, phrases: Iterable[str]) -> None:
        """Index `phrases` by their first token, or its first three letters when the token is a prefix."""
        self._by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._by_prefix: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._unspaced: list[str] = []
        for phrase in phrases:
            if not _is_spaced(next(c for c in phrase if c.isalpha())):
                self._unspaced.append(phrase.lower())
                continue
            steps = _steps(phrase)
            if steps[0].endswith("*"):
                self._by_prefix[steps[0].rstrip("*")[:3]].append(steps)
            else:
                self._by_first[steps[0]].append(steps)

    def found_in(self, tokens: list[str], text: str) -> bool:
        """Return whether any phrase stands anywhere in `tokens`, the tokens of `text`."""
        return any(True for _ in self._ends(tokens, 0)) or self._has_unspaced(text)

    def starts(self, tokens: list[str], text: str) -> bool:
        """Return whether `tokens` begin with a phrase."""
        if self._unspaced and text.lower().lstrip().startswith(tuple(self._unspaced)):
            return True
        return any(True for _ in self._ends(tokens[:6], 0, only_first=True))

    def ends(self, tokens: list[str], text: str) -> bool:
        """Return whether `tokens` end with a phrase; punctuation after it does not count."""
        if self._unspaced and text.lower().rstrip(" :：(").endswith(tuple(self._unspaced)):
            return True
        tail = tokens[-6:]
        return any(end == len(tail) for end in self._ends(tail, 0))

    def _ends(self, tokens: list[str], start: int, only_first: bool = False) -> Iterable[int]:
        for at in range(start, 1 if only_first and tokens else len(tokens)):
            token = tokens[at]
            for steps in self._by_first.get(token, ()):
                if _fits(steps, tokens, at):
                    yield at + len(steps)
            for steps in self._by_prefix.get(token[:3], ()):
                if _fits(steps, tokens, at):
                    yield at + len(steps)

    def _has_unspaced(self, text: str) -> bool:
        return not text.isascii() and any(phrase in text for phrase in self._unspaced)


def _fits(steps: tuple[str, ...], tokens: list[str], at: int) -> bool:
    if at + len(steps) > len(tokens):
        return False
    return all(_step_fits(step, tokens[at + offset]) for offset, step in enumerate(steps))


def _step_fits(step: str, token: str) -> bool:
    if step == token:
        return True
    if step == "#":
        return token.isdigit()
    return step.endswith("*") and token.startswith(step[:-1])


def _steps(phrase: str) -> tuple[str, ...]:
    steps: list[str] = []
    for match in re.finditer(r"[^\W\d_]+\*?|\d+|[/+&#]", phrase.lower()):
        steps.append(match[0])
    return tuple(steps)


@cache
def phrases(table: str, name: str) -> Phrases:
    """Return a list of the vocabulary as phrases."""
    return Phrases(entries(table, name))


class Marks:
    """A list of class-name words. `old price` is found in `old-price`, `oldPrice`, `old_price` and `oldprice`.

    A `*` at an entry's end or beginning lifts the word's edge there.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Sort `names` into whole words, pairs of words, beginnings and fragments."""
        plain = [name for name in names if "*" not in name]
        self._words = frozenset(name.replace(" ", "") for name in plain)
        self._pairs = frozenset(name for name in plain if " " in name)
        starred = [name for name in names if "*" in name]
        self._beginnings = tuple(n.rstrip("*").replace(" ", "") for n in starred if not n.startswith("*"))
        self._fragments = tuple(n.strip("*") for n in starred if n.startswith("*"))

    def found_in(self, text: str, letters: list[str], pairs: set[str]) -> bool:
        """Return whether any name is in `text`; `letters` and `pairs` are from `mark_tokens`."""
        if not self._words.isdisjoint(letters) or not self._pairs.isdisjoint(pairs):
            return True
        if any(fragment in text for fragment in self._fragments):
            return True
        return bool(self._beginnings) and any(word.startswith(self._beginnings) for word in letters)


@cache
def marks(table: str, name: str) -> Marks:
    """Return a list of the vocabulary as class-name words."""
    return Marks(entries(table, name))


def mark_tokens(raw_marks: str) -> tuple[str, list[str], set[str]]:
    """Return class names split at humps and in lower case, their words, and their neighbouring pairs."""
    text = split_marks(raw_marks)
    letters = _LETTERS.findall(text)
    return text, letters, {f"{first} {second}" for first, second in pairwise(letters)}


def split_marks(raw_marks: str) -> str:
    """Return class names in lower case with their camel humps set apart: `currentPrice` is `current-price`."""
    return _HUMP.sub("-", raw_marks).lower()


def has_mark(table: str, name: str, raw_marks: str) -> bool:
    """Return whether the marks of an element (see `document.marks_of`) hold a word of a list."""
    return bool(raw_marks) and marks(table, name).found_in(*mark_tokens(raw_marks))


@cache
def _is_spaced(char: str) -> bool:
    """Return whether `char` is a letter of a script that sets words apart by blanks."""
    return unicodedata.name(char, "").startswith(_SPACED_SCRIPTS)

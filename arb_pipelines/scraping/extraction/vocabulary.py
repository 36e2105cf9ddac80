"""The words of shops: `vocabulary.toml` compiled to patterns.

What belongs here: turning word lists into regular expressions. A word is added in the TOML file, not in code.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPACED_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC")


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))


def entries(table: str, name: str) -> list[str]:
    """Return the plain entries of a list, as written."""
    return _tables()[table][name]


@cache
def words(table: str, name: str, tail: str = "") -> re.Pattern[str]:
    """Return a pattern that finds any entry of a list in running text; `tail` is appended as it is."""
    return re.compile(f"(?:{'|'.join(_word(entry) for entry in _longest_first(table, name))}){tail}", re.IGNORECASE)


@cache
def marks(table: str, name: str) -> re.Pattern[str]:
    """Return a pattern that finds any entry as whole steps of a class or id: `old price` finds `old-price_x`.

    Give it marks that went through `split_marks`. A `*` at either end of an entry lifts the step's edge there.
    """
    return re.compile("|".join(_mark(entry) for entry in _longest_first(table, name)))


def split_marks(text: str) -> str:
    """Return class names in lower case with their camel humps set apart: `currentPrice` is `current-price`."""
    return _HUMP.sub("-", text).lower()


def _longest_first(table: str, name: str) -> list[str]:
    return sorted(entries(table, name), key=len, reverse=True)


def _mark(entry: str) -> str:
    body = re.escape(entry.strip("*")).replace(r"\ ", r"[-_ ]?")
    before = "" if entry.startswith("*") else r"(?<![^\W\d_])"
    after = "" if entry.endswith("*") else r"(?![^\W\d_])"
    return f"{before}{body}{after}"


def _word(entry: str) -> str:
    body = re.escape(entry).replace(r"\*", r"\w*").replace(r"\#", r"\d+").replace(r"\ ", r"[\s-]+")
    before = r"(?<!\w)" if _is_spaced(entry[0]) else ""
    after = r"(?!\w)" if _is_spaced(entry[-1]) else ""
    return f"{before}{body}{after}"


@cache
def _is_spaced(char: str) -> bool:
    """Return whether `char` is a letter of a script that sets words apart by blanks."""
    return char.isalpha() and unicodedata.name(char, "").startswith(_SPACED_SCRIPTS)

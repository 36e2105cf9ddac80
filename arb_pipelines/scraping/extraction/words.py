"""Comparing names the way a reader does: by their words.

What belongs here: normal forms of text and how alike two are.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\w+", re.UNICODE)


def fold(text: str) -> str:
    """Return `text` in lower case without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=8_192)
def words_of(text: str | None) -> frozenset[str]:
    """Return the folded words of `text`."""
    return frozenset(_WORD.findall(fold(text))) if text else frozenset()


def likeness(first: str | None, second: str | None) -> float:
    """Return from 0 to 1 how much of the shorter text's words the longer one has."""
    a, b = words_of(first), words_of(second)
    if not a or not b:
        return 0.0
    return len(a & b) / min(len(a), len(b))


def overlap(first: str | None, second: str | None) -> float:
    """Return from 0 to 1 the share of all words that both texts have (Jaccard)."""
    a, b = words_of(first), words_of(second)
    return len(a & b) / len(a | b) if a and b else 0.0

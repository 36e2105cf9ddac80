"""Recalled products: is this one of them, certainly not, or can it not be told?

What belongs here: comparing a product with the notices of a recall list, by GTIN, else by brand and model. Reading the
list is `deny_list.py`. What cannot be told is left to a person: a policy buys nothing that may be recalled.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from arb_pipelines.domain.product import MAX_TITLE_CHARS, normal_brand

MOST_PARTS = 4  # "AB 100 X 2": of how many words of a title a model's name may consist


@dataclass(frozen=True, slots=True)
class Recall:
    """One notice: its source, the GTINs without leading zeros, and brand and models where it names them."""

    source: str
    gtins: frozenset[str] = frozenset()
    brand: str | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is known of a product that may be recalled; None where it is not known."""

    gtin: str | None
    brand: str | None
    title: str


def find_recall(recalls: Sequence[Recall], suspect: Suspect) -> Recall | None:
    """Return the notice that certainly means this product: its GTIN, or its brand together with a model."""
    if not recalls:
        return None  # an empty list, as shipped, must not cost the words of every title
    gtin, said = _digits(suspect.gtin), _runs(suspect.title)
    for recall in recalls:
        if gtin is not None and gtin in recall.gtins:
            return recall
        if _names_brand(recall, suspect, said) and not said.isdisjoint(recall.models):
            return recall
    return None


def doubt_recall(recalls: Sequence[Recall], suspect: Suspect) -> str | None:
    """Return why it cannot be told that no notice means this product, in one sentence; None where it can.

    Ask `find_recall` first. A notice that lists GTINs does not mean a product of another GTIN.
    """
    if not recalls:
        return None
    gtin, said = _digits(suspect.gtin), _runs(suspect.title)
    for recall in recalls:
        if gtin is not None and recall.gtins:
            continue
        if recall.brand is None:
            return f"without a GTIN it cannot be compared with the recall {recall.source}"
        if _names_brand(recall, suspect, said):
            return f"it is of the brand of the recall {recall.source}, and its title names no recalled model"
        if normal_brand(suspect.brand) is None and (gtin is None or not said.isdisjoint(recall.models)):
            return f"its brand is not known, so it may be what the recall {recall.source} means"
    return None


def squeezed(name: str) -> str:
    """Return a brand or model as it is compared: letters and digits in lower case, nothing between them."""
    return "".join(_words(name))


def _digits(gtin: str | None) -> str | None:
    return (gtin or "").strip().lstrip("0") or None


def _names_brand(recall: Recall, suspect: Suspect, said: frozenset[str]) -> bool:
    return recall.brand is not None and (normal_brand(suspect.brand) == recall.brand or recall.brand in said)


@lru_cache(maxsize=10_000)
def _runs(title: str) -> frozenset[str]:
    """Return every run of one to four words of a title, written together: "AB-100" and "AB 100" are one model."""
    words = _words(title[:MAX_TITLE_CHARS])
    ends = range(1, MOST_PARTS + 1)
    return frozenset("".join(words[start : start + end]) for start in range(len(words)) for end in ends)


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)

"""Labelled titles out of product data: where a stated brand and part number stand in the title, and who is held out.

What belongs here: turning rows of (title, brand, part number) into marked titles, the split by brand, and the
figures of a comparison. A label that its title does not contain cannot be learnt or scored, and is counted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from arb_pipelines.domain.product import normal_brand
from arb_pipelines.ml.title_grammar import MarkedTitle

MAX_LABEL_WORDS = 6
FOLDS = 5  # each brand is in one of them; the first is held out where nothing else is said
_SEPARATORS = re.compile(r"[-\s.,]+")
_WORD = re.compile(r"[^\s()\[\],]+")


@dataclass(frozen=True, slots=True)
class LabelledTitle:
    """One title of a data set; empty text for a label that the data does not state."""

    title: str
    brand: str
    model: str
    in_test: bool

    @property
    def fold(self) -> int | None:
        """Which fifth of the brands its own is in, the same on every machine; None without a brand."""
        if not self.brand:
            return None
        return min(hashlib.sha256(squeeze(self.brand).encode()).digest()[0] // (256 // FOLDS), FOLDS - 1)


@dataclass(frozen=True, slots=True)
class Score:
    """Exact matches against labels that stand in their titles. `labels` counts them; None: nothing to score."""

    labels: int
    precision: float | None
    recall: float | None
    f1: float | None


def squeeze(text: str) -> str:
    """Return letters and digits in lower case: how two spellings of a brand or part number are compared."""
    return "".join(c for c in text.lower() if c.isalnum())


def plain_name(label: str) -> str:
    """Return a stated brand as titles spell it: "acme-games-inc ." is "acme games inc"."""
    return " ".join(_SEPARATORS.sub(" ", label).split())


def locate(title: str, label: str) -> tuple[int, int] | None:
    """Return the characters of the title that spell the label in whole words, else None."""
    wanted = squeeze(label)
    if not wanted or normal_brand(label) is None:
        return None
    words = [match.span() for match in _WORD.finditer(title)]
    for length in range(1, MAX_LABEL_WORDS + 1):
        for first in range(len(words) - length + 1):
            start, end = words[first][0], words[first + length - 1][1]
            if squeeze(title[start:end]) == wanted:
                return start, end
    return None


def mark(labelled: LabelledTitle) -> MarkedTitle:
    """Return the title with the places of its labels."""
    brand, model = locate(labelled.title, labelled.brand), locate(labelled.title, labelled.model)
    return MarkedTitle(labelled.title, brand, model, is_brand_open=brand is None, is_model_open=not labelled.model)


def score(truths: Sequence[str], titles: Sequence[str], found: Iterable[str | None]) -> Score:
    """Compare findings with labels; titles that do not contain their label are left out."""
    right = wrong = labels = 0
    for truth, title, finding in zip(truths, titles, found, strict=True):
        if locate(title, truth) is None:
            continue
        labels += 1
        if finding:
            right += squeeze(finding) == squeeze(truth)
            wrong += squeeze(finding) != squeeze(truth)
    if not labels:
        return Score(0, None, None, None)
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / labels
    return Score(labels, round(precision, 4), round(recall, 4), round(2 * right / (labels + right + wrong), 4))


def even(title: str) -> bool:
    """Return a fair coin of the title, the same on every machine."""
    return hashlib.sha256(title.encode()).digest()[1] < 128


def first_word(title: str) -> str | None:
    """Return the baseline's brand: the first word."""
    words = title.split()
    return words[0] if words else None


def first_code(title: str) -> str | None:
    """Return the baseline's model: the first word with letters and digits."""
    return next((w for w in title.split() if any(c.isdigit() for c in w) and any(c.isalpha() for c in w)), None)

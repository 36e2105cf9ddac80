"""A frame of pairs in, the features of every pair out.

What belongs here: reading `left_*` and `right_*` columns of any names, and putting the features of all fields
together. One pair of texts is `ml/matching_features.py`; what else stands beside a pair is `ml/matching_neighbours.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from arb_pipelines.ml.matching_corpus import Corpus, fit_corpus, vectorise
from arb_pipelines.ml.matching_features import (
    Features,
    compare_codes,
    compare_prices,
    compare_strings,
    compare_texts,
    coverage,
)
from arb_pipelines.ml.matching_text import ParsedText, parse_text

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TITLE_NAMES = ("title", "name", "product_name", "product_title")
ALL = "all"
WORD_BITS = 18
MAX_FIELDS = 6  # further columns count only within the text of all
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class NotPairsError(ValueError):
    """The frame has no pair of text columns `left_x` and `right_x`."""


@dataclass(frozen=True, slots=True)
class PairColumns:
    """The fields that both sides have: the title, other texts, and the price if there is one."""

    title: str
    others: tuple[str, ...]
    price: str | None

    @property
    def whole(self) -> str:
        """The field that holds all texts of a record."""
        return ALL if self.others else self.title


@dataclass(frozen=True, slots=True)
class PairTable:
    """Features of pairs (float32, NaN for unknown), words of pairs (sparse), and which records they join.

    `left` and `right` number the distinct records of each side; `vectors` holds (left, right) unit vectors a record.
    """

    names: tuple[str, ...]
    features: np.ndarray
    words: csr_matrix
    left: np.ndarray
    right: np.ndarray
    vectors: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side's texts by field, one a pair, and the prices."""

    texts: dict[str, list[str]]
    prices: list[float | None]


def find_columns(pairs: pl.DataFrame) -> PairColumns:
    """Return which fields the pairs have.

    Raises:
        NotPairsError: no `left_x` with a `right_x`, or none of them is text.
    """
    fields = [name[5:] for name in pairs.columns if name.startswith("left_") and f"right_{name[5:]}" in pairs.columns]
    prices = [name for name in fields if "price" in name.lower()]
    texts = [name for name in fields if name not in prices and not name.lower().endswith("id")]
    if not texts:
        raise NotPairsError("the file has no text columns left_x and right_x (for example left_title, right_title)")
    title = next((name for name in texts if name.lower() in TITLE_NAMES), texts[0])
    others = tuple(name for name in texts if name != title)
    return PairColumns(title, others, prices[0] if prices else None)


def build_table(pairs: pl.DataFrame, background: Sequence[str] = ()) -> PairTable:
    """Compute all features of the pairs; labels are not looked at.

    Args:
        pairs: `left_x` and `right_x` columns; any text, number or null.
        background: further titles to tell common words from rare ones by, where the pairs are few.
    """
    columns = find_columns(pairs)
    left, right = _read_side(pairs, "left_", columns), _read_side(pairs, "right_", columns)
    parsed = _parse_all(left, right)
    whole = columns.whole
    seen = {*left.texts[whole], *right.texts[whole]}
    corpus = fit_corpus([*(parsed[text] for text in sorted(seen)), *map(parse_text, background)])
    rows = [_compare(row, left, right, parsed, columns, corpus) for row in range(pairs.height)]
    names, matrix = _as_matrix(rows)
    left_ids, right_ids = _number(left.texts[whole]), _number(right.texts[whole])
    cosines, vectors = _compare_vectors(left, right, parsed, columns)
    return PairTable(
        names=(*names, *cosines),
        features=np.column_stack([matrix, *cosines.values()]).astype(np.float32),
        words=_word_matrix(left.texts[whole], right.texts[whole], parsed),
        left=left_ids,
        right=right_ids,
        vectors=vectors,
    )


def read_price(value: object) -> float | None:
    """Return the amount in a cell such as 12.5, "12.50" or "$1,200.00"; None for anything else."""
    match = _NUMBER.search(str(value)) if value is not None else None
    if match is None:
        return None
    text = match[0]
    if re.search(r",\d{1,2}$", text):
        text = text.replace(".", "").replace(",", ".")
    text = text.replace(",", "")
    return float(text) if text.count(".") <= 1 else None


def _read_side(pairs: pl.DataFrame, prefix: str, columns: PairColumns) -> _Side:
    names = (columns.title, *columns.others)
    texts = {name: pairs[prefix + name].cast(pl.String).fill_null("").to_list() for name in names}
    if columns.others:
        texts[ALL] = [" ".join(cells) for cells in zip(*texts.values(), strict=True)]
    cells = [None] * pairs.height if columns.price is None else pairs[prefix + columns.price].to_list()
    return _Side(texts, [read_price(cell) for cell in cells])


def _parse_all(left: _Side, right: _Side) -> dict[str, ParsedText]:
    texts = {text for side in (left, right) for column in side.texts.values() for text in column}
    return {text: parse_text(text) for text in texts}


def _compare(
    row: int, left: _Side, right: _Side, parsed: dict[str, ParsedText], columns: PairColumns, corpus: Corpus
) -> Features:
    def sides(name: str) -> tuple[ParsedText, ParsedText]:
        return parsed[left.texts[name][row]], parsed[right.texts[name][row]]

    whole_left, whole_right = sides(columns.whole)
    found: Features = {}
    for name in dict.fromkeys((columns.title, columns.whole)):
        own, other = sides(name)
        compared = compare_texts(own, other, corpus) | compare_strings(own.plain, other.plain)
        found |= {f"{name}:{key}": value for key, value in compared.items()}
    if columns.others:
        own, other = sides(columns.title)
        across = compare_codes(own, whole_right, corpus), compare_codes(whole_left, other, corpus)
        found |= {f"across_{n}:{key}": value for n, side in enumerate(across) for key, value in side.items()}
        found["across_0:covered"] = coverage(own, whole_right, corpus)
        found["across_1:covered"] = coverage(other, whole_left, corpus)
    for name in columns.others[:MAX_FIELDS]:
        own, other = sides(name)
        found |= {f"{name}:{key}": value for key, value in compare_strings(own.plain, other.plain).items()}
        found[f"{name}:silent_left"], found[f"{name}:silent_right"] = float(not own.plain), float(not other.plain)
        found[f"{name}:covered_left"] = coverage(own, whole_right, corpus)
        found[f"{name}:covered_right"] = coverage(other, whole_left, corpus)
    if columns.price is not None:
        found |= compare_prices(left.prices[row], right.prices[row])
    return found


def _as_matrix(rows: Sequence[Features]) -> tuple[tuple[str, ...], np.ndarray]:
    names = tuple(rows[0]) if rows else ()
    return names, np.array([list(row.values()) for row in rows], dtype=np.float32).reshape(len(rows), len(names))


def _number(texts: Sequence[str]) -> np.ndarray:
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return np.array([places[text] for text in texts], dtype=np.int64)


def _compare_vectors(
    left: _Side, right: _Side, parsed: dict[str, ParsedText], columns: PairColumns
) -> tuple[dict[str, np.ndarray], dict[str, tuple[Any, Any]]]:
    """Return the cosines of every pair, and the vectors of the distinct records (of their whole text)."""
    cosines: dict[str, np.ndarray] = {}
    vectors: dict[str, tuple[Any, Any]] = {}
    for name in dict.fromkeys((columns.title, columns.whole)):
        one, two = left.texts[name], right.texts[name]
        if not one:
            continue
        lefts, rights = list(dict.fromkeys(one)), list(dict.fromkeys(two))
        stacked = vectorise([parsed[text].plain for text in (*lefts, *rights)])
        at_left, at_right = _number(one), _number(two)
        for kind, matrix in stacked.items():
            sides = matrix[: len(lefts)], matrix[len(lefts) :]
            product = sides[0][at_left] * sides[1][at_right] if kind == "lsa" else None
            summed = product if product is not None else sides[0][at_left].multiply(sides[1][at_right])
            cosines[f"{name}:{kind}_cosine"] = np.asarray(summed.sum(axis=1)).ravel()
            if name == columns.whole:
                vectors[kind] = sides
    return cosines, vectors


def _word_matrix(left: Sequence[str], right: Sequence[str], parsed: dict[str, ParsedText]) -> csr_matrix:
    """Return unit-length rows of hashed words: shared, on one side alone, on which side."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.preprocessing import normalize

    def marks(one: ParsedText, two: ParsedText) -> list[str]:
        alone_left, alone_right = one.word_set - two.word_set, two.word_set - one.word_set
        shared = [f"shared {word}" for word in one.word_set & two.word_set]
        sided = [f"left {word}" for word in alone_left] + [f"right {word}" for word in alone_right]
        return [*shared, *sided, *(f"alone {word}" for word in alone_left | alone_right)] or ["empty"]

    hasher = FeatureHasher(1 << WORD_BITS, input_type="string", alternate_sign=False)
    pairs = zip(left, right, strict=True)
    return normalize(hasher.transform(marks(parsed[one], parsed[two]) for one, two in pairs))

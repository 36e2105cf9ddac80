"""`arb bench matching`: learn from labelled pairs of a file, judge its test rows, beside two simple rules.

What belongs here: reading the splits, the two rules and the report. Models are `ml/matching_model.py`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.matching_features import STRING_MEASURES
from arb_pipelines.ml.matching_figures import measure
from arb_pipelines.ml.matching_model import score_pairs
from arb_pipelines.ml.matching_table import NotPairsError, PairTable, build_table, find_columns

LEAST_ROWS = 20  # labelled rows of each kind; fewer cannot be dealt into folds


@dataclass(frozen=True, slots=True)
class SplitPairs:
    """Pairs with one split a row (train, valid, test). `left_out` labelled rows also stand in valid or test."""

    pairs: pl.DataFrame
    left_out: int

    def mask(self, split: str) -> np.ndarray:
        """Return which rows are of a split."""
        return (self.pairs["split"] == split).to_numpy()


def read_pairs(path: Path, size: str | None = None) -> SplitPairs:
    """Read a pairs file (Parquet or CSV): split, label, left_*, right_*.

    Splits whose name starts with `train` or `valid` are put together; `size` keeps those that end in it
    (`train_small`). A pair stands once: one of the test rows is not learnt from, nor one of valid in train.

    Raises:
        NotPairsError: the file cannot be read as pairs; says why.
    """
    frame = _read_frame(path)
    missing = {"split", "label"} - set(frame.columns)
    if missing:
        raise NotPairsError(f"the file has no column {' and '.join(sorted(missing))}")
    find_columns(frame)
    frame = _with_plain_labels(frame)
    if size and not frame["split"].str.ends_with(size).any():
        raise NotPairsError(f"no split ends in {size!r}; there are {', '.join(sorted(frame['split'].unique()))}")
    kept: list[pl.DataFrame] = []
    before = 0
    texts = [name for name in frame.columns if name.startswith(("left_", "right_"))]
    for split in ("test", "valid", "train"):
        chosen = pl.col("split").str.starts_with(split)
        rows = frame.filter(chosen & pl.col("split").str.ends_with(size) if size and split != "test" else chosen)
        before += rows.height
        rows = rows if split == "test" else rows.unique(texts, keep="first", maintain_order=True)
        for earlier in kept:
            rows = rows.join(earlier, on=texts, how="anti", nulls_equal=True, maintain_order="left")
        kept.append(rows.with_columns(split=pl.lit(split)))
    pairs = _with_valid(pl.concat(kept[::-1]))
    _check_enough(pairs)
    return SplitPairs(pairs, before - pairs.height)


def _with_plain_labels(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with labels 0 and 1 (of numbers, words or truth values) and splits by their common names."""
    label = pl.col("label").cast(pl.String).str.to_lowercase().replace({"true": "1", "false": "0"})
    split = pl.col("split").cast(pl.String).str.to_lowercase().str.strip_chars().fill_null("")
    frame = frame.with_columns(label.cast(pl.Float64, strict=False), split.str.replace("^(val|dev)(_|$)", "valid${2}"))
    if not frame["label"].is_in([0.0, 1.0]).all() or frame["label"].null_count():
        raise NotPairsError("label must be 0 or 1 in every row")
    return frame.with_columns(pl.col("label").cast(pl.Int64))


def _with_valid(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with every fifth training pair of each label as valid, where the file has no valid rows."""
    if (pairs["split"] == "valid").any():
        return pairs
    fifth = pl.int_range(pl.len()).over("split", "label") % 5 == 4
    is_held = (pl.col("split") == "train") & fifth
    return pairs.with_columns(split=pl.when(is_held).then(pl.lit("valid")).otherwise("split"))


def run_matching_bench(path: Path, size: str | None = None) -> dict[str, Any]:
    """Return the figures of our matcher and of both rules on a file's test rows.

    Raises:
        NotPairsError: the file cannot be read as pairs.
    """
    split = read_pairs(path, size)
    labels = split.pairs["label"].cast(pl.Int64).to_numpy()
    started = time.perf_counter()
    table = build_table(split.pairs.drop("label", "split"))
    features_s = time.perf_counter() - started
    valid, test = split.mask("valid"), split.mask("test")
    scores = score_pairs(table, np.where(test, 0, labels), ~test)
    seconds = time.perf_counter() - started
    return {
        "pairs": {name: int(split.mask(name).sum()) for name in ("train", "valid", "test")},
        "left_out_duplicates": split.left_out,
        "features": len(table.names),
        "ours": measure(scores.beside_rivals, labels, valid, test).as_dict(),
        "ours_pair_alone": measure(scores.alone, labels, valid, test).as_dict(),
        **{name: measure(column, labels, valid, test).as_dict() for name, column in _simple_rules(table).items()},
        "seconds": round(seconds, 1),
        "features_pairs_per_s": round(labels.size / features_s, 1),
        "pairs_per_s": round(labels.size / seconds, 1),
    }


def _simple_rules(table: PairTable) -> dict[str, np.ndarray]:
    """Return the scores of the rules to beat: TF-IDF cosine of the words, rapidfuzz's token-set ratio."""
    prefix = table.names[-1].partition(":")[0]
    measure_name = next(name for name in STRING_MEASURES if name == "set")
    columns = {"tfidf_cosine": f"{prefix}:word_cosine", "rapidfuzz": f"{prefix}:{measure_name}"}
    return {rule: np.nan_to_num(table.features[:, table.names.index(name)]) for rule, name in columns.items()}


def _read_frame(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise NotPairsError(f"{path} cannot be read: it is no file")
    try:
        # A code such as 00123 must stay a text, so nothing is guessed from the first rows.
        return pl.read_csv(path, infer_schema=False) if path.suffix.lower() == ".csv" else pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NotPairsError(f"{path} cannot be read as Parquet or CSV: {str(error).splitlines()[0][:160]}") from error


def _check_enough(pairs: pl.DataFrame) -> None:
    counts = {(split, label): rows for split, label, rows in pairs.group_by("split", "label").len().iter_rows()}
    for split, least in (("train", LEAST_ROWS), ("valid", 1), ("test", 1)):
        for label in (0, 1):
            if counts.get((split, label), 0) < least:
                raise NotPairsError(f"split {split} needs at least {least} rows with label {label}")

"""Listings of single items (one row an advertisement) as a table that the price and days-to-sell models learn from.

What belongs here: reading and typing the format, whatever columns are missing, and the split by month or, without
dates, by id. Learning is `price_pipeline.py` and `days_to_sell_hazard.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

NAMES = ("source", "category", "brand", "condition", "product")
DATES = ("listed_on", "last_seen_on")
FLAGS = ("ended", "marked_sold")
NUMBER, WORD = "number_", "word_"  # prefixes of what was read from the attributes
MOST_KEY_VALUES = 120  # an attribute with more values than this (a mileage, a place) does not make another product
TEST_BUCKETS, BUCKETS = 2, 10


class ListingsError(ValueError):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Listings:
    """The typed rows, oldest first, which columns are numbers and names, and how many rows were left out."""

    rows: pl.DataFrame
    numbers: tuple[str, ...]
    names: tuple[str, ...]
    left_out: int
    currency: str | None

    @property
    def dated(self) -> bool:
        """Whether the rows can be ordered in time."""
        return bool(self.rows["listed_on"].null_count() < self.rows.height)


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of a walk: what was known, and what came next. `starts_on` is None for a split by id."""

    name: str
    starts_on: date | None
    known: pl.DataFrame
    asked: pl.DataFrame


def read_listings(path: Path) -> Listings:
    """Read a Parquet, CSV or NDJSON file of listings.

    Raises:
        ListingsError: the file is missing, unreadable, or has no usable price.
    """
    readers: dict[str, Any] = {".parquet": pl.read_parquet, ".csv": pl.read_csv}
    readers |= dict.fromkeys((".ndjson", ".jsonl"), pl.read_ndjson)
    kind = path.suffix.lower()
    if kind not in readers:
        raise ListingsError(f"{path} is neither .parquet nor .csv nor .ndjson; give such a file")
    try:
        return type_listings(readers[kind](path, **({} if kind == ".parquet" else {"infer_schema_length": None})))
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ListingsError(f"{path} cannot be read ({reason}); give Parquet, CSV or NDJSON") from error


def type_listings(frame: pl.DataFrame) -> Listings:
    """Return listings from any frame with a `price` column; every other column may be missing.

    Rows without a positive price, and rows in another currency than most, are left out and counted.
    """
    if "price" not in frame.columns:
        raise ListingsError("the listings have no column named price; the asking price must stand in it")
    rows = _with_columns(frame)
    total = rows.height
    rows = rows.filter(pl.col("price").is_finite() & (pl.col("price") > 0))
    if rows["listed_on"].null_count() < rows.height:
        rows = rows.drop_nulls("listed_on")
    common = rows["currency"].drop_nulls().mode().sort().to_list()
    if common:
        rows = rows.filter(pl.col("currency").fill_null(common[0]) == common[0])
    if rows.is_empty():
        raise ListingsError("no listing has a positive price and a date")
    rows, read = _with_attributes(rows)
    numbers = [name for name in read if name.startswith(NUMBER)]
    words = [name for name in read if name.startswith(WORD)]
    rows = rows.with_columns(log_price=pl.col("price").log(), item_key=_item_key(rows, words + numbers))
    rows = rows.with_columns(
        day=(pl.col("listed_on") - rows["listed_on"].min()).dt.total_days().cast(pl.Float64)
        if rows["listed_on"].null_count() < rows.height
        else pl.lit(None, dtype=pl.Float64)
    )
    names = [name for name in (*NAMES, *words, "item_key", "title_key") if rows[name].n_unique() > 1]
    ordered = rows.sort("listed_on", "listing_id", nulls_last=True)
    return Listings(ordered, tuple(numbers), tuple(names), total - rows.height, common[0] if common else None)


def monthly_folds(listings: Listings, start: date | None, warm_up: int = 1, *, retrain: bool = True) -> Iterator[Fold]:
    """Yield one fold a calendar month from `start`, and `warm_up` months before it to calibrate on.

    A month's model knows listings first seen before the month and is asked about those first seen in it. Listings
    without dates make one fold, a fifth of the ids asked about. Without `retrain` the months from `start` on all
    know only what was listed before `start`.
    """
    if not listings.dated:
        yield from _id_folds(listings.rows)
        return
    if start is None:
        raise ListingsError("the listings have dates: say from which month to predict with --from")
    month = start.replace(day=1)
    for _ in range(warm_up):
        month = (month - timedelta(days=1)).replace(day=1)
    last = listings.rows["listed_on"].max()
    assert isinstance(last, date), "dated listings have a newest date"
    while month <= last:
        following = (month + timedelta(days=32)).replace(day=1)
        begins = max(month, start) if month.replace(day=1) == start.replace(day=1) else month
        listed = pl.col("listed_on")
        known = listings.rows.filter(listed < (begins if retrain else min(begins, start)))
        asked = listings.rows.filter(listed >= begins, listed < following)
        yield Fold(f"{month:%Y-%m}", begins, known, asked)
        month = following


def _id_folds(rows: pl.DataFrame) -> Iterator[Fold]:
    """Yield a calibration fold and the measured one; the split is by a digest of the id, so it is always the same."""
    bucket = pl.Series([int(hashlib.sha256(i.encode()).hexdigest()[:8], 16) % BUCKETS for i in rows["listing_id"]])
    held, calibrating = bucket < TEST_BUCKETS, bucket == TEST_BUCKETS
    yield Fold("calibration", None, rows.filter(~held & ~calibrating), rows.filter(calibrating))
    yield Fold("by_id", None, rows.filter(~held), rows.filter(held))


def _with_columns(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [*NAMES, "title", "currency", "attributes", "listing_id"]
    wanted = [name for name in (*texts, *DATES, *FLAGS, "price") if name in frame.columns]
    rows = frame.select(wanted).with_columns(pl.col("price").cast(pl.Float64, strict=False))
    present = [name for name in texts if name in rows.columns and rows.schema[name] != pl.Struct]
    rows = rows.with_columns(pl.col(name).cast(pl.String) for name in present)
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in texts if name not in rows.columns)
    rows = rows.with_columns(_as_date(rows, name) for name in DATES)
    for flag in FLAGS:
        value = pl.col(flag).cast(pl.Boolean, strict=False) if flag in rows.columns else pl.lit(None, dtype=pl.Boolean)
        rows = rows.with_columns(value.alias(flag))
    return rows.with_columns(
        pl.col("listing_id").fill_null(pl.int_range(pl.len()).cast(pl.String)),
        pl.col("title").fill_null(""),
        title_key=pl.col("title").str.to_lowercase(),
    )


def _as_date(rows: pl.DataFrame, name: str) -> pl.Expr:
    if name not in rows.columns:
        return pl.lit(None, dtype=pl.Date).alias(name)
    if rows.schema[name] == pl.String:
        return pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return pl.col(name).cast(pl.Date, strict=False)


def _with_attributes(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows with one column an attribute, numbers and words apart, and the new columns' names."""
    if rows.schema["attributes"] == pl.Struct:
        found: list[Any] = rows["attributes"].to_list()
    else:
        found = [_read_attributes(text) for text in rows["attributes"].to_list()]
    names = sorted({name for attributes in found for name in attributes or ()})
    columns: dict[str, pl.Series] = {}
    for name in names:
        values = [(attributes or {}).get(name) for attributes in found]
        numeric = all(value is None or isinstance(value, bool | int | float) for value in values)
        cast: list[Any] = [None if value is None else (float(value) if numeric else str(value)) for value in values]
        label = f"{NUMBER if numeric else WORD}{name}"
        columns[label] = pl.Series(label, cast, dtype=pl.Float64() if numeric else pl.String())
    kept = {label: column for label, column in columns.items() if column.drop_nulls().n_unique() > 1}
    return rows.with_columns(kept.values()), list(kept)


def _read_attributes(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _item_key(rows: pl.DataFrame, attributes: list[str]) -> pl.Expr:
    """Return what makes two items the same for comparing: product, condition and the attributes with few values."""
    few = [name for name in attributes if rows[name].n_unique() <= MOST_KEY_VALUES]
    base = ["product"] if rows["product"].null_count() < rows.height else ["brand", "category"]
    parts = [pl.col(name).cast(pl.String).fill_null("-") for name in (*base, "condition", *few)]
    return pl.concat_str(parts, separator="|")

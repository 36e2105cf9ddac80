"""The frame in which every raw store gives its records.

What belongs here: the columns and the way of one record into a row. `adapters/mongo` uses it as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from arb_pipelines.domain.raw_product import RawProduct

TEXTS = (
    "name",
    "price",
    "list_price",
    "shipping",
    "currency",
    "availability",
    "condition",
    "seller",
    "sku",
    "gtin",
    "mpn",
    "brand",
    "category",
    "image",
    "isbn",
    "asin",
)
COUNTS = ("rating_count", "views", "watchers")

RAW_SCHEMA: dict[str, pl.DataType] = {
    "scrape_id": pl.String(),
    "offer_key": pl.String(),
    "site": pl.String(),
    "url": pl.String(),
    "tick_id": pl.String(),
    "content_sha256": pl.String(),
    "fetched_at": pl.Datetime("us", "UTC"),
    **{name: pl.String() for name in TEXTS},
    **{name: pl.Int64() for name in COUNTS},
    "images": pl.List(pl.String()),
    "evidence": pl.String(),
}


def raw_row(record: RawProduct) -> dict[str, object]:
    """Return one record as the values of `RAW_SCHEMA`.

    Raises:
        ValueError: the record's time is naive.
    """
    if record.fetched_at.tzinfo is None:
        raise ValueError(f"{record.url}: fetched_at must be aware UTC, got {record.fetched_at.isoformat()}")
    row: dict[str, object] = {name: getattr(record, name) for name in RAW_SCHEMA if name != "evidence"}
    row["images"] = list(record.images) or None
    row["availability"] = None if record.availability is None else record.availability.value
    evidence = {field: [asdict(one) for one in found] for field, found in record.evidence.items()}
    row["evidence"] = json.dumps(evidence, ensure_ascii=False) if evidence else None
    return row


def raw_frame(records: Sequence[RawProduct]) -> pl.DataFrame:
    """Return the records as a frame, the last one of each `scrape_id`."""
    rows = {record.scrape_id: _printable(raw_row(record)) for record in records}
    return pl.DataFrame(list(rows.values()), schema=RAW_SCHEMA)


def _printable(row: dict[str, object]) -> dict[str, object]:
    """Replace lone surrogates, which no UTF-8 store can keep; a page may contain anything."""
    return {name: _encodable(value) for name, value in row.items()}


def _encodable(value: object) -> object:
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

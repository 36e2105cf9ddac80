"""How complete raw scrapes are.

What belongs here: the share of records that say each field.
"""

from __future__ import annotations

import polars as pl

from arb_pipelines.domain.market_stores import ArrowFrame

FIELDS = ("name", "price", "currency", "availability", "brand", "sku", "gtin", "condition", "shipping", "image")


def field_coverage(raw: ArrowFrame) -> dict[str, float]:
    """Return, for each field, the share of records (columns as the raw store's) that know it; empty without records."""
    frame = pl.DataFrame(raw)
    if frame.is_empty():
        return {}
    return {name: 1.0 - frame[name].null_count() / frame.height for name in FIELDS}

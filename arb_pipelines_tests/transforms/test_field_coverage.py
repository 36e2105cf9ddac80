"""How much of each field the records know."""

from __future__ import annotations

import polars as pl

from arb_pipelines.transforms.field_coverage import FIELDS, field_coverage


def test_the_share_of_records_that_say_a_field() -> None:
    rows = [dict.fromkeys(FIELDS) | {"price": "1.00", "name": "a"}, dict.fromkeys(FIELDS) | {"name": "b"}]
    coverage = field_coverage(pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String)))
    assert (coverage["name"], coverage["price"], coverage["gtin"]) == (1.0, 0.5, 0.0)
    assert field_coverage(pl.DataFrame(schema=dict.fromkeys(FIELDS, pl.String))) == {}

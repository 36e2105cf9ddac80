"""A file of order lines: what is wrong with one is said plainly."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.adapters.parquet.order_lines import OrderFileError, load_order_lines
from arb_pipelines_tests.ml.order_book import order_lines, write_orders


def test_the_needed_columns_are_read(tmp_path: Path) -> None:
    lines = order_lines(days=20, customers=3).with_columns(country=pl.lit("x"))
    assert "country" not in load_order_lines(write_orders(tmp_path, lines)).columns


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lines: lines.drop("quantity"), "lacks the column quantity"),
        (lambda lines: lines.head(0), "has no rows"),
    ],
)
def test_an_unusable_file_is_refused(tmp_path: Path, change: object, fault: str) -> None:
    path = write_orders(tmp_path, change(order_lines(days=20, customers=3)))  # type: ignore[operator]
    with pytest.raises(OrderFileError, match=fault):
        load_order_lines(path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_text("order_id")
    with pytest.raises(OrderFileError, match="cannot be read as Parquet"):
        load_order_lines(tmp_path / "orders.parquet")

"""A Parquet file of order lines: order_id, customer_id, product_id, quantity, unit_price, ordered_at.

What belongs here: reading such a file, and saying plainly what is wrong with one. Cleaning is
`transforms/order_lines.py`.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from arb_pipelines.transforms.order_lines import RAW_COLUMNS

EXTRA_COLUMNS = ("description", "name", "category")


class OrderFileError(Exception):
    """A file that cannot be used; the message says what is wrong and how to mend it."""


def load_order_lines(path: Path) -> pl.DataFrame:
    """Return the needed columns of a file as they stand there, and those that name the product.

    Raises:
        OrderFileError: the file is missing, unreadable, empty or lacks a column.
    """
    try:
        lines = pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:200]
        raise OrderFileError(f"{path} cannot be read as Parquet or CSV ({reason}); give such order lines") from error
    missing = [name for name in RAW_COLUMNS if name not in lines.columns]
    if missing:
        raise OrderFileError(f"{path} lacks the column {missing[0]}; it needs {', '.join(RAW_COLUMNS)}")
    if lines.is_empty():
        raise OrderFileError(f"{path} has no rows; give a file with some")
    return lines.select(*RAW_COLUMNS, *(name for name in EXTRA_COLUMNS if name in lines.columns))

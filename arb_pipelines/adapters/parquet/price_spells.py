"""A folder of price spells: price_spells.parquet, products.parquet and store_days.parquet.

What belongs here: reading such a folder, and saying plainly what is wrong with one. Cleaning is `transforms/spells.py`.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from arb_pipelines.transforms.spells import SpellSet

COLUMNS = {
    "price_spells": ("store", "product_id", "first_seen_on", "last_seen_on", "n_days_seen", "price"),
    "products": ("store", "product_id", "name"),
    "store_days": ("store", "d", "n_rows", "n_products", "median_price"),
}


class SpellFilesError(Exception):
    """A folder that cannot be used; the message says what is wrong and how to mend it."""


def load_spell_set(folder: Path) -> SpellSet:
    """Return the three tables of a folder, with their needed columns.

    Raises:
        SpellFilesError: the folder or one of its files is missing, unreadable, empty or lacks a column.
    """
    if not folder.is_dir():
        raise SpellFilesError(f"{folder} is not a folder; give one with price_spells.parquet in it")
    return SpellSet(*(_load_table(folder / f"{name}.parquet", columns) for name, columns in COLUMNS.items()))


def _load_table(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:200]
        raise SpellFilesError(f"{path} cannot be read as Parquet ({reason}); give such a file") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise SpellFilesError(f"{path} lacks the column {missing[0]}; it needs {', '.join(columns)}")
    if table.is_empty():
        raise SpellFilesError(f"{path} has no rows; give a file with some")
    return table.select(columns)

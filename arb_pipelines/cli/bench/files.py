"""Data files that benchmarks read: Parquet, CSV or NDJSON, told apart by what is in them.

What belongs here: opening such a file and saying plainly why one cannot be used. Its columns are the benchmark's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LONGEST_REASON = 160


class DataFileError(Exception):
    """A data file that cannot be used; the message says what is wrong and how to mend it."""


def read_table(path: Path, needed: Sequence[str] = ()) -> pl.DataFrame:
    """Return the table in a file; of CSV every cell is text.

    Args:
        path: Parquet, CSV or NDJSON, told apart by what is in it.
        needed: columns without which the file cannot be used.

    Raises:
        DataFileError: there is no such file, it is no table, or a column is missing.
    """
    import polars as pl

    kind = _kind_of(path)
    try:
        if kind == "Parquet":
            frame = pl.read_parquet(path)
        elif kind == "NDJSON":
            frame = pl.read_ndjson(path, infer_schema_length=None)
        else:
            frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:LONGEST_REASON]
        raise DataFileError(f"{path}: cannot be read as {kind} ({reason})") from error
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataFileError(f"{path}: lacks the column {missing[0]!r}; needed are {', '.join(needed)}")
    return frame


def _kind_of(path: Path) -> str:
    """Return the kind of table in a file, by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except IsADirectoryError as error:
        raise DataFileError(f"{path}: is a folder; name a file in it") from error
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read ({error.strerror})") from error
    if not head.strip():
        raise DataFileError(f"{path}: is empty; give Parquet, CSV or NDJSON")
    if head.startswith(b"PAR1"):
        return "Parquet"
    if path.suffix == ".parquet":
        raise DataFileError(f"{path}: cannot be read as Parquet (it does not begin as one); save it again")
    if b"\0" in head:
        raise DataFileError(f"{path}: is neither Parquet nor CSV nor NDJSON")
    return "NDJSON" if head.lstrip().startswith(b"{") else "CSV"

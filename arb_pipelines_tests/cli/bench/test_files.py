"""Data files are told apart by what is in them, and one that cannot be used is one plain sentence."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.cli.bench.files import DataFileError, read_table

FRAME = pl.DataFrame({"split": ["train", "test"], "text": ["a", None]})


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    """Parquet, CSV and NDJSON, each under a name of another kind."""
    FRAME.write_parquet(tmp_path / "a.data")
    FRAME.write_csv(tmp_path / "b.txt")
    FRAME.write_ndjson(tmp_path / "c.csv")
    for name in ("a.data", "b.txt", "c.csv"):
        assert read_table(tmp_path / name, ("split", "text")).equals(FRAME), name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\x00\x01\x02", "neither Parquet nor CSV nor NDJSON"),
        (b"\n \n", "is empty"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
        (b'{"split": ', "cannot be read as NDJSON"),
        (b"split\ntrain\n", "lacks the column 'text'; needed are split, text"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    """One line that names the file."""
    path = tmp_path / "data"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataFileError) as refused:
        read_table(path, ("split", "text"))
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_text_under_the_name_of_parquet_is_said(tmp_path: Path) -> None:
    """Rather a damaged file than a table of one odd column."""
    (tmp_path / "a.parquet").write_text("<html>not found</html>")
    with pytest.raises(DataFileError, match="cannot be read as Parquet"):
        read_table(tmp_path / "a.parquet", ("split",))


def test_a_folder_is_said(tmp_path: Path) -> None:
    """Not taken for a table of many parts."""
    with pytest.raises(DataFileError, match="is a folder"):
        read_table(tmp_path)

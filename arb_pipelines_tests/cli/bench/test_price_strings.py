"""`arb bench price-strings`: its figures, its forms, and one clear line for a bad file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from arb_pipelines.cli.bench.price_strings import Answer, measure, price_strings

ROWS = [
    {"price_raw": "12,99 €", "currency_raw": None, "amount": "12.99", "currency": "€"},
    {"price_raw": "33", "currency_raw": "грн.", "amount": "33", "currency": "грн."},
    {"price_raw": "1 ден", "currency_raw": None, "amount": "1", "currency": "ден"},
    {"price_raw": "call us", "currency_raw": None, "amount": None, "currency": None},
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "prices.parquet"
    pl.DataFrame(ROWS).write_parquet(path)
    return path


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(price_strings)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_json_has_both_readers(table: Path) -> None:
    result = run("--data", table, "--json")
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["rows"] == len(ROWS)
    assert figures["ours"] == {"amount": 1.0, "currency": 1.0, "flagged": 0, "silently_wrong": 0}
    assert figures["price_parser"]["currency"] == 0.75


def test_csv_and_table_form(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    pl.DataFrame(ROWS).write_csv(path)
    result = run("--data", path)
    assert result.exit_code == 0
    assert "price_parser" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.parquet", b"no parquet", "cannot be read"),
        ("a.csv", b"price_raw,amount\n1,1\n", "lacks the column 'currency'"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run("--data", path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_odd_types_and_marks_are_read(tmp_path: Path) -> None:
    """A price as a number, and a decimal mark that is none."""
    path = tmp_path / "odd.parquet"
    pl.DataFrame({"price_raw": [12, 7], "amount": [12.0, 7.0], "currency": [None, None]}).with_columns(
        decimal_separator=pl.lit("x")
    ).write_parquet(path)
    result = run("--data", path, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["ours"]["amount"] == 1.0


def test_no_rows_are_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    pl.DataFrame(ROWS).clear().write_parquet(path)
    result = run("--data", path, "--json")
    assert (result.exit_code, "no rows" in result.stderr, result.stdout) == (2, True, "")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert run("--data", tmp_path / "none.parquet").exit_code == 2


def test_wrong_amounts_count_as_silent_only_without_a_flag() -> None:
    wrong = [{"price_raw": "x", "amount": "1", "currency": "€"}] * 2
    answers = iter([Answer(None, "€"), Answer(None, "€")])
    assert measure(wrong, lambda *_: next(answers)) == {
        "amount": 0.0,
        "currency": 1.0,
        "flagged": 0,
        "silently_wrong": 0,
    }

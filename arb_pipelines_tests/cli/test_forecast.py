"""`arb forecast` from a file of orders and from our own books."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.ml import sales_forecast_ets, sales_forecast_pooled
from arb_pipelines_tests.ml.order_book import order_lines, write_orders

RUNNER = CliRunner()


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of orders of half a year, and few fits."""
    monkeypatch.setattr(sales_forecast_ets, "MOST_FITS", 1)
    monkeypatch.setattr(sales_forecast_pooled, "LEAST_ROWS", 10**9)
    return str(write_orders(tmp_path, order_lines(days=120)))


def test_one_product_with_advice_and_a_picture(orders: str, tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    options = ["--lead-time-days", "10", "--on-hand", "1", "--plot", str(picture), "--json"]
    told = RUNNER.invoke(app, ["forecast", "1003", "--orders", orders, *options])
    assert told.exit_code == 0, told.output
    (one,) = json.loads(told.stdout)["forecasts"]
    assert one["name"] == "thing 1003"
    assert one["interval_90"][0] <= one["interval_80"][0] <= one["units_next_week"] <= one["interval_80"][1]
    assert one["restock"]["order_units"] == one["restock"]["reorder_point"] - 1 > 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_a_lead_time_there_is_no_advice(orders: str) -> None:
    told = RUNNER.invoke(app, ["forecast", "--orders", orders])
    assert told.exit_code == 0, told.output
    assert "no restock advice: the lead time is unknown" in told.stdout
    assert "reorder point" not in told.stdout


def test_a_category_is_forecast_as_a_whole(orders: str) -> None:
    told = RUNNER.invoke(app, ["forecast", "--category", "2", "--orders", orders, "--json"])
    assert told.exit_code == 0, told.output
    (one,) = json.loads(told.stdout)["forecasts"]
    assert one["units_next_week"] > 50
    assert "restock" not in one


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["1003", "--category", "2"], "not both"),
        (["--plot", "x.png"], "name it"),
        (["--on-hand", "3"], "name it"),
        (["never"], "'never' never sold in 1"),
    ],
)
def test_what_cannot_be_answered_is_one_line(orders: str, arguments: list[str], fault: str) -> None:
    told = RUNNER.invoke(app, ["forecast", *arguments, "--orders", orders])
    assert told.exit_code == 2
    assert fault in told.stderr
    assert told.stdout == ""


def test_books_without_orders_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.delenv("ARB_DATABASE_URL", raising=False)
    books = open_books(f"sqlite:///{tmp_path / 'books-paper.sqlite'}", mode="paper")
    books.migrate()
    books.close()
    for command in (["forecast"], ["recommend", "p1"]):
        told = RUNNER.invoke(app, command)
        assert told.exit_code == 2
        assert "the books hold no orders yet" in told.stderr

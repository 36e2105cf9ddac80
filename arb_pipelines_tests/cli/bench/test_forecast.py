"""`arb bench forecast` on a file of orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines.ml import sales_forecast_ets, sales_forecast_pooled
from arb_pipelines_tests.ml.order_book import order_lines, write_orders

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few fits: the methods are tested in their own modules."""
    monkeypatch.setattr(sales_forecast_ets, "MOST_FITS", 1)
    monkeypatch.setattr(sales_forecast_pooled, "ROUNDS", 3)
    monkeypatch.setattr(sales_forecast_pooled, "BINS", 8)


def test_rule_and_models_stand_side_by_side(tmp_path: Path) -> None:
    path = write_orders(tmp_path, order_lines(days=180))
    told = RUNNER.invoke(app, ["bench", "forecast", "--orders", str(path), "--json"])
    assert told.exit_code == 0, told.output
    body = json.loads(told.stdout)
    assert {"median_8_weeks", "last_week", "croston", "sba", "tsb", "ets", "pooled", "gated"} <= set(body["methods"])
    assert body["methods"]["median_8_weeks"]["wape"] > 0
    assert body["methods"]["median_8_weeks"]["mase"] > 0
    assert body["methods"]["seasonal_naive"] == {"wape": None, "mase": None, "bias": None, "share": 0.0}
    assert body["methods"]["gated"]["share"] == 1
    assert 70 <= body["intervals"]["80%"]["coverage"] <= 95
    assert "forecasting" in told.stderr


def test_a_history_that_cannot_be_split_is_refused(tmp_path: Path) -> None:
    path = write_orders(tmp_path, order_lines(days=80))
    told = RUNNER.invoke(app, ["bench", "forecast", "--orders", str(path)])
    assert told.exit_code == 2
    assert "needs at least 16" in told.stderr
    unknown = RUNNER.invoke(app, ["bench", "forecast", "--orders", str(path), "--by", "colour"])
    assert unknown.exit_code == 2
    assert "product_id or category" in unknown.stderr


def test_a_file_without_sales_is_refused(tmp_path: Path) -> None:
    path = write_orders(tmp_path, order_lines(days=20).with_columns(unit_price=0.0))
    told = RUNNER.invoke(app, ["bench", "forecast", "--orders", str(path)])
    assert told.exit_code == 2
    assert "price_not_positive" in told.stderr

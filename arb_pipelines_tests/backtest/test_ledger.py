"""Figures of a ledger: unknown sales are in no profit."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from arb_pipelines.backtest.ledger import LEDGER_SCHEMA, drawdown, empty_ledger, ledger_figures, redraw_sums

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def trade(number, realised, **fields):
    return {
        "bought_at": T0,
        "sold_at": None if realised is None else T0 + timedelta(days=number),
        "product_id": f"p{number}",
        "title": "Lamp",
        "site": "shop",
        "currency": "USD",
        "cost_minor": 1000,
        "low_minor": 1300,
        "middle_minor": 1500,
        "high_minor": 1700,
        "predicted_net_minor": 1200,
        "realised_minor": realised,
        "realised_net_minor": None if realised is None else realised * 8 // 10,
        "predicted_days": 7.0,
        "realised_days": None if realised is None else 5.0,
        **fields,
    }


def ledger(*rows):
    return pl.DataFrame(rows, schema=LEDGER_SCHEMA)


def test_figures_of_three_known_trades_and_one_unknown():
    figures = ledger_figures(ledger(trade(1, 1500), trade(2, 1000), trade(3, 2000), trade(4, None)))
    assert (figures["trades"], figures["sale_known"], figures["sale_known_share"]) == (4, 3, 0.75)
    assert figures["promised_median"] == 0.2
    assert figures["realised_median"] == 0.2
    assert figures["losing_share"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["profit_minor"] == 200 - 200 + 600
    assert figures["realised_over_promised"] == 1.0
    assert figures["interval_coverage"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["reached_low_share"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["drawdown"] == 0.2


def test_no_interval_no_coverage():
    assert ledger_figures(ledger(trade(1, 1500, high_minor=None)))["interval_coverage"] is None


def test_an_empty_ledger_has_no_figures_and_no_zeros():
    assert ledger_figures(empty_ledger()) == {"trades": 0, "sale_known": 0, "sale_known_share": None}


def test_a_ledger_whose_sales_are_all_unknown_has_no_return():
    assert "realised_median" not in ledger_figures(ledger(trade(1, None)))


@pytest.mark.parametrize(("returns", "deepest"), [([1.0, -0.5, -0.7, 2.0], 1.2), ([-1.0, 3.0], 1.0), ([1.0, 1.0], 0.0)])
def test_drawdown_is_the_deepest_fall(returns, deepest):
    assert drawdown(pl.Series(returns)) == pytest.approx(deepest)


def test_redrawing_is_repeatable_and_in_order():
    low, middle, high = redraw_sums(pl.Series([0.5, -0.2, 0.1] * 20), seed=1)
    assert low < middle < high
    assert [low, middle, high] == redraw_sums(pl.Series([0.5, -0.2, 0.1] * 20), seed=1)

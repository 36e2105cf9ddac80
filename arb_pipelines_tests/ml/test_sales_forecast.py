"""Series, demand classes and the gate: the rule stays until a model is surely better."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from arb_pipelines.ml import sales_forecast_ets, sales_forecast_pooled
from arb_pipelines.ml.sales_forecast import (
    RULE,
    TooFewSalesError,
    build_series,
    choose_champions,
    demand_classes,
    gated_forecasts,
    walk_methods,
    wape,
)
from arb_pipelines.transforms.order_lines import clean_order_lines, last_day
from arb_pipelines_tests.ml.order_book import order_lines

LINES = clean_order_lines(order_lines(days=120)).lines


def test_series_begin_at_their_first_sale_and_sum_to_what_was_sold() -> None:
    series = build_series(LINES, last_day(LINES))
    assert series.keys == tuple(sorted(set(LINES["product_id"])))
    first_day = last_day(LINES) - timedelta(days=7 * series.weeks - 1)
    sold = LINES.filter(LINES["ordered_at"].dt.date() >= first_day)["quantity"].sum()
    assert np.nansum(series.units) == sold
    leading = ~np.isnan(series.units)
    assert all(series.units[row, leading[row].argmax()] > 0 for row in range(len(series.keys)))


def test_a_category_is_the_sum_of_its_products() -> None:
    products, categories = (build_series(LINES, last_day(LINES), by) for by in ("product_id", "category"))
    assert categories.keys == ("0", "1", "2", "3")
    assert np.nansum(categories.units) == np.nansum(products.units)


def test_too_short_a_history_is_refused_with_its_length() -> None:
    end = date(2030, 1, 30)
    with pytest.raises(TooFewSalesError, match="span 3 whole weeks"):
        build_series(LINES, end)
    with pytest.raises(TooFewSalesError, match="names its category"):
        build_series(LINES.with_columns(category=None), end, "category")


def test_demand_classes() -> None:
    rows = [[5, 6, 5, 6, 5, 6], [1, 60, 2, 1, 90, 1], [0, 5, 0, 0, 5, 0], [0, 1, 0, 0, 90, 0]]
    assert demand_classes(np.array(rows, dtype=float)).tolist() == ["smooth", "erratic", "intermittent", "lumpy"]


def test_the_gate_takes_a_model_only_when_it_is_surely_better() -> None:
    draws = np.random.default_rng(3)
    units = draws.normal(100, 5, (60, 30))
    weeks = range(22, 30)
    rule, noise = np.full((60, 31), 130.0), draws.normal(0, 0.01, (60, 31))
    equal = choose_champions(units, {RULE: rule, "tsb": rule + noise}, weeks)
    better = choose_champions(units, {RULE: rule, "tsb": rule - 25}, weeks)
    assert equal.champions["smooth"] == RULE
    assert better.champions["smooth"] == "tsb"
    assert better.champions["lumpy"] == RULE, "no series of that class: nothing to compare"
    few = choose_champions(units, {RULE: rule, "tsb": rule - 25}, range(27, 30))
    assert few.champions["smooth"] == RULE


def test_a_naive_method_is_never_a_champion() -> None:
    units = np.full((60, 30), 100.0)
    found = {RULE: np.full((60, 31), 130.0), "last_week": np.full((60, 31), 100.0)}
    assert choose_champions(units, found, range(22, 30)).champions["smooth"] == RULE


def test_where_a_champion_knows_nothing_the_rule_speaks() -> None:
    found = {RULE: np.ones((2, 3)), "ets": np.array([[2.0, 2, np.nan], [2, 2, 2]])}
    gated = gated_forecasts(np.array(["smooth", "lumpy"]), found, {"smooth": "ets", "lumpy": RULE})
    assert gated.tolist() == [[2, 2, 1], [1, 1, 1]]


def test_wape_is_null_where_nothing_is_known() -> None:
    assert wape(np.array([[2.0, 2.0]]), np.array([[1.0, np.nan]])) == 50
    assert wape(np.array([[2.0]]), np.array([[np.nan]])) is None
    assert wape(np.array([[0.0]]), np.array([[1.0]])) is None


def test_models_look_at_nothing_after_their_start_for_the_first_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sales_forecast_ets, "MOST_FITS", 2)
    monkeypatch.setattr(sales_forecast_pooled, "ROUNDS", 5)
    monkeypatch.setattr(sales_forecast_pooled, "LEAST_ROWS", 100)
    series = build_series(LINES, last_day(LINES))
    units = series.units
    changed = units.copy()
    changed[:, 14:] = 500.0
    before, after = walk_methods(units, 14), walk_methods(changed, 14)
    assert not np.array_equal(before["pooled"][:, 14], before[RULE][:, 14])
    for name in before:
        np.testing.assert_array_equal(before[name][:, :15], after[name][:, :15], err_msg=name)

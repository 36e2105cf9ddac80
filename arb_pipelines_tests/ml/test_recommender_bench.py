"""The split is ordered in time, and the gate keeps the rule until a model is surely better."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.recommender_bench import (
    ALL,
    NEW,
    TooFewOrdersError,
    hits_in_window,
    measure_recommendations,
    pick_champion,
    split_days,
)
from arb_pipelines.transforms.order_lines import clean_order_lines
from arb_pipelines_tests.ml.order_book import order_lines

LINES = clean_order_lines(order_lines()).lines


def test_models_find_new_items_of_a_buyers_own_group_where_popularity_cannot() -> None:
    figures = measure_recommendations(LINES, lambda _: None)
    new = figures["new_items"]
    assert new["champion"] in ("item_knn", "ease", "knn_popular", "ease_popular")
    assert new["champion_hr_at_10"] > new["best_rule_hr_at_10"] + 0.1
    assert figures["all_items"]["n"] > 100
    assert figures["same_basket"]["hr_at_10"]["rules"]["bought_together"] > 0.45


def test_what_comes_after_the_window_changes_nothing() -> None:
    window, end = split_days(LINES)
    start = end - timedelta(days=2 * window)
    later = pl.col("ordered_at") >= start + timedelta(days=window)
    cut = hits_in_window(LINES.filter(~later), start, window)
    whole = hits_in_window(LINES, start, window)
    for task, hits in whole.items():
        for name, found in hits.items():
            np.testing.assert_array_equal(found, cut[task][name], err_msg=f"{task} {name}")


def test_orders_without_customers_are_measured_by_basket_only() -> None:
    figures = measure_recommendations(LINES.with_columns(customer_id=pl.lit(None, pl.String)), lambda _: None)
    assert figures["all_items"]["n"] == 0
    assert figures["all_items"]["champion"] == "own_most_bought"
    assert figures["same_basket"]["n"] > 100


def test_the_gate_asks_for_more_than_luck() -> None:
    names = (*NEW.rules, *NEW.models)
    hits = {name: np.zeros(400, dtype=bool) for name in names}
    hits["recent_popularity"][:200] = True
    hits["ease"][1:202] = True
    assert pick_champion(NEW, hits)[0] == "recent_popularity"
    hits["ease"][:260] = True
    assert pick_champion(NEW, hits)[0] == "ease"
    assert pick_champion(ALL, {})[0] == "own_most_bought"


def test_too_short_a_history_is_refused_with_its_length() -> None:
    short = LINES.filter(pl.col("ordered_at") < LINES["ordered_at"].min() + timedelta(days=20))
    with pytest.raises(TooFewOrdersError, match="span 19 days"):
        measure_recommendations(short, lambda _: None)
    few = LINES.filter(pl.col("customer_id").is_in(["u1", "u2"]))
    with pytest.raises(TooFewOrdersError, match="fewer than 50"):
        measure_recommendations(few, lambda _: None)

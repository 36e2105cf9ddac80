"""Answers for one product and one customer, with counts that can be checked by hand."""

from __future__ import annotations

import polars as pl
import pytest

from arb_pipelines.ml.recommender import bought_together, choose_methods, cross_sell, recommend_to
from arb_pipelines.ml.recommender_bench import TooFewOrdersError
from arb_pipelines.transforms.order_lines import clean_order_lines
from arb_pipelines_tests.ml.order_book import order_lines

LINES = clean_order_lines(order_lines(days=120)).lines
UNTIL = LINES["ordered_at"].max()


def test_pairs_have_the_counts_of_the_orders() -> None:
    baskets = [["a", "b"]] * 3 + [["a", "c"]] * 2 + [["b"]] + [["d"]] * 4
    rows = [(str(number), item) for number, basket in enumerate(baskets) for item in basket]
    lines = pl.DataFrame(rows, ["order_id", "product_id"], orient="row")
    (pair,) = bought_together(lines, "a", 10)
    assert (pair.product_id, pair.orders) == ("b", 3)
    assert pair.support == pytest.approx(3 / 10)
    assert pair.confidence == pytest.approx(3 / 5)
    assert pair.lift == pytest.approx(3 * 10 / (5 * 4))


def test_cross_sell_leaves_out_the_product_and_what_is_known() -> None:
    found = cross_sell(LINES, "1003", {"1004"}, UNTIL, "ease", 5)
    assert len(found) == 5
    assert {one.product_id[0] for one in found} == {"1"}
    assert not {"1003", "1004"} & {one.product_id for one in found}
    assert cross_sell(LINES, "never", (), UNTIL, "ease", 5) == []


def test_baskets_stand_for_buyers_who_are_not_known() -> None:
    unknown = LINES.with_columns(customer_id=pl.lit(None, pl.String))
    assert {one.product_id[0] for one in cross_sell(unknown, "1003", (), UNTIL, "item_knn", 5)} == {"1"}


def test_a_customer_gets_old_and_new_items_of_their_kind() -> None:
    champions = {"all_items": "own_most_bought", "new_items": "ease_popular"}
    lines = LINES.filter(~((pl.col("customer_id") == "u2") & (pl.col("product_id") > "2007")))
    told = recommend_to(lines, "u2", UNTIL, champions, 5)
    bought = set(lines.filter(customer_id="u2")["product_id"])
    assert bought >= {one.product_id for one in told["all_items"][: min(3, len(bought))]}
    new = {one.product_id for one in told["new_items"]}
    assert not new & bought
    assert {item[0] for item in new} == {"2"}
    assert recommend_to(lines, "nobody", UNTIL, champions, 5) == {"all_items": [], "new_items": []}


def test_a_handful_of_orders_is_too_few_and_a_short_history_uses_the_rules() -> None:
    orders = LINES["order_id"].unique(maintain_order=True)
    with pytest.raises(TooFewOrdersError, match="there are 5 orders"):
        choose_methods(LINES.filter(pl.col("order_id").is_in(orders.head(5).implode())), lambda _: None)
    told: list[str] = []
    chosen = choose_methods(LINES.filter(pl.col("order_id").is_in(orders.head(60).implode())), told.append)
    assert chosen["same_basket"][0] == "recent_popularity"
    assert "the rules are used" in told[0]

"""The table of buyers and the scores of every method."""

from __future__ import annotations

import numpy as np

from arb_pipelines.ml.recommender_models import (
    RIDGE,
    build_table,
    count_together,
    fit_likeness,
    score_buyers,
    score_seeds,
    top_items,
)
from arb_pipelines.transforms.order_lines import clean_order_lines
from arb_pipelines_tests.ml.order_book import START, order_lines

LINES = clean_order_lines(order_lines(days=120)).lines
UNTIL = LINES["ordered_at"].max()


def test_the_table_counts_orders_before_its_end_only() -> None:
    until = START.replace(tzinfo=None, month=3)
    table, before = build_table(LINES, until), LINES.filter(LINES["ordered_at"] < until)
    one = before.filter(customer_id="u5", product_id=table.items[0])["order_id"].n_unique()
    assert table.orders[table.buyers.index("u5"), 0] == one
    assert table.orders.sum() == before.select("order_id", "product_id").n_unique()
    assert table.popularity.max() <= len(table.buyers)


def test_ease_is_its_closed_form() -> None:
    together = count_together(build_table(LINES, UNTIL))
    ease = fit_likeness(together).ease
    inverse = np.linalg.inv(together + RIDGE * np.eye(len(together)))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease, expected, atol=1e-9)


def test_both_likenesses_find_the_group_of_an_item() -> None:
    table = build_table(LINES, UNTIL)
    together = count_together(table)
    seed = np.array([table.items.index("2007")])
    scores = score_seeds(table, together, fit_likeness(together), seed)
    for name in ("item_knn", "ease", "bought_together", "lift"):
        found = top_items(scores[name], np.eye(len(table.items), dtype=bool)[seed], 5)[0]
        assert {table.items[item][0] for item in found} == {"2"}, name


def test_what_is_hidden_is_not_recommended() -> None:
    table = build_table(LINES, UNTIL)
    rows = np.array([0, 1])
    scores = score_buyers(table, fit_likeness(count_together(table)), rows)
    bought = table.orders[rows].toarray() > 0
    for name, found in scores.items():
        assert found.shape == bought.shape, name
        assert not np.take_along_axis(bought, top_items(found, bought, 5), axis=1).any(), name

"""What goes with a product: bought together, with counts that can be checked, and what its buyers buy besides.

What belongs here: answers for one product or one customer out of all order lines. The methods are
`recommender_models.py`; whether they beat the rules is measured by `recommender_bench.py`, whose gate also decides
here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.recommender_bench import (
    ALL,
    BASKET,
    NEW,
    Measured,
    TooFewOrdersError,
    hits_in_window,
    pick_champion,
    split_days,
)
from arb_pipelines.ml.recommender_models import (
    LEAST_TOGETHER,
    BuyerTable,
    build_table,
    count_together,
    fit_likeness,
    score_buyers,
    score_seeds,
    top_items,
)

LEAST_ORDERS = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products in the same orders.

    `orders` hold both; `support` is their share of all orders, `confidence` their share of the orders with the first
    product, `lift` how many times more often than if buyers chose without regard to the first.
    """

    product_id: str
    orders: int
    support: float
    confidence: float
    lift: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product suggested by a method, best first; `score` compares within one answer only."""

    product_id: str
    score: float


def bought_together(lines: pl.DataFrame, product_id: str, count: int) -> list[Pair]:
    """Return what is in the same orders as a product more often than by chance, the most frequent first.

    Only pairs in at least 3 orders, with a lift above 1.

    Args:
        lines: cleaned order lines (LINE_SCHEMA).
        product_id: the product asked about.
        count: how many at most.
    """
    baskets = lines.select("order_id", "product_id").unique()
    total = baskets["order_id"].n_unique()
    mine = baskets.filter(pl.col("product_id") == product_id).select("order_id")
    holding = baskets.join(mine, on="order_id", how="semi").filter(pl.col("product_id") != product_id)
    sold = baskets.group_by("product_id").agg(sold=pl.len())
    pairs = (
        holding.group_by("product_id")
        .agg(orders=pl.len())
        .filter(pl.col("orders") >= LEAST_TOGETHER)
        .join(sold, on="product_id")
        .with_columns(lift=pl.col("orders") * total / (pl.col("sold").cast(pl.Float64) * max(1, mine.height)))
        .filter(pl.col("lift") > 1)
        .sort("orders", "lift", "product_id", descending=[True, True, False])
        .head(count)
    )
    return [
        Pair(row["product_id"], row["orders"], row["orders"] / total, row["orders"] / mine.height, row["lift"])
        for row in pairs.iter_rows(named=True)
    ]


def cross_sell(
    lines: pl.DataFrame, product_id: str, known: Collection[str], until: datetime, method: str, count: int
) -> list[Suggestion]:
    """Return what else is bought by those who buy a product, by customers where they are known, else by baskets.

    Args:
        lines: cleaned order lines.
        product_id: the product asked about.
        known: products that need not be suggested again, such as those bought together with it.
        until: just after the newest line.
        method: one of `score_seeds`.
        count: how many at most. Empty when the product is too rare to be in the table.
    """
    buyer = "customer_id" if lines["customer_id"].is_not_null().any() else "order_id"
    table = build_table(lines, until, buyer)
    if product_id not in table.items:
        return []
    together = count_together(table)
    seed = np.array([table.items.index(product_id)])
    scores = score_seeds(table, together, fit_likeness(together), seed)[method]
    shown = np.zeros_like(scores, dtype=bool)
    shown[0, [item in known or item == product_id for item in table.items]] = True
    return _best(table, scores, shown, count)


def recommend_to(
    lines: pl.DataFrame, customer_id: str, until: datetime, champions: dict[str, str], count: int
) -> dict[str, list[Suggestion]]:
    """Return what a customer will buy (`all_items`) and what may be new to them (`new_items`).

    Args:
        lines: cleaned order lines.
        customer_id: a customer with orders; both lists are empty for any other.
        until: just after the newest line.
        champions: method by task, of `choose_methods`.
        count: how many at most of each.
    """
    table = build_table(lines, until)
    if customer_id not in table.buyers:
        return {ALL.name: [], NEW.name: []}
    row = np.array([table.buyers.index(customer_id)])
    scores = score_buyers(table, fit_likeness(count_together(table)), row)
    bought = table.orders[row].toarray() > 0
    return {
        ALL.name: _best(table, scores[champions[ALL.name]], np.zeros_like(bought), count),
        NEW.name: _best(table, scores[champions[NEW.name]], bought, count),
    }


def choose_methods(lines: pl.DataFrame, report: Callable[[str], None]) -> dict[str, tuple[str, str]]:
    """Return (method, why) by task, measured on the last 28 days; the first rule where there is too little.

    Raises:
        TooFewOrdersError: fewer than 20 orders.
    """
    orders = lines["order_id"].n_unique()
    if orders < LEAST_ORDERS:
        raise TooFewOrdersError(f"there are {orders} orders; recommending needs at least {LEAST_ORDERS}")
    measured: Measured = {}
    try:
        window, end = split_days(lines)
        report(f"comparing methods on the last {window} days ...")
        measured = hits_in_window(lines, end - timedelta(days=window), window)
    except TooFewOrdersError as error:
        report(f"{error}: the rules are used")
    return {task.name: pick_champion(task, measured.get(task.name, {})) for task in (ALL, NEW, BASKET)}


def _best(table: BuyerTable, scores: Any, hidden: Any, count: int) -> list[Suggestion]:
    found = top_items(scores, hidden, count)[0]
    good = [int(item) for item in found if scores[0, item] > 0 and not hidden[0, item]]
    return [Suggestion(table.items[item], round(float(scores[0, item]), 4)) for item in good]

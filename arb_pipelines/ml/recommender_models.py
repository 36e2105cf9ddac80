"""What a buyer may want next: rules and collaborative filtering over one table of who bought what.

What belongs here: the table, the likeness of items (item-kNN and EASE, Steck 2019) and the scores of every method.
Choosing between them is `recommender_bench.py`, answers for one product `recommender.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_ITEMS = 2_500  # EASE inverts a matrix of this size; 3,000 took 34 s on a loaded core
RECENT = timedelta(days=28)
DAMPING = 5.0  # buyers added to every item-kNN likeness, so that two buyers in common prove little
RIDGE = 200.0
OWN_SHARE = 0.5  # weight of what others bought beside what the buyer bought
TOP = 10
LEAST_TOGETHER = 3  # buyers of both items below which their lift says nothing
ALL_RULES = ("own_most_bought", "own_most_bought_latest", "recent_popularity")
ALL_MODELS = ("item_knn", "ease", "knn_popular", "ease_popular", "own_and_ease")
NEW_RULES = ("recent_popularity",)
NEW_MODELS = ("item_knn", "ease", "knn_popular", "ease_popular")
SEED_RULES = ("recent_popularity", "bought_together", "lift")
SEED_MODELS = ("item_knn", "ease")


@dataclass(frozen=True, slots=True)
class BuyerTable:
    """Who bought what. `orders`: sparse counts of orders, shape (buyers, items).

    `latest`: days since the first order of all up to the last one with the item, same shape. `popularity`: buyers of
    each item in the 28 days before `until`.
    """

    buyers: tuple[str, ...]
    items: tuple[str, ...]
    orders: Any
    latest: Any
    popularity: Floats


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much each item speaks for each other: dense (items, items), the diagonal zero."""

    knn: Floats
    ease: Floats


def build_table(lines: pl.DataFrame, until: datetime, buyer: str = "customer_id") -> BuyerTable:
    """Return the table of lines before `until`, of the 2,500 most ordered items.

    Args:
        lines: cleaned order lines (LINE_SCHEMA).
        until: lines at or after it are not looked at.
        buyer: `customer_id`, or `order_id` to take every basket as a buyer.
    """
    from scipy.sparse import csr_matrix

    known = lines.filter(pl.col("ordered_at") < until, pl.col(buyer).is_not_null())
    counted = known.group_by("product_id").agg(orders=pl.col("order_id").n_unique())
    ranked = counted.sort("orders", "product_id", descending=[True, False])
    items = ranked["product_id"].head(MOST_ITEMS)
    used = known.join(items.to_frame(), on="product_id", how="semi")
    bought = used.group_by(buyer, "product_id").agg(orders=pl.col("order_id").n_unique(), at=pl.col("ordered_at").max())
    buyers = bought[buyer].unique().sort()
    start = known["ordered_at"].min()
    rows = place(bought[buyer], tuple(buyers)), place(bought["product_id"], tuple(items))
    shape = (len(buyers), len(items))
    days = (
        bought.select((pl.col("at") - pl.lit(start, pl.Datetime("us"))).dt.total_seconds() / 86_400 + 1)
        .to_series()
        .to_numpy()
    )
    recent = used.filter(pl.col("ordered_at") >= until - RECENT).group_by("product_id").agg(pl.col(buyer).n_unique())
    popularity = np.zeros(len(items))
    popularity[place(recent["product_id"], tuple(items))] = recent[buyer].to_numpy()
    return BuyerTable(
        tuple(buyers),
        tuple(items),
        csr_matrix((bought["orders"].to_numpy().astype(float), rows), shape=shape),
        csr_matrix((days, rows), shape=shape),
        popularity,
    )


def place(keys: pl.Series, known: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return where each key stands in `known`, which holds all of them."""
    index = {key: row for row, key in enumerate(known)}
    return np.array([index[key] for key in keys], dtype=np.int64)


def count_together(table: BuyerTable) -> Floats:
    """Return how many buyers bought both of two items; the diagonal is how many bought one."""
    bought = table.orders.sign()
    together: Floats = (bought.T @ bought).toarray()
    return together


def fit_likeness(together: Floats) -> Likeness:
    """Return item-kNN (damped cosine) and EASE of what was bought together."""
    norms = np.sqrt(np.diag(together))
    knn = together / (np.outer(norms, norms) + DAMPING)
    np.fill_diagonal(knn, 0)
    return Likeness(knn, _ease(together))


def _ease(together: Floats) -> Floats:
    """Return the linear model that predicts each item from all others in closed form."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, _ = dpotrf(together + RIDGE * np.eye(len(together)), lower=1)
    half, _ = dpotri(factor, lower=1)
    inverse = np.tril(half) + np.tril(half, -1).T
    weights: Floats = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def score_buyers(table: BuyerTable, likeness: Likeness, rows: Any) -> dict[str, Floats]:
    """Return the scores of every method for some buyers, each of shape (buyers, items); higher is better.

    Ties go to the item that is more popular of late.

    Args:
        table: what was bought.
        likeness: fitted on the same table.
        rows: the buyers' rows.
    """
    bought = table.orders[rows].sign()
    popular = np.broadcast_to(table.popularity, (len(rows), len(table.items)))
    liked = np.sqrt(table.popularity)
    tie = 1e-6 * table.popularity / max(1.0, table.popularity.max(initial=0.0))
    own, latest = table.orders[rows].toarray(), table.latest[rows].toarray()
    knn, ease = bought @ likeness.knn, np.maximum(bought @ likeness.ease, 0)
    blend = _level(own * np.sqrt(1 + table.popularity)) + OWN_SHARE * _level(ease * liked)
    scores = {
        "recent_popularity": popular,
        "own_most_bought": own,
        "own_most_bought_latest": own + latest / (2 * max(1.0, latest.max(initial=0.0))),
        "item_knn": knn,
        "ease": ease,
        "knn_popular": knn * liked,
        "ease_popular": ease * liked,
        "own_and_ease": blend,
    }
    return {name: found + tie for name, found in scores.items()}


def score_seeds(table: BuyerTable, together: Floats, likeness: Likeness, seeds: Any) -> dict[str, Floats]:
    """Return the scores of every method for what goes with single items, each of shape (seeds, items)."""
    counts = together[seeds]
    share = np.diag(together) / max(1, len(table.buyers))
    lift = counts / np.maximum(np.diag(together)[seeds][:, None] * share[None, :], 1e-9)
    return {
        "recent_popularity": np.broadcast_to(table.popularity, counts.shape),
        "bought_together": counts,
        "lift": np.where(counts >= LEAST_TOGETHER, lift, 0.0),
        "item_knn": likeness.knn[seeds],
        "ease": likeness.ease[seeds],
    }


def top_items(scores: Floats, hidden: Any, count: int = TOP) -> Any:
    """Return the columns of the best `count` items of each row, best first, without those that are `hidden`."""
    open_scores = np.where(hidden, -np.inf, scores)
    count = min(count, scores.shape[1])
    found = np.argpartition(-open_scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(open_scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _level(scores: Floats) -> Floats:
    """Return scores in units of each buyer's ten best, so that two kinds can be added."""
    count = min(TOP, scores.shape[1])
    best = np.partition(scores, -count, axis=1)[:, -count:].mean(axis=1, keepdims=True)
    levelled: Floats = scores / np.maximum(best, 1e-9)
    return levelled

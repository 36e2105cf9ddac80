"""How often a recommendation is bought within the next weeks: rules and models on buyers' later orders.

What belongs here: the time-ordered split, hit rates and the gate between rule and model. The methods are
`recommender_models.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.recommender_models import (
    ALL_MODELS,
    ALL_RULES,
    NEW_MODELS,
    NEW_RULES,
    SEED_MODELS,
    SEED_RULES,
    TOP,
    BuyerTable,
    build_table,
    count_together,
    fit_likeness,
    place,
    score_buyers,
    score_seeds,
    top_items,
)

WINDOW_DAYS = 28
LEAST_WINDOW_DAYS = 7
LEAST_BUYERS = 50
MOST_BUYERS = 4_000
CHUNK = 500
RESAMPLES = 500
SURE = 0.95
SEED = 23
Hits = dict[str, Any]


class TooFewOrdersError(Exception):
    """Too few orders to recommend from; the message says how many there are and how many are needed."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question, and the rules and models that answer it; the first rule is used where nothing can be compared."""

    name: str
    rules: tuple[str, ...]
    models: tuple[str, ...]


ALL = Task("all_items", ALL_RULES, ALL_MODELS)
NEW = Task("new_items", NEW_RULES, NEW_MODELS)
BASKET = Task("same_basket", SEED_RULES, SEED_MODELS)
Measured = dict[str, Hits]


def measure_recommendations(lines: pl.DataFrame, report: Callable[[str], None]) -> dict[str, Any]:
    """Return hit rates at 10 on the last 28 days (less where the history is short), rules beside models.

    The window before it is the gate's: there every task gets its champion. A buyer counts who bought before and in
    the window; a hit is one of ten recommended items bought in it. For `new_items` only what the buyer never bought
    before is recommended and counted; for `same_basket` one item of each order is shown and the others are looked for.

    Args:
        lines: cleaned order lines (LINE_SCHEMA).
        report: told what is being done.

    Raises:
        TooFewOrdersError: too short a history, or too few buyers or baskets in the windows.
    """
    window, end = split_days(lines)
    report(f"gate: the {window} days before the last {window} ...")
    gate = hits_in_window(lines, end - 2 * timedelta(days=window), window)
    report(f"test: the last {window} days ...")
    test = hits_in_window(lines, end - timedelta(days=window), window)
    if not test:
        raise TooFewOrdersError(f"fewer than {LEAST_BUYERS} buyers or baskets in the last {window} days; give more")
    return {
        "split": "time-ordered by order date",
        "window_days": window,
        "test_from": (end - timedelta(days=window)).isoformat(),
        **{task.name: _task_figures(task, gate.get(task.name, {}), test.get(task.name)) for task in (ALL, NEW, BASKET)},
    }


def split_days(lines: pl.DataFrame) -> tuple[int, datetime]:
    """Return the days of a window, and the end just after the last line.

    Raises:
        TooFewOrdersError: the lines span less than five weeks.
    """
    first, last = lines["ordered_at"].min(), lines["ordered_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise TooFewOrdersError("there are no orders")
    days = (last - first).days
    window = min(WINDOW_DAYS, days // 5)
    if window < LEAST_WINDOW_DAYS:
        raise TooFewOrdersError(f"the orders span {days} days; a split needs at least {5 * LEAST_WINDOW_DAYS}")
    return window, last + timedelta(microseconds=1)


def hits_in_window(lines: pl.DataFrame, start: datetime, days: int) -> Measured:
    """Return, by task and method, which buyers were hit (booleans); a task with fewer than 50 buyers is left out."""
    later = lines.filter(pl.col("ordered_at") >= start, pl.col("ordered_at") < start + timedelta(days=days))
    return _customer_hits(lines, later, start) | _basket_hits(lines, later, start)


def pick_champion(task: Task, hits: Hits) -> tuple[str, str]:
    """Return the method to use and why: the best rule until a model beats it in 95 % of resamples over buyers."""
    if not hits:
        return task.rules[0], f"fewer than {LEAST_BUYERS} buyers to compare on: the rule"
    rates = {name: float(found.mean()) for name, found in hits.items()}
    rule = max(task.rules, key=lambda name: rates[name])
    model = max(task.models, key=lambda name: rates[name])
    gain = hits[model].astype(float) - hits[rule].astype(float)
    draws = np.random.default_rng(SEED).integers(0, len(gain), (RESAMPLES, len(gain)))
    if rates[model] > rates[rule] and (gain[draws].mean(axis=1) > 0).mean() >= SURE:
        return model, f"beats {rule} on the window before, sure to 95 %"
    return rule, f"no model beats it on the window before, sure to 95 % (best: {model})"


def _task_figures(task: Task, gate: Hits, test: Hits | None) -> dict[str, Any]:
    champion, why = pick_champion(task, gate)
    if test is None:
        return {"n": 0, "champion": champion, "why": why, "hr_at_10": {}}
    rates = {name: round(float(found.mean()), 3) for name, found in test.items()}
    return {
        "n": len(test[champion]),
        "hr_at_10": {"rules": _named(rates, task.rules), "models": _named(rates, task.models)},
        "gate": {name: round(float(found.mean()), 3) for name, found in gate.items()},
        "champion": champion,
        "why": why,
        "champion_hr_at_10": rates[champion],
        "best_rule_hr_at_10": max(rates[name] for name in task.rules),
    }


def _named(rates: dict[str, float], names: Sequence[str]) -> dict[str, float]:
    return {name: rates[name] for name in names}


def _customer_hits(lines: pl.DataFrame, later: pl.DataFrame, start: datetime) -> Measured:
    table = build_table(lines, start)
    wanted, rows = _wanted(table, later)
    if len(rows) < LEAST_BUYERS:
        return {}
    likeness = fit_likeness(count_together(table))
    found: dict[str, dict[str, list[Any]]] = {ALL.name: {}, NEW.name: {}}
    for begin in range(0, len(rows), CHUNK):
        part = rows[begin : begin + CHUNK]
        scores = score_buyers(table, likeness, part)
        bought, sought = table.orders[part].toarray() > 0, wanted[part].toarray() > 0
        unseen = sought & ~bought
        nothing = np.zeros_like(bought)
        for name in (*ALL.rules, *ALL.models):
            found[ALL.name].setdefault(name, []).append(_hit(scores[name], nothing, sought))
        for name in (*NEW.rules, *NEW.models):
            hit = _hit(scores[name], bought, unseen)[unseen.any(axis=1)]
            found[NEW.name].setdefault(name, []).append(hit)
    joined = {task: {name: np.concatenate(parts) for name, parts in hits.items()} for task, hits in found.items()}
    return {task: hits for task, hits in joined.items() if len(next(iter(hits.values()))) >= LEAST_BUYERS}


def _wanted(table: BuyerTable, later: pl.DataFrame) -> tuple[Any, Any]:
    """Return what known buyers bought later (sparse, as the table), and the rows of a sample of them."""
    from scipy.sparse import csr_matrix

    pairs = (
        later.select("customer_id", "product_id")
        .drop_nulls()
        .unique(maintain_order=True)
        .join(pl.DataFrame({"customer_id": table.buyers}, {"customer_id": pl.String()}), on="customer_id", how="semi")
        .join(pl.DataFrame({"product_id": table.items}, {"product_id": pl.String()}), on="product_id", how="semi")
    )
    cells = place(pairs["customer_id"], table.buyers), place(pairs["product_id"], table.items)
    wanted = csr_matrix((np.ones(pairs.height), cells), shape=(len(table.buyers), len(table.items)))
    return wanted, _sample(np.unique(cells[0]))


def _basket_hits(lines: pl.DataFrame, later: pl.DataFrame, start: datetime) -> Measured:
    table = build_table(lines, start, "order_id")
    known = pl.DataFrame({"product_id": table.items}, {"product_id": pl.String()})
    baskets = (
        later.join(known, on="product_id", how="semi")
        .group_by("order_id")
        .agg(items=pl.col("product_id").unique().sort())
        .filter(pl.col("items").list.len() > 1)
        .sort("order_id")
    )
    rows = _sample(np.arange(baskets.height))
    if len(rows) < LEAST_BUYERS:
        return {}
    together = count_together(table)
    likeness = fit_likeness(together)
    draws = np.random.default_rng(SEED)
    contents = [place(pl.Series(items), table.items) for items in baskets["items"][rows.tolist()]]
    seeds = np.array([draws.choice(items) for items in contents])
    hits: dict[str, list[Any]] = {}
    for begin in range(0, len(rows), CHUNK):
        part = seeds[begin : begin + CHUNK]
        shown, sought = (np.zeros((len(part), len(table.items)), dtype=bool) for _ in range(2))
        shown[np.arange(len(part)), part] = True
        for row, items in enumerate(contents[begin : begin + CHUNK]):
            sought[row, items] = True
        for name, scores in score_seeds(table, together, likeness, part).items():
            hits.setdefault(name, []).append(_hit(scores, shown, sought & ~shown))
    return {BASKET.name: {name: np.concatenate(parts) for name, parts in hits.items()}}


def _hit(scores: Any, hidden: Any, sought: Any) -> Any:
    found = top_items(scores, hidden, TOP)
    return np.take_along_axis(sought, found, axis=1).any(axis=1)


def _sample(rows: Any) -> Any:
    if len(rows) <= MOST_BUYERS:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, MOST_BUYERS, replace=False))

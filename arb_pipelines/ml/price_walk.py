"""Walk-forward over listings: each month is predicted by rule and model that know only what came before it.

What belongs here: the order of the walk, the rule for single items, and the figures. Reading is `price_listings.py`,
the learner `price_pipeline.py`, the intervals `conformal.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.conformal import Memory, Stream, stream_intervals
from arb_pipelines.ml.market_level import follow_level
from arb_pipelines.ml.price_listings import Fold, Listings
from arb_pipelines.ml.price_pipeline import Columns, fit_pipeline

COVERAGES = (0.8, 0.9)
LEAST_ROWS = 50  # of a fold, to learn from
RULE_HALF_LIFE_D = 30.0
RULE_WINDOW_D = 90.0
LEAST_COMPS = 3
RULE_LEVELS = (("item_key",), ("title_key",), ("product", "condition"), ("brand", "category"), ("category",), ())


@dataclass(frozen=True, slots=True)
class Walk:
    """All predictions of a walk, oldest first; `calibration` rows only warm the intervals up and are not counted."""

    predicted: pl.DataFrame


def walk_prices(
    listings: Listings,
    folds: Iterable[Fold],
    *,
    warm_up: int = 1,
    memory: Memory | None = None,
    seed: int = 0,
    report: Callable[[str], Any] | None = None,
) -> Walk:
    """Predict every fold with a rule and a model that know its past, then calibrate the intervals day by day.

    Args:
        listings: which columns there are.
        folds: as `price_listings.monthly_folds` yields them; the first `warm_up` are not counted.
        warm_up: how many folds only calibrate.
        memory: which outcomes count for the intervals.
        seed: of the models.
        report: called with the name of each fold when it is done.
    """
    parts = []
    for number, fold in enumerate(folds):
        if fold.known.height >= LEAST_ROWS and fold.asked.height:
            parts.append(predict_fold(listings, fold, seed).with_columns(counted=pl.lit(number >= warm_up)))
        if report is not None:
            report(fold.name)
    if not parts:
        return Walk(pl.DataFrame())
    return Walk(with_intervals(pl.concat(parts), memory or Memory()))


def predict_fold(listings: Listings, fold: Fold, seed: int = 0) -> pl.DataFrame:
    """Return the asked rows with `rule`, `frozen` (the model as trained), `raw_low` and `raw_high` in log price."""
    columns = listing_columns(listings)
    fitted = fit_pipeline(fold.known, fold.known["log_price"].to_numpy(), columns, seed=seed)
    middle, low, high = fitted.predict(fold.asked)
    return fold.asked.select(
        "listing_id",
        "log_price",
        "listed_on",
        fold=pl.lit(fold.name),
        day=pl.col("day").fill_null(0.0) if fold.starts_on else pl.lit(1000.0 if fold.name == "by_id" else 0.0),
        group=pl.col("source").fill_null("-"),
        rule=predict_comps(fold.known, fold.asked),
        frozen=pl.Series(middle),
        raw_low=pl.Series(low),
        raw_high=pl.Series(high),
    )


def listing_columns(listings: Listings) -> Columns:
    """Return what the model reads of a listing; the day lets it follow a trend."""
    day = ("day",) if listings.dated else ()
    return Columns((*listings.numbers, *day), listings.names, "title")


def predict_comps(known: pl.DataFrame, asked: pl.DataFrame) -> pl.Series:
    """Return the rule's log price: the time-weighted median of the same item's listings of the last 90 days.

    With fewer than three it takes wider circles: same title, product and condition, brand and category, category,
    everything.
    """
    newest = known["day"].max()
    age = (pl.lit(newest, dtype=pl.Float64) - pl.col("day")).fill_null(0.0)
    recent = known.with_columns(age=age).filter(pl.col("age") <= RULE_WINDOW_D)
    weighted = recent.with_columns(weight=pl.lit(2.0).pow(-pl.col("age") / RULE_HALF_LIFE_D))
    answers = []
    for level in RULE_LEVELS:
        keys = [name for name in level if known[name].null_count() < known.height]
        if level and not keys:
            continue
        answers.append(_medians(weighted, asked, keys))
    whole = pl.DataFrame({str(number): answer for number, answer in enumerate(answers)})
    return whole.select(pl.coalesce(pl.all())).to_series().rename("rule")


def with_intervals(predicted: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """Add `middle` (the frozen model moved to the market's level as known) and low_/high_ of each coverage."""
    rows = predicted.sort("day", "listing_id")
    frozen = rows["frozen"].to_numpy()
    level = follow_level(
        rows["day"].to_numpy(), rows["log_price"].to_numpy() - frozen, rows["fold"].to_numpy(), memory.delay_d
    )
    stream = Stream(
        rows["day"].to_numpy(),
        rows["log_price"].to_numpy(),
        frozen + level,
        rows["raw_low"].to_numpy() + level,
        rows["raw_high"].to_numpy() + level,
        rows["group"].to_numpy().astype(np.str_),
    )
    ends = stream_intervals(stream, COVERAGES, memory)
    return rows.with_columns(
        pl.Series("middle", stream.middle),
        *(pl.Series(f"low_{round(share * 100)}", low) for share, (low, _) in ends.items()),
        *(pl.Series(f"high_{round(share * 100)}", high) for share, (_, high) in ends.items()),
    )


def price_figures(rows: pl.DataFrame, name: str) -> dict[str, float]:
    """Return MAPE, MdAPE, w5 and w15 in percent of the predictions in one column (log price)."""
    error = ((pl.col(name) - pl.col("log_price")).exp() - 1).abs()
    figures = rows.select(
        mape=error.mean(), mdape=error.median(), w5=(error <= 0.05).mean(), w15=(error <= 0.15).mean()
    )
    return {key: round(100 * float(value), 2) for key, value in figures.row(0, named=True).items()}


def interval_figures(rows: pl.DataFrame, percent: int) -> dict[str, float]:
    """Return coverage and median half width over the middle, in percent, of one interval."""
    low, high, middle = pl.col(f"low_{percent}"), pl.col(f"high_{percent}"), pl.col("middle")
    half = ((high - middle).exp() - (low - middle).exp()) / 2
    figures = rows.select(coverage=pl.col("log_price").is_between(low, high).mean(), half_width=half.median())
    return {key: round(100 * float(value), 2) for key, value in figures.row(0, named=True).items()}


def _medians(weighted: pl.DataFrame, asked: pl.DataFrame, keys: list[str]) -> pl.Series:
    everything = pl.lit(0, dtype=pl.Int8).alias("all")
    by = [*keys, "all"]
    ordered = weighted.with_columns(everything).sort(*by, "log_price", "listing_id")
    reached = pl.col("weight").cum_sum().over(by) >= 0.5 * pl.col("weight").sum().over(by)
    found = (
        ordered.with_columns(reached=reached)
        .group_by(by, maintain_order=True)
        .agg(n=pl.len(), median=pl.col("log_price").filter("reached").first())
    )
    if keys:
        found = found.filter(pl.col("n") >= LEAST_COMPS)
    joined = asked.with_columns(everything).join(found, on=by, how="left", nulls_equal=True, maintain_order="left")
    return joined["median"]

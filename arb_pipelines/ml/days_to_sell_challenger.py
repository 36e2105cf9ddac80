"""Rule or hazard for the days to sell of our products: both predict the newest listings, the better one answers.

What belongs here: putting sales and unsold listings in the form of spells, the gate on a time-ordered holdout, and the
hazard's answer for each group. The rule is `days_to_sell.py`, the hazard `days_to_sell_hazard.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.days_to_sell import DAYS_COLUMNS, HORIZONS_D, WITHIN, fit_days_to_sell
from arb_pipelines.ml.days_to_sell_hazard import EDGES, fit_hazard, predict_unsold, unsold_after
from arb_pipelines.ml.days_to_sell_metrics import auc, integrated_brier
from arb_pipelines.ml.days_to_sell_rule import RateRule, fit_rates
from arb_pipelines.ml.days_to_sell_spells import with_rates
from arb_pipelines.transforms.price_features import GROUP

HOLDOUT_SHARE = 0.25
LATE_SHARE = 0.9  # of the times to sell; a listing younger than this is only seen if it sold fast
MIN_TAUGHT, MIN_TAUGHT_SALES, MIN_ASKED = 400, 100, 100
MOST_SPELLS = 50_000  # the newest: a hazard row is made of each stretch of each of them
LEAST_GAIN = 0.02  # of the integrated Brier score, below which the simpler rule stays
GRID = np.arange(1.0, 61.0)
LONG_GRID = np.arange(0.0, float(EDGES[-1]))
RULE_LEVELS = (("category",), ("category", *GROUP))
NAMES = ("source", "category", "condition", "product")

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class DaysFitted:
    """(GROUP, DAYS_COLUMNS) of each group with a sale, who answers (`rule` or `hazard`) and why, and the figures."""

    groups: pl.DataFrame
    champion: str
    reason: str
    metrics: dict[str, float]


def fit_days(
    sales: pl.DataFrame, unsold: pl.DataFrame | None, *, as_of: datetime, seed: int = 0, challenge: bool = True
) -> DaysFitted:
    """Fit the rule and, where there is enough to judge by, the hazard; the rule stays unless it is beaten.

    Args:
        sales: GROUP, category, `days_to_sell`, `sold_at`, all before `as_of`.
        unsold: GROUP, category and `days` on sale without a sale so far.
        as_of: what was known then, aware UTC.
        seed: of the trees.
        challenge: without it the rule answers and nothing is compared.
    """
    ruled = fit_days_to_sell(sales, unsold)
    if not challenge:
        return DaysFitted(ruled, "rule", "not challenged: the first model is made of rules alone", {})
    spells = _spells(sales, unsold, ruled, as_of)
    known, asked = spells.filter(~pl.col("asked_now")), spells.filter("asked_now")
    wait, today = _wait(known), int(asked["begin"].max() or 0)  # type: ignore[arg-type] # whole days
    cut, taught, held = _split(_settled(known, today, wait), wait)
    if taught.height < MIN_TAUGHT or taught["sold"].sum() < MIN_TAUGHT_SALES or held.height < MIN_ASKED:
        few = f"{taught.height} spells to teach and {held.height} to ask about are too few for a challenger"
        return DaysFitted(ruled, "rule", few, {})
    metrics = _compare(taught, held, cut, seed)
    gain = 1 - metrics["days_model_ibs"] / max(metrics["days_rule_ibs"], 1e-9)
    words = f"integrated Brier score {metrics['days_model_ibs']:.4f} against {metrics['days_rule_ibs']:.4f} of the rule"
    if gain < LEAST_GAIN:
        return DaysFitted(ruled, "rule", words, metrics)
    return DaysFitted(_answer(ruled, _settled(known, today, wait), asked, seed), "hazard", words, metrics)


def _spells(sales: pl.DataFrame, unsold: pl.DataFrame | None, groups: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Return sold and unsold spells, and one that begins now for each group, with what was known as each began."""
    until = pl.lit(as_of).cast(pl.Datetime("us", "UTC"))
    ago = (until - pl.col("sold_at")).dt.total_seconds() / 86_400
    told = sales.drop_nulls("days_to_sell").sort("sold_at").tail(MOST_SPELLS)
    days = pl.col("days_to_sell").clip(0.0).cast(pl.Float64)
    keys = [*GROUP, "category"]
    parts = [told.select(*keys, days=days, ended_ago=ago, sold=pl.lit(value=True), asked_now=pl.lit(value=False))]
    if unsold is not None and not unsold.is_empty():
        still = {"ended_ago": pl.lit(0.0), "sold": pl.lit(value=False), "asked_now": pl.lit(value=False)}
        parts.append(unsold.select(*keys, days=pl.col("days").cast(pl.Float64), **still))
    categories = sales.group_by(*GROUP).agg(category=pl.col("category").drop_nulls().sort().first())
    new = {"days": pl.lit(0.0), "ended_ago": pl.lit(0.0), "sold": pl.lit(value=False), "asked_now": pl.lit(value=True)}
    parts.append(groups.select(GROUP).join(categories, on=list(GROUP), how="left").select(*keys, **new))
    rows = pl.concat(parts)
    span = rows.select((pl.col("ended_ago") + pl.col("days")).max()).item() or 0.0
    end = (pl.lit(span) - pl.col("ended_ago")).floor().cast(pl.Int64)
    begin = (pl.lit(span) - pl.col("ended_ago") - pl.col("days")).floor().cast(pl.Int64).clip(0)
    rows = rows.with_columns(
        begin=begin,
        end=pl.max_horizontal(begin, end),
        gone=pl.col("sold"),
        truncated=pl.lit(value=False),
        source=pl.col("outlet"),
        product=pl.col("product_id"),
        item_key=pl.concat_str(*GROUP, separator="\x1f"),
    )
    return with_rates(rows).sort("begin", "item_key", "days")


def _wait(known: pl.DataFrame) -> int:
    """Return after how many days most of what sells has sold."""
    days = known.filter("sold")["days"].quantile(LATE_SHARE, "linear")
    return int(min(days or 0.0, GRID[-1])) + 1


def _settled(known: pl.DataFrame, day: int, wait: int) -> pl.DataFrame:
    """Return the spells that tell the truth on `day`: begun after the first sale was seen, and long enough ago.

    Sales at an outlet are seen only once they are made: among what was listed lately only the fast ones show (on drawn
    sales a hazard "won" by 20 % through this alone), among what was listed before the first sale only the slow ones.
    """
    sold = known.filter("sold")
    first = 0 if sold.is_empty() else int(sold["end"].min())  # type: ignore[arg-type] # a day number
    return known.filter(pl.col("begin") >= first, pl.col("begin") <= day - wait)


def _split(settled: pl.DataFrame, wait: int) -> tuple[int, pl.DataFrame, pl.DataFrame]:
    """Return the day of the cut, what was settled then, and the spells that began later.

    A sale after the cut of what was listed before it teaches nothing: it was not seen yet.
    """
    if settled.is_empty():
        return 0, settled, settled
    cut = int(settled["begin"].sort()[int(settled.height * (1 - HOLDOUT_SHARE))])
    taught = _settled(settled, cut, wait).filter(~pl.col("sold") | (pl.col("end") < cut))
    taught = taught.with_columns(
        days=pl.when("sold").then("days").otherwise(pl.min_horizontal("days", pl.lit(cut) - pl.col("begin")))
    )
    return cut, taught, settled.filter(pl.col("begin") >= cut)


def _compare(taught: pl.DataFrame, held: pl.DataFrame, cut: int, seed: int) -> dict[str, float]:
    rule, hazard = _curves(fit_rates(taught, RULE_LEVELS), taught, held, cut, seed, GRID)
    days, sold = held["days"].to_numpy(), held["sold"].to_numpy()
    half = int(np.argmin(np.abs(GRID - max(1.0, float(np.median(days))))))
    followed = sold | (days > GRID[half])
    happened = (sold & (days <= GRID[half]))[followed]
    found = {"days_n_holdout": float(held.height)}
    for name, unsold in (("rule", rule), ("model", np.sqrt(rule * hazard))):
        found[f"days_{name}_ibs"] = integrated_brier(days, sold, unsold, GRID)
        area = auc(happened, 1 - unsold[followed, half])
        if area is not None:
            found[f"days_{name}_auc"] = area
    return found


def _curves(
    rule: RateRule, taught: pl.DataFrame, asked: pl.DataFrame, day: int, seed: int, grid: Floats
) -> tuple[Floats, Floats]:
    names = [name for name in NAMES if taught[name].drop_nulls().n_unique() > 1]
    hazard = fit_hazard(taught, (), names, day, seed)
    days = grid.tolist()
    return rule.unsold_after(asked, days), unsold_after(predict_unsold(hazard, asked), days)


def _answer(ruled: pl.DataFrame, known: pl.DataFrame, asked: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return `ruled` with the chances and medians of the geometric mean of both curves, as in the comparison."""
    today = int(asked["begin"].max())  # type: ignore[arg-type] # whole days; there is one row a group
    rule, hazard = _curves(fit_rates(known, RULE_LEVELS), known, asked, today, seed, LONG_GRID)
    left = np.sqrt(rule * hazard)
    reached = left <= 0.5
    median = np.where(reached.any(axis=1), LONG_GRID[np.argmax(reached, axis=1)], np.nan)
    found = asked.select(GROUP).with_columns(
        pl.Series("median", median).fill_nan(None),
        *(pl.Series(f"within_{days}", 1 - left[:, days]) for days in HORIZONS_D),
    )
    joined = ruled.join(found, on=list(GROUP), how="left", maintain_order="left")
    chosen = {name: pl.coalesce(f"within_{days}", name) for days, name in zip(HORIZONS_D, WITHIN, strict=True)}
    return joined.with_columns(days_to_sell=pl.coalesce("median", "days_to_sell"), **chosen).select(
        *GROUP, *DAYS_COLUMNS
    )

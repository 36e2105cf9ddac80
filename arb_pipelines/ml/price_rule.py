"""The price rule: what the newest comparable sales cost, and how far real sales stray from that.

What belongs here: the champion that a model has to beat. Middle = recency-weighted median of the comps times the
market's level; low and high = empirical 10 % and 90 % quantiles of price / middle, shrunk to the category.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arb_pipelines.ml.price_metrics import HIGH, LOW
from arb_pipelines.transforms.price_features import GROUP

MIN_COMPS = 3
SHRINK_SALES = 20.0  # a group or category counts as much as its parent when it has this many sales
# Before any sale could be compared with a prediction: wide, so that nothing is bought on it.
FIRST_SPREAD = (-0.5, 0.5)


@dataclass(frozen=True, slots=True)
class PriceRule:
    """Spreads as log ratios: `groups` (GROUP, category, low_ratio, high_ratio), `categories` and everything else."""

    groups: pl.DataFrame
    categories: pl.DataFrame
    overall: tuple[float, float]
    level: float = 0.0


def fit_rule(rows: pl.DataFrame, level: float = 0.0) -> PriceRule:
    """Learn the spreads from training rows (features and `log_price`) that have enough comps."""
    ratios = rows.filter(pl.col("comps_n") >= MIN_COMPS).with_columns(
        ratio=pl.col("log_price") - pl.col("comps_median") - level
    )
    overall = FIRST_SPREAD if ratios.is_empty() else (_ratio_quantile(ratios, LOW), _ratio_quantile(ratios, HIGH))
    spread = {
        "own_low": pl.col("ratio").quantile(LOW, "linear"),
        "own_high": pl.col("ratio").quantile(HIGH, "linear"),
        "weight": pl.len() / (pl.len() + SHRINK_SALES),
    }
    categories = ratios.group_by("category").agg(**spread).sort("category")
    categories = categories.select(
        "category", category_low=_shrunk("low", overall[0]), category_high=_shrunk("high", overall[1])
    )
    groups = ratios.group_by(*GROUP, "category").agg(**spread).join(categories, on="category", how="left")
    groups = groups.with_columns(
        pl.col("category_low").fill_null(overall[0]), pl.col("category_high").fill_null(overall[1])
    ).select(
        *GROUP,
        low_ratio=_shrunk("low", pl.col("category_low")),
        high_ratio=_shrunk("high", pl.col("category_high")),
    )
    return PriceRule(groups.unique(GROUP, keep="first", maintain_order=True).sort(GROUP), categories, overall, level)


def predict_rule(rule: PriceRule, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, in their order, with low, middle and high (log minor units); null without enough comps."""
    joined = rows.join(rule.groups, on=list(GROUP), how="left", maintain_order="left").join(
        rule.categories, on="category", how="left", maintain_order="left"
    )
    middle = pl.when(pl.col("comps_n") >= MIN_COMPS).then(pl.col("comps_median") + rule.level)
    low = pl.coalesce("low_ratio", "category_low", pl.lit(rule.overall[0]))
    high = pl.coalesce("high_ratio", "category_high", pl.lit(rule.overall[1]))
    # The spread may lie on one side of the middle after a fall of prices; an interval holds its own middle.
    return joined.with_columns(
        low=middle + pl.min_horizontal(low, pl.lit(0.0)),
        middle=middle,
        high=middle + pl.max_horizontal(high, pl.lit(0.0)),
    ).drop("low_ratio", "high_ratio", "category_low", "category_high")


def _ratio_quantile(ratios: pl.DataFrame, share: float) -> float:
    value = ratios["ratio"].quantile(share, "linear")
    return 0.0 if value is None else float(value)


def _shrunk(side: str, parent: pl.Expr | float) -> pl.Expr:
    return pl.col("weight") * pl.col(f"own_{side}") + (1 - pl.col("weight")) * parent

"""What the past of both shops says about a price gap: is the dear price usual, is the cheap one?

What belongs here: point-in-time features of a gap. Only days before `found_on` are looked at.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

WINDOW = timedelta(days=90)
SIDES = {"ask": "buy_store", "sale": "sell_store"}
_OF_A_SIDE = (
    "to_median",
    "to_min",
    "to_max",
    "to_low",
    "to_last",
    "same_share",
    "below_share",
    "prices",
    "days",
    "age",
)
FEATURES = ("gap", "level", "usual_gap", *(f"{side}_{name}" for side in SIDES for name in _OF_A_SIDE))


def gap_features(gaps: pl.DataFrame, quotes: pl.DataFrame, cost_share: float) -> pl.DataFrame:
    """Return the gaps with FEATURES, as floats; null where the shop did not show the product in the 90 days before.

    Args:
        gaps: as `pairs.find_gaps` gives them.
        quotes: as `pairs.find_quotes` gives them.
        cost_share: costs as a share of the sale, for the share of days at which a sale would have lost.
    """
    rows = gaps.with_columns(break_even=pl.col("ask_minor") / (1 - cost_share))
    for name, store in SIDES.items():
        rows = rows.join(_side(rows, quotes, name, store), on="row", how="left", maintain_order="left")
        rows = rows.with_columns((pl.col("found_on") - pl.col(f"{name}_since_on")).dt.total_days().alias(f"{name}_age"))
    rows = rows.with_columns(
        gap=(pl.col("sale_minor") / pl.col("ask_minor")).log(),
        level=pl.col("sale_minor").log(),
        usual_gap=(pl.col("sale_median") / pl.col("ask_median")).log(),
    )
    return rows.drop("break_even", "ask_median", "sale_median").with_columns(pl.col(*FEATURES).cast(pl.Float64))


def _side(gaps: pl.DataFrame, quotes: pl.DataFrame, name: str, store: str) -> pl.DataFrame:
    """Return (row, features) of one side; prices are logarithms of today's price over the past one."""
    since = pl.col("found_on") - WINDOW
    asked = gaps.select("row", "key", "found_on", "break_even", store=store, now=f"{name}_minor")
    past = asked.join(quotes.drop("product_id"), on=["key", "store"]).filter(
        pl.col("since_on") < pl.col("found_on"), pl.col("until_on") >= since
    )
    until = pl.min_horizontal(pl.col("until_on") + timedelta(days=1), pl.col("found_on"))
    past = past.with_columns(days=(until - pl.max_horizontal(pl.col("since_on"), since)).dt.total_days())
    past = past.sort("row", "price_minor").with_columns(
        reached=pl.col("days").cum_sum().over("row"), total=pl.col("days").sum().over("row")
    )
    now, price, share = pl.col("now").first(), pl.col("price_minor"), pl.col("days") / pl.col("total")

    def quantile(part: float) -> pl.Expr:
        return price.filter(pl.col("reached") >= part * pl.col("total")).first()

    figures = {
        "median": quantile(0.5),
        "to_median": (now / quantile(0.5)).log(),
        "to_min": (now / price.min()).log(),
        "to_max": (now / price.max()).log(),
        "to_low": (now / quantile(0.2)).log(),
        "to_last": (now / price.sort_by("since_on").last()).log(),
        "same_share": share.filter(price == pl.col("now")).sum(),
        "below_share": share.filter(price < pl.col("break_even")).sum(),
        "prices": pl.len(),
        "days": pl.col("total").first(),
    }
    return past.group_by("row").agg(value.alias(f"{name}_{label}") for label, value in figures.items())

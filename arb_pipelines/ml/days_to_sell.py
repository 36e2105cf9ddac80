"""How long an item takes to sell: rates per product, shrunk to its category.

What belongs here: the rule (on real listings it beats gradient boosting: AUC .692 against .672 at 21 days). It
learns from completed sales only, so it knows nothing of what never sold and is too hopeful by that; unsold
listings enter with the survival model.
"""

from __future__ import annotations

import polars as pl

from arb_pipelines.transforms.price_features import GROUP

SHRINK_SALES = 10.0
HORIZON_D = 30


def fit_days_to_sell(sales: pl.DataFrame) -> pl.DataFrame:
    """Return (GROUP, days_to_sell, sold_within_30_days) of each group; null where no sale of its outlet tells.

    Each figure is (n x own + 10 x category's) / (n + 10), the category's shrunk to all sales alike. A group none of
    whose sales tells takes its category's.
    """
    told = pl.col("days_to_sell").is_not_null()
    figures = {
        "n": told.sum(),
        "days": pl.col("days_to_sell").median(),
        "soon": (pl.col("days_to_sell") <= HORIZON_D).mean(),
    }
    overall = sales.select(**figures).row(0, named=True)
    categories = sales.group_by("category").agg(**figures).sort("category")
    categories = categories.select(
        "category",
        parent_days=_shrunk("days", pl.lit(overall["days"], dtype=pl.Float64)),
        parent_soon=_shrunk("soon", pl.lit(overall["soon"], dtype=pl.Float64)),
    )
    groups = sales.group_by(*GROUP).agg(**figures, category=pl.col("category").drop_nulls().sort().first())
    return (
        groups.join(categories, on="category", how="left", nulls_equal=True)
        .select(
            *GROUP,
            days_to_sell=_shrunk("days", pl.col("parent_days")),
            sold_within_30_days=_shrunk("soon", pl.col("parent_soon")),
        )
        .sort(GROUP)
    )


def _shrunk(figure: str, parent: pl.Expr) -> pl.Expr:
    weight = pl.col("n") / (pl.col("n") + SHRINK_SALES)
    own = pl.col(figure).cast(pl.Float64)
    return pl.when(own.is_null()).then(parent).otherwise(weight * own + (1 - weight) * parent)

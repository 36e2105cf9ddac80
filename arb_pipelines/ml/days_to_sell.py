"""How long an item takes to sell: the pace of each product, condition and outlet, shrunk to its category.

What belongs here: the rule as the price model uses it. The curve of everything comes from completed sales and, where
given, from what was on sale without selling; a group goes faster or slower than it by its own shrunk rate
(`days_to_sell_rule.py`). On the real listings we have, the rate is hard to beat; the challenger with more to see is
`days_to_sell_hazard.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.days_to_sell_metrics import share_left
from arb_pipelines.ml.days_to_sell_rule import RateRule, fit_rates
from arb_pipelines.transforms.price_features import GROUP

HORIZONS_D = (30, 60, 90)
WITHIN = tuple(f"sold_within_{days}_days" for days in HORIZONS_D)
DAYS_COLUMNS = ("days_to_sell", *WITHIN)
LONGEST_D = 365.0  # a median beyond a year is not told


def fit_days_to_sell(sales: pl.DataFrame, unsold: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return (GROUP, days_to_sell, sold_within_30_days, _60_ and _90_) of each group with a sale.

    Args:
        sales: GROUP, category, `days_to_sell` (null where the outlet does not tell).
        unsold: GROUP, category and `days` on sale without a sale so far; left out, the answer is too hopeful by what
            never sells.

    `days_to_sell` is the median of the predicted curve. Everything is null where no sale tells.
    """
    groups = sales.group_by(*GROUP).agg(category=pl.col("category").drop_nulls().sort().first()).sort(GROUP)
    spells = _spells(sales, unsold)
    if spells["sold"].sum() == 0:
        return groups.select(*GROUP, *(pl.lit(None, dtype=pl.Float64).alias(name) for name in DAYS_COLUMNS))
    rule = fit_rates(spells, (("category",), ("category", *GROUP)))
    pace = rule.pace_of(groups)
    within = 1 - rule.unsold_after(groups, HORIZONS_D)
    return groups.select(
        *GROUP,
        pl.Series("days_to_sell", median_days(rule, pace)).fill_nan(None),
        *(pl.Series(name, within[:, place]) for place, name in enumerate(WITHIN)),
    )


def median_days(rule: RateRule, pace: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, Any]:
    """Return the day by which half are sold, for each pace; NaN where it lies beyond what was ever watched.

    The curve is a staircase, and the median the middle of the two steps around one half, as for plain numbers.
    """
    days = np.concatenate([[0.0], rule.times])
    left = share_left(rule.times, rule.left, days)[None, :] ** pace[:, None]
    reached = left <= 0.5 - 1e-9
    even = left <= 0.5 + 1e-9
    found = (days[np.argmax(even, axis=1)] + days[np.argmax(reached, axis=1)]) / 2
    answer: np.ndarray[Any, Any] = np.where(reached.any(axis=1) & (found <= LONGEST_D), found, np.nan)
    return answer


def _spells(sales: pl.DataFrame, unsold: pl.DataFrame | None) -> pl.DataFrame:
    sold = sales.drop_nulls("days_to_sell").select(*GROUP, "category", days=pl.col("days_to_sell").cast(pl.Float64))
    parts = [sold.with_columns(sold=pl.lit(value=True))]
    if unsold is not None and not unsold.is_empty():
        open_ones = unsold.select(*GROUP, "category", pl.col("days").cast(pl.Float64))
        parts.append(open_ones.with_columns(sold=pl.lit(value=False)))
    return pl.concat(parts)

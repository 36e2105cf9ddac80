"""Where the market's level stands against the comps: a robust trend of price / rule over time.

What belongs here: the one use of statsmodels in the price model. Comps look back, so in a falling market they lie
above the next sale; a robust regression (Huber) of the log ratio on time says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from arb_pipelines.ml.price_rule import MIN_COMPS

WINDOW_D = 60
MIN_ROWS = 40


@dataclass(frozen=True, slots=True)
class MarketLevel:
    """`level`: log ratio of price to comps at the end of the window; `slope_30d`: its change in 30 days."""

    level: float
    slope_30d: float
    n: int


def fit_level(rows: pl.DataFrame, until: datetime) -> MarketLevel:
    """Return the level from training rows sold in the WINDOW_D days before `until`; zero with too few rows."""
    recent = rows.filter(pl.col("comps_n") >= MIN_COMPS).with_columns(
        ratio=pl.col("log_price") - pl.col("comps_median"),
        months=(pl.col("sold_at") - pl.lit(until)).dt.total_seconds() / (30 * 86_400),
    )
    recent = recent.filter(pl.col("months") > -WINDOW_D / 30)
    months, ratios = recent["months"].to_numpy(), recent["ratio"].to_numpy()
    # No spread of time, no trend; no spread of ratios (all prices equal), nothing to be robust about.
    if recent.height < MIN_ROWS or months.std() < 1e-6 or ratios.std() < 1e-9:
        return MarketLevel(0.0, 0.0, recent.height)
    import statsmodels.api as sm

    fitted = sm.RLM(ratios, sm.add_constant(months), M=sm.robust.norms.HuberT()).fit()
    return MarketLevel(float(fitted.params[0]), float(fitted.params[1]), recent.height)

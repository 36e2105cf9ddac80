"""The ledger of a backtest: what would have been bought, what it promised and what it realised; and its figures.

What belongs here: the frame of the ledger and the figures over one. A sale whose price is not known stays unknown:
it is in the coverage, and in no profit.
"""

from __future__ import annotations

from typing import Any

import polars as pl

LEDGER_SCHEMA: dict[str, pl.DataType] = {
    "bought_at": pl.Datetime("us", "UTC"),
    "sold_at": pl.Datetime("us", "UTC"),  # null: not known to have sold
    "product_id": pl.String(),
    "title": pl.String(),
    "site": pl.String(),
    "currency": pl.String(),
    "cost_minor": pl.Int64(),  # landed
    "low_minor": pl.Int64(),
    "middle_minor": pl.Int64(),
    "high_minor": pl.Int64(),
    "predicted_net_minor": pl.Int64(),  # after costs, at the middle
    "realised_minor": pl.Int64(),
    "realised_net_minor": pl.Int64(),
    "predicted_days": pl.Float64(),
    "realised_days": pl.Float64(),
}
DRAWS = 1000
BANDS = (0.05, 0.5, 0.95)


def empty_ledger() -> pl.DataFrame:
    """Return a ledger with no trades."""
    return pl.DataFrame(schema=LEDGER_SCHEMA)


def known_trades(ledger: pl.DataFrame) -> pl.DataFrame:
    """Return the trades whose sale is known, by time of sale, with `promised` and `realised` return and `profit`.

    Returns are fractions of the landed cost, `profit` is in minor units.
    """
    cost = pl.col("cost_minor")
    return (
        ledger.filter(pl.col("realised_net_minor").is_not_null(), cost > 0)
        .with_columns(
            promised=pl.col("predicted_net_minor") / cost - 1,
            realised=pl.col("realised_net_minor") / cost - 1,
            profit=pl.col("realised_net_minor") - cost,
        )
        .sort("sold_at", "bought_at", "product_id")
    )


def ledger_figures(ledger: pl.DataFrame, seed: int = 0) -> dict[str, Any]:
    """Return the figures of a ledger, ready for JSON; returns and shares as fractions of 1, None where unknown.

    `return_sum` is the profit at equal stakes, in stakes; `drawdown` the largest fall of its running sum;
    `bands` are the 5, 50 and 95 % quantiles of that sum over 1,000 redrawings of the trades.
    """
    trades = known_trades(ledger)
    figures: dict[str, Any] = {"trades": ledger.height, "sale_known": trades.height}
    figures["sale_known_share"] = _rounded(trades.height / ledger.height) if ledger.height else None
    if trades.is_empty():
        return figures
    low, high = pl.col("low_minor"), pl.col("high_minor")
    price, middle = pl.col("realised_minor"), pl.col("middle_minor")
    profit, hoped = pl.col("profit"), pl.col("predicted_net_minor") - pl.col("cost_minor")
    values = trades.select(
        promised_median=pl.col("promised").median(),
        realised_median=pl.col("realised").median(),
        promised_mean=pl.col("promised").mean(),
        realised_mean=pl.col("realised").mean(),
        losing_share=(pl.col("realised") < 0).mean(),
        return_sum=pl.col("realised").sum(),
        profit_minor=profit.sum(),
        promised_profit_minor=hoped.sum(),
        realised_over_promised=profit.sum() / hoped.sum(),
        price_error_median=(price / middle - 1).abs().median(),
        reached_low_share=(price >= low).mean(),
        interval_coverage=((price >= low) & (price <= high)).filter(high.is_not_null()).mean(),
        predicted_days_median=pl.col("predicted_days").median(),
        realised_days_median=pl.col("realised_days").median(),
    ).row(0, named=True)
    figures.update({name: _rounded(value) for name, value in values.items()})
    figures["drawdown"] = _rounded(drawdown(trades["realised"]))
    figures["bands"] = dict(zip(("p5", "p50", "p95"), redraw_sums(trades["realised"], seed), strict=True))
    return figures


def drawdown(returns: pl.Series) -> float:
    """Return the largest fall of the running sum of returns from an earlier height (which begins at zero)."""
    total = returns.cum_sum()
    height = total.cum_max().clip(lower_bound=0.0)
    deepest = (height - total).max()
    return max(0.0, float(deepest)) if isinstance(deepest, int | float) else 0.0


def redraw_sums(returns: pl.Series, seed: int = 0, draws: int = DRAWS) -> list[float]:
    """Return BANDS of the sum of returns over redrawings with replacement (trades taken as independent)."""
    import numpy as np

    chance, values = np.random.default_rng(seed), returns.to_numpy()
    sums = [float(chance.choice(values, values.size).sum()) for _ in range(draws)]
    return [round(float(value), 2) for value in np.quantile(sums, BANDS)]


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value

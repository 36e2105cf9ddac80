"""What will sell next week: the rule (median of 8 weeks) until a model beats it on the weeks just before.

What belongs here: series by product or category, demand classes, the gate and the forecast. The methods are in
`sales_forecast_rules.py`, `sales_forecast_ets.py` and `sales_forecast_pooled.py`; intervals and restock advice in
`sales_forecast_intervals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.sales_forecast_ets import forecast_ets
from arb_pipelines.ml.sales_forecast_pooled import forecast_pooled
from arb_pipelines.ml.sales_forecast_rules import METHODS, Floats
from arb_pipelines.transforms.order_lines import weekly_sales

RULE = "median_8_weeks"
MODELS = ("croston", "sba", "tsb", "ets", "pooled")
GATE_WEEKS = 8
LEAST_GATE_WEEKS = 4
LEAST_WEEKS = 8  # of history before anything is forecast
LEAST_GATE_SERIES = 30
OFTEN = 1.32  # weeks between sales below which a series sells often (Syntetos, Boylan and Croston 2005)
STEADY = 0.49  # squared coefficient of variation below which its sales are of steady size
RESAMPLES = 500
SURE = 0.95


class TooFewSalesError(Exception):
    """Too little was sold to forecast; the message says how much there is and how much is needed."""


@dataclass(frozen=True, slots=True)
class SalesSeries:
    """`units`: weekly sales, shape (series, weeks), NaN before a series' first sale; the last week ends on `end_on`."""

    keys: tuple[str, ...]
    units: Floats
    end_on: date

    @property
    def weeks(self) -> int:
        """How many weeks the history has."""
        return int(self.units.shape[1])


@dataclass(frozen=True, slots=True)
class Gate:
    """`champions`: method by demand class; `wape`: of every method on the weeks that decided, in percent."""

    champions: dict[str, str]
    wape: dict[str, float | None]
    weeks: int
    why: str


def build_series(lines: pl.DataFrame, end_on: date, by: str = "product_id") -> SalesSeries:
    """Return the weekly sales of every product or category.

    Args:
        lines: cleaned order lines (LINE_SCHEMA).
        end_on: the last day of the last week.
        by: `product_id` or `category`.

    Raises:
        TooFewSalesError: the lines span fewer than 8 whole weeks, or none names its `by`.
    """
    if lines[by].is_null().all():
        raise TooFewSalesError(f"no order line names its {by}; give orders that do")
    sales = weekly_sales(lines, end_on, by)
    weeks = 0 if sales.is_empty() else int(sales.select(pl.col("week").max()).item()) + 1
    if weeks < LEAST_WEEKS:
        fault = f"the orders span {weeks} whole weeks up to {end_on}; a forecast needs at least {LEAST_WEEKS}"
        raise TooFewSalesError(fault)
    keys = sales["key"].unique().sort()
    rows = sales.select(pl.col("key").replace_strict(keys, range(len(keys)))).to_series().to_numpy()
    units = np.zeros((len(keys), weeks))
    units[rows, weeks - 1 - sales["week"].to_numpy()] = sales["units"].to_numpy()
    units[np.arange(weeks)[None, :] < (units > 0).argmax(axis=1)[:, None]] = np.nan
    return SalesSeries(tuple(keys), units, end_on)


def demand_classes(units: Floats) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Return smooth, erratic, intermittent or lumpy for each series: how often it sells, and how evenly."""
    known, sold = (~np.isnan(units)).sum(axis=1), (units > 0).sum(axis=1)
    sizes = np.where(units > 0, units, 0.0)
    mean = sizes.sum(axis=1) / np.maximum(sold, 1)
    spread = np.where(units > 0, (sizes - mean[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(sold, 1)
    often = known / np.maximum(sold, 1) < OFTEN
    steady = spread / np.maximum(mean, 1e-9) ** 2 < STEADY
    names = np.where(often, np.where(steady, "smooth", "erratic"), np.where(steady, "intermittent", "lumpy"))
    return names.astype(np.str_)


def walk_methods(units: Floats, start: int, models: bool = True) -> dict[str, Floats]:
    """Return the forecasts of every method, shape (series, weeks + 1); models are trained on the weeks before `start`.

    Where a method knows nothing of a series (a year-old week), its forecast is NaN.
    """
    found = {name: method(units) for name, method in METHODS.items()}
    if models:
        often = np.isin(demand_classes(units[:, :start]), ["smooth", "erratic"]).astype(float)
        found["ets"] = forecast_ets(units, found[RULE], often, start)
        found["pooled"] = forecast_pooled(units, found[RULE], start)
    return found


def wape(units: Floats, forecasts: Floats) -> float | None:
    """Return the sum of absolute errors over the sum of sales, in percent; None where nothing was forecast or sold."""
    known = ~np.isnan(units) & ~np.isnan(forecasts)
    sold = units[known].sum()
    return round(100 * float(np.abs(units - forecasts)[known].sum() / sold), 2) if known.any() and sold > 0 else None


def choose_champions(units: Floats, found: dict[str, Floats], weeks: range) -> Gate:
    """Return, for each demand class, the model that beats the rule on `weeks`, or the rule.

    A model wins when its absolute error summed over the class is the lowest, lower than the rule's in 95 % of
    bootstrap resamples over series, and lower in more than half of the weeks.
    """
    part = slice(weeks.start, weeks.stop)
    figures = {name: wape(units[:, part], forecasts[:, part]) for name, forecasts in found.items()}
    classes = demand_classes(units[:, : weeks.start])
    champions = dict.fromkeys(("smooth", "erratic", "intermittent", "lumpy"), RULE)
    if len(weeks) < LEAST_GATE_WEEKS:
        return Gate(champions, figures, len(weeks), f"fewer than {LEAST_GATE_WEEKS} weeks to compare on: the rule")
    for name in champions:
        rows = np.flatnonzero((classes == name) & ~np.isnan(units[:, weeks.start - 1]))
        if len(rows) >= LEAST_GATE_SERIES:
            champions[name] = _winner(units[rows, part], {m: f[rows, part] for m, f in found.items()})
    return Gate(champions, figures, len(weeks), "lowest error on the weeks before, sure to 95 %")


def gated_forecasts(classes: np.ndarray[Any, Any], found: dict[str, Floats], champions: dict[str, str]) -> Floats:
    """Return each series' forecasts by the champion of its class, by the rule where that has none."""
    gated = found[RULE].copy()
    for name, champion in champions.items():
        rows = classes == name
        gated[rows] = np.where(np.isnan(found[champion][rows]), gated[rows], found[champion][rows])
    return gated


def _winner(units: Floats, found: dict[str, Floats]) -> str:
    errors = {name: np.abs(units - found[name]) for name in (RULE, *MODELS) if name in found}
    totals = {name: error.sum() for name, error in errors.items() if not np.isnan(error).any()}
    best = min(totals, key=lambda name: totals[name], default=RULE)
    if best == RULE or RULE not in totals:
        return RULE
    gain = errors[RULE] - errors[best]
    draws = np.random.default_rng(5).integers(0, len(gain), (RESAMPLES, len(gain)))
    sure = (gain.sum(axis=1)[draws].sum(axis=1) > 0).mean() >= SURE
    return best if sure and (gain.sum(axis=0) > 0).mean() > 0.5 else RULE

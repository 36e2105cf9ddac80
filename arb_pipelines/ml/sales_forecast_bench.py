"""How near next week's sales are forecast, rule and models side by side, on weeks none of them has seen.

What belongs here: the time-ordered split and its figures: WAPE, MASE, coverage of the intervals, share of lead times
that the advised stock lasted. The methods are `sales_forecast.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from arb_pipelines.ml.sales_forecast import (
    GATE_WEEKS,
    LEAST_WEEKS,
    RULE,
    SalesSeries,
    TooFewSalesError,
    choose_champions,
    demand_classes,
    gated_forecasts,
    walk_methods,
    wape,
)
from arb_pipelines.ml.sales_forecast_intervals import interval_at, reorder_points
from arb_pipelines.ml.sales_forecast_rules import Floats

LEAST_SPLIT_WEEKS = 16
LEAST_SOLD_WEEKS = 10  # a product that sold in fewer weeks than that before the test is not scored
COVERAGES = (0.8, 0.9)
LEAD_WEEKS = 2
SERVICE_LEVEL = 0.95
NORMAL_FACTOR = 1.645  # the textbook safety stock for 95 %: mean + 1.645 standard deviations


def measure_forecasts(series: SalesSeries, report: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of the last weeks (8, fewer for a short history), every method one week ahead.

    Before the test weeks come as many gate weeks: there the gate chooses champions, with models trained on what lies
    before. For the test the models are trained again on all that lies before the test.

    Args:
        series: weekly sales.
        report: told what is being done.

    Raises:
        TooFewSalesError: fewer than 16 weeks, or nothing sold often enough to be scored.
    """
    weeks = series.weeks
    if weeks < LEAST_SPLIT_WEEKS:
        raise TooFewSalesError(f"the orders span {weeks} whole weeks; a split needs at least {LEAST_SPLIT_WEEKS}")
    test_weeks = min(GATE_WEEKS, (weeks - LEAST_WEEKS) // 2)
    test = range(weeks - test_weeks, weeks)
    scored = (series.units[:, : test.start] > 0).sum(axis=1) >= min(LEAST_SOLD_WEEKS, test.start // 2)
    if not scored.any():
        raise TooFewSalesError("no product sold in 10 weeks before the test weeks; give a longer history")
    units = series.units[scored]
    report(f"{len(units)} series, {weeks} weeks: forecasting the gate weeks ...")
    before = range(test.start - test_weeks, test.start)
    earlier = walk_methods(units[:, : test.start], before.start)
    gate = choose_champions(units[:, : test.start], earlier, before)
    report("forecasting the test weeks ...")
    found = walk_methods(units, test.start)
    classes = demand_classes(units[:, : test.start])
    gated = gated_forecasts(classes, found, gate.champions)
    gated[:, before.start : test.start] = gated_forecasts(classes, earlier, gate.champions)[:, before.start : -1]
    found["gated"] = gated
    part = slice(test.start, weeks)
    beats = (wape(units[:, part], gated[:, part]) or 0) < (wape(units[:, part], found[RULE][:, part]) or 0)
    return {
        "split": "time-ordered, one week ahead",
        "weeks": weeks,
        "test_weeks": test_weeks,
        "test_ends_on": series.end_on.isoformat(),
        "series": len(series.keys),
        "series_scored": len(units),
        "units_sold_in_test": round(float(np.nansum(units[:, part]))),
        "rule": RULE,
        "methods": {name: method_figures(units, forecasts, test) for name, forecasts in found.items()},
        "gate": asdict(gate),
        "model_beats_rule": beats,
        "by_class": _by_class(units, found, classes, test, gate.champions),
        "intervals": {f"{c:.0%}": interval_figures(units, gated, classes, test, c) for c in COVERAGES},
        "restock": restock_figures(units, gated, classes, test),
    }


def method_figures(units: Floats, forecasts: Floats, test: range) -> dict[str, Any]:
    """Return WAPE (percent), MASE and bias (percent of sales) on the test weeks; null where nothing was forecast.

    MASE is the mean over series of the mean absolute error over that of "as last week" before the test; `share` is
    the share of series and weeks that the method could forecast.
    """
    part = slice(test.start, test.stop)
    seen, told = units[:, part], forecasts[:, part]
    known = ~np.isnan(told)
    if not known.any():
        return {"wape": None, "mase": None, "bias": None, "share": 0.0}
    before = units[:, : test.start]
    steps = np.abs(np.diff(before, axis=1))
    usual = np.nansum(steps, axis=1) / np.maximum((~np.isnan(steps)).sum(axis=1), 1)
    rows = known.any(axis=1) & (usual > 0)
    errors = np.where(known, np.abs(seen - told), 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    mase = float((errors[rows] / usual[rows]).mean()) if rows.any() else None
    sold = float(seen[known].sum())
    return {
        "wape": wape(seen, told),
        "mase": None if mase is None else round(mase, 3),
        "bias": round(100 * float((told - seen)[known].sum()) / sold, 1) if sold > 0 else None,
        "share": round(float(known.mean()), 3),
    }


def interval_figures(units: Floats, forecasts: Floats, classes: Any, test: range, coverage: float) -> dict[str, Any]:
    """Return the share of outcomes inside and the mean width in units, each week calibrated on the 8 before it."""
    inside, widths = [], []
    for week in test:
        ends = interval_at(units, forecasts, classes, week, coverage)
        if ends is None:
            continue
        inside.append((units[:, week] >= ends[0] - 1e-9) & (units[:, week] <= ends[1] + 1e-9))
        widths.append(ends[1] - ends[0])
    if not inside:
        return {"coverage": None, "mean_width": None, "worst_week": None}
    weekly = [float(week.mean()) for week in inside]
    return {
        "coverage": round(100 * float(np.mean(weekly)), 1),
        "worst_week": round(100 * max(weekly, key=lambda share: abs(share - coverage)), 1),
        "mean_width": round(float(np.mean(widths)), 1),
    }


def restock_figures(units: Floats, forecasts: Floats, classes: Any, test: range) -> dict[str, Any]:
    """Return how often the advised stock lasted two weeks, beside mean + 1.645 standard deviations; goal 95 %."""
    lasted: dict[str, list[float]] = {"conformal": [], "normal": []}
    held: dict[str, list[float]] = {"conformal": [], "normal": []}
    for week in range(test.start, test.stop - LEAD_WEEKS + 1):
        sold = units[:, week : week + LEAD_WEEKS].sum(axis=1)
        window = units[:, week - LEAST_WEEKS : week]
        normal = LEAD_WEEKS * np.nanmean(window, axis=1)
        normal += NORMAL_FACTOR * math.sqrt(LEAD_WEEKS) * np.nanstd(window, axis=1, ddof=0)
        ours = reorder_points(units, forecasts, classes, week, LEAD_WEEKS, SERVICE_LEVEL)
        for name, points in (("conformal", ours), ("normal", normal)):
            if points is not None:
                lasted[name].append(float((sold <= points + 1e-9).mean()))
                held[name].append(float(points.sum()))
    figures = {
        name: {"lasted": round(100 * float(np.mean(shares)), 1), "units_held": round(float(np.mean(held[name])))}
        for name, shares in lasted.items()
        if shares
    }
    return {"lead_weeks": LEAD_WEEKS, "goal": 100 * SERVICE_LEVEL, **figures}


def _by_class(
    units: Floats, found: dict[str, Floats], classes: Any, test: range, champions: dict[str, str]
) -> dict[str, Any]:
    part = slice(test.start, test.stop)
    figures = {}
    for name, champion in champions.items():
        rows = classes == name
        both = {method: wape(units[rows, part], found[method][rows, part]) for method in (RULE, "gated")}
        figures[name] = {"series": int(rows.sum()), "champion": champion, **both}
    return figures

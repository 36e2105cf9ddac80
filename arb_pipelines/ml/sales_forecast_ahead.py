"""Next week's sales of every series, by the champions of the weeks just passed, with intervals.

What belongs here: what `arb forecast` shows, and its picture. The methods and the gate are `sales_forecast.py`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from arb_pipelines.ml.sales_forecast import (
    GATE_WEEKS,
    LEAST_WEEKS,
    MODELS,
    RULE,
    Gate,
    SalesSeries,
    choose_champions,
    demand_classes,
    gated_forecasts,
    walk_methods,
)
from arb_pipelines.ml.sales_forecast_intervals import interval_at, reorder_points
from arb_pipelines.ml.sales_forecast_rules import METHODS, Floats

COVERAGES = (0.8, 0.9)
SHOWN_WEEKS = 52


@dataclass(frozen=True, slots=True)
class Outlook:
    """`walked`: what was forecast for each week and for the next one, shape (series, weeks + 1).

    `intervals`: low and high ends of the next week by coverage, None where too few errors are known.
    """

    series: SalesSeries
    walked: Floats
    classes: Any
    gate: Gate
    intervals: dict[float, tuple[Floats, Floats] | None]

    def row_of(self, key: str) -> int | None:
        """Return the row of a series, None where it never sold."""
        return self.series.keys.index(key) if key in self.series.keys else None

    def describe(self, row: int) -> dict[str, Any]:
        """Return one series' forecast for the next week, beside the naive rules, ready for JSON."""
        units = self.series.units[row]
        known = int((~np.isnan(units)).sum())
        intervals = {f"interval_{coverage:.0%}".rstrip("%"): self._ends(row, coverage) for coverage in COVERAGES}
        naive = {name: METHODS[name](units[None, :])[0, -1] for name in (RULE, "last_week", "seasonal_naive")}
        return {
            "units_next_week": round(float(self.walked[row, -1]), 1),
            **intervals,
            "method": self.gate.champions[str(self.classes[row])],
            "demand": str(self.classes[row]),
            "weeks_known": known,
            "why_careful": f"on sale for {known} weeks only" if known < LEAST_WEEKS else None,
            "naive": {name: None if np.isnan(value) else round(float(value), 1) for name, value in naive.items()},
        }

    def reorder_points(self, lead_weeks: int, service_level: float) -> Floats | None:
        """Return each series' reorder point, None where too few past weeks are known."""
        week = self.series.weeks
        return reorder_points(self.series.units, self.walked, self.classes, week, lead_weeks, service_level)

    def _ends(self, row: int, coverage: float) -> list[float] | None:
        ends = self.intervals[coverage]
        return None if ends is None else [round(float(end[row]), 1) for end in ends]


def forecast_ahead(series: SalesSeries) -> Outlook:
    """Forecast the week after the last one; the gate decides on the last 8 weeks (fewer in a short history)."""
    units, weeks = series.units, series.weeks
    start = max(LEAST_WEEKS, weeks - GATE_WEEKS)
    earlier = walk_methods(units, start)
    gate = choose_champions(units, earlier, range(start, weeks))
    walked = gated_forecasts(demand_classes(units[:, :start]), earlier, gate.champions)
    walked[:, :start] = earlier[RULE][:, :start]
    classes = demand_classes(units)
    found = walk_methods(units, weeks, models=bool(set(gate.champions.values()) & set(MODELS)))
    walked[:, weeks] = gated_forecasts(classes, found, gate.champions)[:, weeks]
    intervals = {coverage: interval_at(units, walked, classes, weeks, coverage) for coverage in COVERAGES}
    return Outlook(series, walked, classes, gate, intervals)


def plot_outlook(outlook: Outlook, row: int, title: str) -> bytes:
    """Return a PNG: weekly sales of the last year, what was forecast, and the next week with its 80 % interval."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    weeks = outlook.series.weeks
    shown = min(SHOWN_WEEKS, weeks)
    ends_on: Any = [outlook.series.end_on - timedelta(weeks=back) for back in range(shown - 1, -2, -1)]
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    axes.bar(ends_on[:-1], outlook.series.units[row, weeks - shown :], width=5, label="sold", color="#9db8d2")
    axes.plot(ends_on, outlook.walked[row, weeks - shown :], color="#d1495b", label="forecast a week before")
    ends = outlook.intervals[COVERAGES[0]]
    if ends is not None:
        axes.vlines(ends_on[-1], ends[0][row], ends[1][row], color="#d1495b", linewidth=4, label="80 % interval")
    axes.set(title=title, xlabel="week up to", ylabel="units")
    axes.tick_params(axis="x", rotation=30)
    axes.legend()
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()

"""The geometry of the desk's charts: numbers in, places on a drawing out.

What belongs here: scales, ticks and paths as plain values; `templates/charts.html` draws them as SVG. Nothing here
is HTML, so nothing scraped can reach a page unescaped, and no style attribute breaks the content policy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 12, 28
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: its place on the drawing and what stands there."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One line through points; `path` is the `d` of an SVG path."""

    name: str
    css: str
    path: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    css: str
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One marked point."""

    x: float
    y: float
    css: str
    text: str


@dataclass(slots=True)
class Chart:
    """A drawing of `WIDTH` x `HEIGHT` units; `rows` are the same figures as a table, for who cannot see it."""

    title: str
    heads: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    x_ticks: list[Tick] = field(default_factory=list)
    y_ticks: list[Tick] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.curves or self.bars or self.dots)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """The inner rectangle: left, top, right, bottom."""
        return LEFT, TOP, self.width - RIGHT, self.height - BOTTOM


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low..high` of the data onto `start..end` of the drawing; a single value lies in the middle."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        if self.high <= self.low:
            return (self.start + self.end) / 2
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def value_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return about `wanted` round numbers that cover low..high, at least two."""
    span = (high - low) or abs(high) or 1.0
    rough = span / max(wanted - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * step for step in STEPS if power * step >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def value_text(value: float) -> str:
    """Return a tick's number without needless decimals."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def value_axis(chart: Chart, values: Sequence[float]) -> Scale:
    """Give the chart round ticks for `values` (one or more) and return their scale."""
    _, top, _, bottom = chart.frame
    ticks = value_ticks(min(values), max(values))
    scale = Scale(ticks[0], ticks[-1], bottom, top)
    chart.y_ticks = [Tick(scale(value), value_text(value)) for value in ticks]
    return scale


def time_axis(chart: Chart, start: datetime, end: datetime, wanted: int = 5) -> Scale:
    """Give the chart dates (or hours, below two days) for start..end and return the scale of timestamps."""
    left, _, right, _ = chart.frame
    scale = Scale(start.timestamp(), end.timestamp(), left, right)
    form = "%H:%M" if end - start < timedelta(days=2) else "%d %b"
    step = (end - start) / max(wanted - 1, 1)
    moments = [start + step * number for number in range(wanted)] if end > start else [start]
    chart.x_ticks = [Tick(scale(at.timestamp()), at.astimezone(UTC).strftime(form)) for at in moments]
    return scale


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """Return the path through drawing points."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""


def step_path(points: Sequence[tuple[float, float]], until: float) -> str:
    """Return the path of a value that holds until the next point, the last one until `until`."""
    if not points:
        return ""
    (x, y), *rest = points
    parts = [f"M{x:g} {y:g}"]
    for x, y in rest:
        parts += [f"H{x:g}", f"V{y:g}"]
    return "".join([*parts, f"H{max(until, x):g}"])


def band_path(left: float, right: float, low: float, high: float) -> str:
    """Return a closed rectangle between two heights."""
    return f"M{left:g} {low:g}H{right:g}V{high:g}H{left:g}Z"


def draw_level(chart: Chart, name: str, css: str, height: float) -> None:
    """Add a horizontal line across the chart."""
    left, _, right, _ = chart.frame
    chart.curves.append(Curve(name, css, f"M{left:g} {height:g}H{right:g}"))


def draw_bars(chart: Chart, labels: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> Scale:
    """Add one bar a label, up or down from zero, and return the scale of the values."""
    left, _, right, _ = chart.frame
    scale = value_axis(chart, [0.0, *values])
    slot = (right - left) / max(len(labels), 1)
    zero = scale(0.0)
    for place, (value, text) in enumerate(zip(values, texts, strict=True)):
        height = scale(value)
        css = "loss" if value < 0 else "gain"
        x = round(left + slot * place + slot * 0.15, 1)
        chart.bars.append(Bar(x, min(zero, height), round(slot * 0.7, 1), round(abs(zero - height), 1), css, text))
    every = max(1, math.ceil(len(labels) / 8))
    chart.x_ticks = [
        Tick(round(left + slot * (place + 0.5), 1), label) for place, label in enumerate(labels) if place % every == 0
    ]
    return scale


def day_text(day: date) -> str:
    """Return a day as the charts name it."""
    return day.strftime("%d %b")

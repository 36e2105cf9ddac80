"""Charts as PNG bytes: a product's prices, and what a backtest promised and realised.

What belongs here: drawing only. The object interface is used, which needs no display and keeps no global state.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from arb_pipelines.domain.money import Money

SHOPS_NAMED = 12


def draw_history(points: pl.DataFrame, title: str) -> bytes:
    """Return a PNG of one product's observations (POINT_SCHEMA), a line a shop that holds until its next reading."""
    figure, axes = _figure(10, 4.5)
    offers = points.sort("observed_at").group_by("offer_key", "site", maintain_order=True)
    for number, ((_, site), rows) in enumerate(offers):
        label = f"{site} ({rows['currency'][0]})".replace("$", r"\$")
        axes.step(
            rows["observed_at"].to_list(),
            [float(Money(minor, rows["currency"][0]).amount) for minor in rows["price_minor"]],
            where="post",
            marker=".",
            label=label if number < SHOPS_NAMED else "_",
        )
    if points.is_empty():
        _say(axes, "no readings in this window")
    else:
        axes.legend(fontsize="small")
        figure.autofmt_xdate()
    axes.set(title=title[:100].replace("$", r"\$"), ylabel="price")
    return _png(figure)


def draw_profit(trades: pl.DataFrame) -> bytes:
    """Return a PNG of the running profit at equal stakes by day of sale, promised beside realised.

    Args:
        trades: as `ledger.known_trades` gives them.
    """
    figure, axes = _figure(8, 3.6)
    if trades.is_empty():
        _say(axes, "no trade with a known sale")
    else:
        days = trades["sold_at"].to_list()
        axes.plot(days, trades["promised"].cum_sum().to_list(), label="promised", linestyle="--")
        axes.plot(days, trades["realised"].cum_sum().to_list(), label="realised")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.legend()
        figure.autofmt_xdate()
    axes.set(title="profit so far", ylabel="stakes")
    return _png(figure)


def draw_returns(trades: pl.DataFrame) -> bytes:
    """Return a PNG of realised against promised return, a point a trade; points below the line kept less."""
    figure, axes = _figure(5, 3.6)
    if trades.is_empty():
        _say(axes, "no trade with a known sale")
    else:
        axes.plot(trades["promised"].to_list(), trades["realised"].to_list(), ".", markersize=3, alpha=0.4)
        top = float(trades.select(pl.max_horizontal(pl.col("promised").max(), 0.1)).item())
        axes.plot([0, top], [0, top], color="black", linewidth=1)
        axes.axhline(0, color="red", linewidth=0.8)
    axes.set(title="return of each trade", xlabel="promised", ylabel="realised")
    return _png(figure)


def draw_bands(trades: pl.DataFrame, bands: list[float]) -> bytes:
    """Return a PNG of the realised sum beside the 5, 50 and 95 % quantiles of redrawn sums."""
    figure, axes = _figure(4, 3.6)
    if trades.is_empty():
        _say(axes, "no trade with a known sale")
    else:
        low, middle, high = bands
        axes.bar(["redrawn"], [middle], yerr=[[middle - low], [high - middle]], capsize=8)
        axes.bar(["realised"], [float(trades["realised"].sum())])
    axes.set(title="total, 5 to 95 %", ylabel="stakes")
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _say(axes: Any, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)


def _png(figure: Any) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()

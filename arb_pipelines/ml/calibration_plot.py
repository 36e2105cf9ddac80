"""Is the interval honest: a picture of the holdout for people.

What belongs here: drawing only; the figures are the model's metrics.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_model import TrainedModel

BINS = 10


def plot_calibration(trained: TrainedModel) -> bytes:
    """Return a PNG: realised against predicted price, and the coverage of the 80 % interval over time."""
    # The object interface needs no display and keeps no global state between Dagster runs of one process.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    prices, coverage = figure.subplots(1, 2)
    holdout = trained.holdout
    figure.suptitle(
        f"{trained.version}, {trained.champion}: {holdout.height} holdout sales up to {trained.as_of:%Y-%m-%d}"
    )
    if holdout.is_empty():
        prices.text(0.5, 0.5, "no holdout sales yet", ha="center", transform=prices.transAxes)
    else:
        _draw_prices(prices, holdout)
        _draw_coverage(coverage, holdout)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()


def _draw_prices(axes: Any, holdout: pl.DataFrame) -> None:
    realised, predicted = np.exp(holdout["log_price"].to_numpy()), np.exp(holdout["middle"].to_numpy())
    limits = [float(min(realised.min(), predicted.min())), float(max(realised.max(), predicted.max()))]
    axes.loglog(predicted, realised, ".", markersize=3, alpha=0.4)
    axes.loglog(limits, limits, linewidth=1, color="black")
    axes.set(xlabel="predicted, minor units", ylabel="realised, minor units", title="price")


def _draw_coverage(axes: Any, holdout: pl.DataFrame) -> None:
    bins = min(BINS, holdout.height)
    ordered = holdout.sort("sold_at").with_columns(part=pl.int_range(pl.len()) * bins // pl.len())
    inside = pl.col("log_price").is_between(pl.col("low"), pl.col("high"))
    parts = ordered.group_by("part", maintain_order=True).agg(share=inside.mean())
    axes.bar(parts["part"].to_numpy() + 1, parts["share"].to_numpy())
    axes.axhline(0.8, color="black", linewidth=1)
    axes.set(
        xlabel="tenth of the holdout, oldest first",
        ylabel="share inside",
        title="coverage of the 80 % interval",
        ylim=(0, 1),
    )

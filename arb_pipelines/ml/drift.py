"""Does the champion still hold: its predictions against the sales that came after it was trained.

What belongs here: coverage and error on realised sales, and the verdict that locks a model whose promises broke. A
locked model predicts nothing, so nothing is bought on it, until a newer one has won.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import polars as pl

from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.ml.price_metrics import MIN_COVERAGE, score
from arb_pipelines.ml.price_model import KEY_COLUMNS, TrainedModel

LOCKED = "model_drifted"
MIN_SALES = 50
SURE_Z = 2.33  # one-sided 99 %: a run of bad luck is no drift
MOST_ERROR_RATIO, ERROR_SLACK = 2.0, 0.02


@dataclass(frozen=True, slots=True)
class Drift:
    """Figures of `n` realised sales; `reason` says in words why the model is locked, or is None."""

    n: int
    coverage_80: float | None
    mdape: float | None
    bias: float | None
    reason: str | None


def measure_drift(model: TrainedModel, sales: pl.DataFrame) -> Drift:
    """Compare what the model says with sales it could not know.

    Args:
        model: the champion.
        sales: with product (`identify_sales`); those before `model.as_of` are ignored.
    """
    realised = realise(model, sales.filter(pl.col("sold_at") >= model.as_of))
    if realised.height < MIN_SALES:
        return Drift(realised.height, None, None, None, None)
    figures = score(realised)
    reason = _reason(figures, model.metrics.get(f"{model.champion}_mdape"))
    return Drift(realised.height, figures["coverage_80"], figures["mdape"], figures["bias"], reason)


def realise(model: TrainedModel, sales: pl.DataFrame) -> pl.DataFrame:
    """Return the sales that the model dares to price, with log_price, low, middle and high (log minor units)."""
    usable = sales.filter(pl.col("condition").is_not_null(), pl.col("price_minor") > 0)
    optional = [name for name in usable.columns if name == "title" or name.startswith("attribute_")]
    predictions = model.predict(usable.select(*KEY_COLUMNS, *optional), model.as_of)
    told = {
        name: [money.minor if (money := getattr(p, name)) is not None else None for p in predictions]
        for name in ("low", "middle", "high")
    }
    currency = pl.Series([p.middle.currency if p.middle else None for p in predictions], dtype=pl.String)
    return usable.with_columns(
        *(pl.Series(name, values, dtype=pl.Float64).log() for name, values in told.items()),
        log_price=pl.col("price_minor").cast(pl.Float64).log(),
        predicted_currency=currency,
    ).filter(pl.col("middle").is_not_null(), pl.col("currency") == pl.col("predicted_currency"))


def lock(predictions: list[PricePrediction]) -> list[PricePrediction]:
    """Return the predictions as abstentions, each with the reason LOCKED (or the one it had)."""
    return [p if p.abstained else _silenced(p) for p in predictions]


def _silenced(prediction: PricePrediction) -> PricePrediction:
    prices = replace(prediction, low=None, middle=None, high=None, days_to_sell=None, abstained=LOCKED)
    return replace(prices, sold_within_30_days=None, sold_within_60_days=None, sold_within_90_days=None)


def _reason(figures: dict[str, float], usual_mdape: float | None) -> str | None:
    coverage, n = figures["coverage_80"], figures["n"]
    highest = coverage + SURE_Z * math.sqrt(max(coverage * (1 - coverage), 1 / n) / n)
    if highest < MIN_COVERAGE:
        return f"the 80 % interval held {coverage:.0%} of {n:.0f} realised sales, surely under {MIN_COVERAGE:.0%}"
    if usual_mdape is not None and figures["mdape"] > MOST_ERROR_RATIO * usual_mdape + ERROR_SLACK:
        return f"median error {figures['mdape']:.1%} on {n:.0f} realised sales, {usual_mdape:.1%} on the holdout"
    return None

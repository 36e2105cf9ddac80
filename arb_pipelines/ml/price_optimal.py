"""`predict_optimal_price`: one answer an item with price, interval, days to sell and the chance to sell in time.

What belongs here: the answer for people and reports, which also says something where there is no history: the
category's prior, wide and flagged. Buying uses `TrainedModel.predict`, which is silent there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.ml.days_to_sell import DAYS_COLUMNS, HORIZONS_D
from arb_pipelines.ml.price_model import TrainedModel
from arb_pipelines.ml.price_recalibration import Recalibration
from arb_pipelines.ml.price_rule import MIN_COMPS
from arb_pipelines.transforms.price_features import GROUP

PRIOR_LOW, PRIOR_HIGH = 0.05, 0.95
LEAST_PRODUCTS = 3  # in a category, to speak for a product that was never sold
LEAST_LOG_WIDTH = 0.5  # a prior is never narrower than this on each side
NO_HISTORY = ("no_sales", "too_few_sales")


@dataclass(frozen=True, slots=True)
class OptimalPrice:
    """What to expect of an item. `basis` is history, category_prior (wide, never to be bought on) or nothing.

    `low` and `high` bound 80 % of sales with a history and 90 % of the category's products with a prior. `sold_within`
    maps days to a chance. `reason` says why there is no history or no answer.
    """

    product_id: str
    condition: str
    outlet: str
    price: Money | None
    low: Money | None
    high: Money | None
    days_to_sell: float | None
    sold_within: dict[int, float | None]
    basis: str
    reason: str | None
    model_version: str


def predict_optimal_price(
    model: TrainedModel, keys: pl.DataFrame, now: datetime, moved: Recalibration | None = None
) -> list[OptimalPrice]:
    """Return one answer per row of `keys` (as for `TrainedModel.predict`), in their order."""
    predictions = model.predict(keys, now, moved)
    own = keys.select(*GROUP).join(
        model.snapshot.select(*GROUP, *DAYS_COLUMNS), on=list(GROUP), how="left", maintain_order="left"
    )
    prior_keys = ["category", "condition", "outlet"]
    priors = keys.select(*prior_keys).join(
        category_priors(model.snapshot), on=prior_keys, how="left", maintain_order="left"
    )
    rows = zip(predictions, own.iter_rows(named=True), priors.iter_rows(named=True), strict=True)
    return [_answer(prediction, days, prior) for prediction, days, prior in rows]


def category_priors(snapshot: pl.DataFrame) -> pl.DataFrame:
    """Return by category, condition and outlet what its products cost (log minor units) and how soon they sell.

    Only products with enough sales count, and categories with several of them in one currency.
    """
    comps = pl.col("comps_median")
    spread = {
        "prior_low": pl.min_horizontal(comps.quantile(PRIOR_LOW, "linear"), comps.median() - LEAST_LOG_WIDTH),
        "prior_middle": comps.median(),
        "prior_high": pl.max_horizontal(comps.quantile(PRIOR_HIGH, "linear"), comps.median() + LEAST_LOG_WIDTH),
    }
    found = (
        snapshot.filter(pl.col("comps_n") >= MIN_COMPS, pl.col("currencies") == 1)
        .group_by("category", "condition", "outlet")
        .agg(
            n=pl.len(),
            prior_currency=pl.col("currency").first(),
            prior_currencies=pl.col("currency").n_unique(),
            **spread,
            **{f"prior_{name}": pl.col(name).median() for name in DAYS_COLUMNS},
        )
    )
    return found.filter(pl.col("n") >= LEAST_PRODUCTS, pl.col("prior_currencies") == 1).drop("n", "prior_currencies")


def _answer(prediction: PricePrediction, days: dict[str, Any], prior: dict[str, Any]) -> OptimalPrice:
    known = prediction.abstained is None
    guessed = prediction.abstained in NO_HISTORY and prior["prior_middle"] is not None
    told = days if known else {name: prior[f"prior_{name}"] if guessed else None for name in DAYS_COLUMNS}
    low, price, high = (prediction.low, prediction.middle, prediction.high) if known else (None, None, None)
    if guessed:
        low, price, high = (_money(prior, name) for name in ("low", "middle", "high"))
    return OptimalPrice(
        product_id=prediction.product_id,
        condition=prediction.condition,
        outlet=prediction.outlet,
        price=price,
        low=low,
        high=high,
        days_to_sell=told["days_to_sell"],
        sold_within={horizon: told[f"sold_within_{horizon}_days"] for horizon in HORIZONS_D},
        basis="history" if known else "category_prior" if guessed else "nothing",
        reason=prediction.abstained,
        model_version=prediction.model_version,
    )


def _money(prior: dict[str, Any], name: str) -> Money:
    return Money(round(math.exp(prior[f"prior_{name}"])), prior["prior_currency"])

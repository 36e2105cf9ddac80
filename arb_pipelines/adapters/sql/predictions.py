"""The champion model's latest answer for each product, condition and outlet.

What belongs here: the predictions repository.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Engine, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import as_frame, insert_frame
from arb_pipelines.adapters.sql.tables import price_predictions
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction

KEY = ["product_id", "condition", "outlet"]
PREDICTION_SCHEMA: dict[str, pl.DataType] = {
    "product_id": pl.String(),
    "condition": pl.String(),
    "outlet": pl.String(),
    "low_minor": pl.Int64(),
    "middle_minor": pl.Int64(),
    "high_minor": pl.Int64(),
    "currency": pl.String(),
    "days_to_sell": pl.Float64(),
    "sold_within_30_days": pl.Float64(),
    "model_version": pl.String(),
    "predicted_at": pl.Datetime("us", "UTC"),
    "abstained": pl.String(),
    "sold_within_60_days": pl.Float64(),
    "sold_within_90_days": pl.Float64(),
}


class SqlPredictions:
    """Fulfils `domain.stores.Predictions`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def replace(self, predictions: Sequence[PricePrediction]) -> int:
        """Store the predictions, replacing those of the same product, condition and outlet; return how many.

        Raises:
            ValueError: the three prices of a prediction are in different currencies.
        """
        frame = pl.DataFrame([_row(p) for p in predictions], schema=PREDICTION_SCHEMA, orient="row")
        frame = frame.unique(KEY, keep="last", maintain_order=True).sort(KEY)
        with money_transaction(self._engine) as connection:
            return insert_frame(connection, price_predictions, as_frame(frame, PREDICTION_SCHEMA), _replace)

    def load(self) -> dict[tuple[str, str, str], PricePrediction]:
        """Return the predictions by (product_id, condition, outlet)."""
        with self._engine.connect() as connection:
            found = [prediction_of(row) for row in connection.execute(select(price_predictions)).mappings()]
        return {(p.product_id, p.condition, p.outlet): p for p in found}


def _replace(insert: Any) -> Any:
    changed = {name: insert.excluded[name] for name in PREDICTION_SCHEMA if name not in KEY}
    return insert.on_conflict_do_update(index_elements=KEY, set_=changed)


def _row(p: PricePrediction) -> tuple[object, ...]:
    prices = [p.low, p.middle, p.high]
    currencies = {price.currency for price in prices if price is not None}
    if len(currencies) > 1:
        raise ValueError(f"prediction for {p.product_id} mixes currencies: {sorted(currencies)}")
    minors = [None if price is None else price.minor for price in prices]
    currency = next(iter(currencies), None)
    key = (p.product_id, p.condition, p.outlet)
    return (
        *key,
        *minors,
        currency,
        p.days_to_sell,
        p.sold_within_30_days,
        p.model_version,
        p.predicted_at,
        p.abstained,
        p.sold_within_60_days,
        p.sold_within_90_days,
    )


def prediction_of(row: Mapping[Any, Any]) -> PricePrediction:
    """Return the prediction that a row keeps."""

    def money(name: str) -> Money | None:
        return None if row[name] is None else Money(row[name], row["currency"])

    return PricePrediction(
        product_id=row["product_id"],
        condition=row["condition"],
        outlet=row["outlet"],
        low=money("low_minor"),
        middle=money("middle_minor"),
        high=money("high_minor"),
        days_to_sell=row["days_to_sell"],
        sold_within_30_days=row["sold_within_30_days"],
        model_version=row["model_version"],
        predicted_at=row["predicted_at"],
        abstained=row["abstained"],
        sold_within_60_days=row["sold_within_60_days"],
        sold_within_90_days=row["sold_within_90_days"],
    )

"""`GET /api/products/{product_id}/history`: what shops asked, bounded however long the range, with the model beside.

What belongs here: the route. The sampling is `adapters/sql/history_samples.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import ApiContext, context_of
from arb_pipelines.api.hot_reads import HISTORY
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.api.short_routes import JSON_TYPE, short_route
from arb_pipelines.api.words import Id, utc
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.money import Money, minor_texts
from arb_pipelines.domain.pages import OfferHistory, ProductPrices
from arb_pipelines.domain.price import PricePrediction

router = APIRouter(prefix="/api/products", tags=["products"])
USUAL_RANGE, LONGEST_RANGE = timedelta(days=90), timedelta(days=3_660)
EXAMPLE: dict[str, Any] = {"at": "2026-05-01T12:00:00Z", "price": "12.99"}


class PricePoint(BaseModel):
    """The last reading of an interval."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    at: datetime
    price: str


class OfferDocument(BaseModel):
    """One shop's offer of the product; an interval without a reading has no point."""

    offer_key: str
    site: str
    url: str = Field(description="As the shop gave it; not checked, so show it as text.")
    currency: str | None = Field(description="Null without points.")
    points: list[PricePoint]


class PredictionDocument(BaseModel):
    """What one unit will sell for: `low` to `high` is an 80 % prediction interval; null where the model abstains."""

    condition: str
    outlet: str
    currency: str | None
    low: str | None
    middle: str | None
    high: str | None
    days_to_sell: float | None
    sold_within_30_days: float | None
    sold_within_60_days: float | None
    sold_within_90_days: float | None
    abstained: str | None
    model_version: str
    predicted_at: datetime


class ProductHistory(BaseModel):
    """A product's prices, `most_points` at most over all offers."""

    product_id: str
    title: str | None
    start: datetime
    end: datetime
    interval_s: float = Field(description="Each point is the last reading of an interval of this width, s.")
    offers: list[OfferDocument]
    offers_left_out: int = Field(description="Offers beyond those that the bound has room for.")
    predictions: list[PredictionDocument]


class Range(BaseModel):
    """The query of a history."""

    start: datetime | None = None
    end: datetime | None = None
    most_points: Annotated[int, Field(ge=12, le=2000)] = 300


@short_route(
    router, "/{product_id}/history", methods=["GET"], summary="A product's prices", response_model=ProductHistory
)
def product_history(
    request: Request,
    product_id: Annotated[Id, Path()],
    asked: Annotated[Range, Query()],
    _who: Annotated[Principal, Depends(require_for(Act.READ))],
) -> Response:
    """Show what shops asked from `start` (90 days ago) to `end` (now), and what the model predicts."""
    context = context_of(request)
    last = utc(asked.end) if asked.end else context.now()
    first = utc(asked.start) if asked.start else last - USUAL_RANGE
    if not timedelta(0) < last - first <= LONGEST_RANGE:
        raise ProblemError(422, "bad_range", f"start lies before end, by {LONGEST_RANGE.days} days at most")
    name = f"history?{orjson.dumps([product_id, asked.start, asked.end, asked.most_points]).decode()}"
    text = context.hot.get(HISTORY, name, lambda: _history(context, product_id, first, last, asked.most_points))
    return Response(text, media_type=JSON_TYPE)


def _history(context: ApiContext, product_id: str, first: datetime, last: datetime, most_points: int) -> str:
    found = context.books.pages.load_history(product_id, first, last, most_points)
    if found is None:
        raise ProblemError(404, "no_such_product", f"there is no product {product_id!r}")
    told = _document(found) | {"start": first, "end": last}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


def _document(found: ProductPrices) -> dict[str, Any]:
    plain = {name: getattr(found, name) for name in ("product_id", "title", "interval_s", "offers_left_out")}
    offers = [_offer(offer) for offer in found.offers]
    return plain | {"offers": offers, "predictions": [_prediction(one) for one in found.predictions]}


def _offer(offer: OfferHistory) -> dict[str, Any]:
    prices = minor_texts((minor for _, minor in offer.points), offer.currency or "")
    points = [{"at": at, "price": price} for (at, _), price in zip(offer.points, prices, strict=True)]
    return {
        "offer_key": offer.offer_key,
        "site": offer.site,
        "url": offer.url,
        "currency": offer.currency,
        "points": points,
    }


def _prediction(one: PricePrediction) -> dict[str, Any]:
    names = set(PredictionDocument.model_fields) - {"currency", "low", "middle", "high"}
    prices: dict[str, Money | None] = {"low": one.low, "middle": one.middle, "high": one.high}
    told = {name: price.text if price is not None else None for name, price in prices.items()}
    currency = next((price.currency for price in prices.values() if price is not None), None)
    return {name: getattr(one, name) for name in names} | told | {"currency": currency}

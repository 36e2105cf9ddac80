"""Our own history once more: the offers, prices and model of each moment, through the live decision code.

What belongs here: walking time forward and finding what became of each purchase. Nothing observed, sold or learnt at
or after a moment is looked at when it is decided; only the outcome is. Matches of offers to products are those of
today: the books keep one match an offer, not its past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.backtest.ledger import LEDGER_SCHEMA
from arb_pipelines.backtest.pair_trades import Replayed
from arb_pipelines.domain.fees import FeeCurve, load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.scoring import Lookup, score_offers
from arb_pipelines.domain.scoring_rules import BuyingRules

DAY = timedelta(days=1)

Predict = Callable[[datetime], Lookup]


@dataclass(frozen=True, slots=True)
class Past:
    """What the books hold: observations (POINT_SCHEMA, `product_id`) and sales (`product_id`, SALE_SCHEMA)."""

    points: pl.DataFrame
    sales: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, how often offers are looked at, and how often the model is trained anew."""

    start: datetime
    end: datetime
    step: timedelta
    retrain: timedelta

    def moments(self) -> Iterator[datetime]:
        """Yield the moments of decision."""
        moment = self.start + self.step
        while moment <= self.end:
            yield moment
            moment += self.step


def replay_history(past: Past, predict: Predict, rules: BuyingRules, span: Span) -> Replayed:
    """Return what would have been bought, one unit of a product at a time, and what became of it.

    A unit is taken to sell at the price of the first comparable sale (product, condition, outlet) at or after the
    predicted time to sell; without one its sale is unknown.

    Args:
        past: the books' content, until after the span, so that outcomes are known.
        predict: gives the predictions of a model that knows only what lay before the moment it is given.
        rules: what an offer must pass; readings are at most one step old.
        span: the moments of decision.
    """
    held_to = replace(rules, max_age=max(rules.max_age, span.step))
    lines: list[tuple[Any, ...]] = []
    refused: Counter[str] = Counter()
    free_at: dict[str, datetime] = {}
    predictions: Lookup = {}
    trained_at: datetime | None = None
    for moment in span.moments():
        if trained_at is None or moment - trained_at >= span.retrain:
            predictions, trained_at = predict(moment), moment
        offers = list(offers_at(past.points, moment, span.step))
        fresh = {key: replace(found, predicted_at=moment) for key, found in predictions.items()}
        found, no = score_offers(offers, fresh, load_schedules(), held_to, moment)
        refused.update(refusal.code for refusal in no)
        for deal in found:
            if free_at.get(deal.product_id, moment) > moment:
                refused["one_at_a_time"] += 1
                continue
            category = next(offer.category for offer in offers if offer.offer_key == deal.offer_key)
            lines.append(_line(deal, category, fresh, past.sales, held_to))
            free_at[deal.product_id] = lines[-1][1] or span.end + DAY
    return Replayed(pl.DataFrame(lines, schema=LEDGER_SCHEMA, orient="row"), dict(sorted(refused.items())))


def offers_at(points: pl.DataFrame, moment: datetime, window: timedelta) -> Iterator[Offer]:
    """Yield the latest reading of each offer in the `window` before `moment`, with how many readings agree with it."""
    seen = points.filter(pl.col("observed_at") < moment).sort("observed_at", "scrape_id")
    last = seen.filter(pl.col("observed_at") >= moment - window).unique("offer_key", keep="last", maintain_order=True)
    agreeing = seen.group_by("offer_key", "price_minor", "currency").agg(reads=pl.len())
    for row in last.join(agreeing, on=["offer_key", "price_minor", "currency"]).iter_rows(named=True):
        yield _offer(row)


def _offer(row: Mapping[str, Any]) -> Offer:
    shipping, availability = row["shipping_minor"], row["availability"]
    return Offer(
        offer_key=row["offer_key"],
        site=row["site"],
        url=row["url"],
        sku=row["sku"],
        title=row["title"],
        category=row["category"],
        product_id=row["product_id"],
        match="stored" if row["product_id"] else None,
        price=Money(row["price_minor"], row["currency"]),
        shipping=None if shipping is None else Money(shipping, row["currency"]),
        availability=None if availability is None else Availability(availability),
        condition=row["condition"],
        observed_at=row["observed_at"],
        scrape_id=row["scrape_id"],
        agreeing_reads=row["reads"],
        brand=row["brand"],
        gtin=row["gtin"],
    )


def _line(
    deal: Opportunity, category: str | None, predictions: Lookup, sales: pl.DataFrame, rules: BuyingRules
) -> tuple[Any, ...]:
    prediction = predictions[(deal.product_id, deal.condition, deal.outlet)]
    terms = next(terms for terms in (rules.terms, *rules.other_outlets) if terms.outlet == deal.outlet)
    curve = terms.curve(load_schedules(), category, deal.decided_at.date())
    postage = terms.postage.minor if terms.postage else 0
    sold_at, sold = first_sale(sales, deal, deal.decided_at + DAY * deal.days_to_sell)
    days = None if sold_at is None else (sold_at - deal.decided_at) / DAY
    prices = [_minor(price) for price in (prediction.low, prediction.middle, prediction.high)]
    return (
        deal.decided_at,
        sold_at,
        deal.product_id,
        deal.title,
        deal.site,
        deal.landed_cost.currency,
        deal.landed_cost.minor,
        *prices,
        _net(curve, prices[1], postage),
        sold,
        _net(curve, sold, postage),
        deal.days_to_sell,
        days,
    )


def first_sale(sales: pl.DataFrame, deal: Opportunity, since: datetime) -> tuple[datetime | None, int | None]:
    """Return when the first comparable sale at or after `since` was and its price in minor units, or two Nones."""
    alike = sales.filter(
        pl.col("product_id") == deal.product_id,
        pl.col("condition") == deal.condition,
        pl.col("outlet") == deal.outlet,
        pl.col("currency") == deal.landed_cost.currency,
        pl.col("sold_at") >= since,
    ).sort("sold_at", "sale_id")
    if alike.is_empty():
        return None, None
    row = alike.row(0, named=True)
    return row["sold_at"], row["price_minor"]


def _minor(price: Money | None) -> int | None:
    return None if price is None else price.minor


def _net(curve: FeeCurve, price: int | None, postage: int) -> int | None:
    return None if price is None else curve.net(price) - postage


def with_prediction_keys(predictions: list[PricePrediction]) -> Lookup:
    """Return predictions by (product_id, condition, outlet)."""
    return {(found.product_id, found.condition, found.outlet): found for found in predictions}

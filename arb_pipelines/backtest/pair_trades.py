"""Price gaps between two shops put through the decision code of the live trade, before and after the haircut.

What belongs here: what a gap is as an offer and a prediction, the buying rules it is held to, and its line in the
ledger. The rules are `domain/scoring_rules.py`, the money `domain/fees.py`: nothing is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from arb_pipelines.backtest.ledger import LEDGER_SCHEMA
from arb_pipelines.domain.fees import SaleOptions, load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.scoring import score_offer
from arb_pipelines.domain.scoring_rules import BuyingRules
from arb_pipelines.domain.site import Site, SiteClass

UNIT = "USD"  # such histories name no currency; only one is in them, so any with two decimals does
OUTLET = "other_shop"
CONDITION = "new"
# Pairs that promise more than this are two different things: of real ones nearly all were mismatches.
MAX_PROMISE = 3.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """The ledger (LEDGER_SCHEMA) of the gaps that were bought, and how many were refused for which reason."""

    ledger: pl.DataFrame
    refused: dict[str, int] = field(default_factory=dict)


def pair_rules(stores: Iterable[str], cost_share: Decimal, min_roi: Decimal) -> BuyingRules:
    """Return rules for buying at any of these shops and selling at a flat cost share; the rest as in the live trade."""
    terms = OutletTerms(
        outlet=OUTLET,
        currency=UNIT,
        fee_channel="generic",
        other_category="most",
        buyer_tax_rate=Decimal(0),
        options=SaleOptions(rate=cost_share, fixed_fee=Money.zero(UNIT)),
    )
    sites = {
        store: Site(key=store, name=store, url="", site_class=SiteClass.PERMITTED, tax_rate=Decimal(0))
        for store in stores
    }
    return BuyingRules(terms=terms, sites=sites, min_profit=Money(1, UNIT), min_roi=min_roi, category_required=False)


def replay_pairs(gaps: pl.DataFrame, days: int, rules: BuyingRules, *, low: str, middle: str) -> Replayed:
    """Put each gap through the decision code and return what was bought, with its outcome after `days`.

    Args:
        gaps: as `pairs.find_gaps` gives them, with `sale_minor_<days>`.
        days: between buying and selling.
        rules: as `pair_rules` gives them.
        low: column of the predicted low price at the sale; null refuses the gap (`no_prediction`).
        middle: column of the expected price at the sale.
    """
    schedules, lines, refused = load_schedules(), [], Counter[str]()
    for row in gaps.iter_rows(named=True):
        if row[low] is None:
            refused["no_prediction"] += 1
            continue
        curve = rules.terms.curve(schedules, None, row["found_on"])
        net = curve.net(row[middle])
        if net > (1 + MAX_PROMISE) * row["ask_minor"]:
            refused["promise_too_large"] += 1
            continue
        offer, prediction = _offer(row), _prediction(row, days, row[low], row[middle])
        key = (prediction.product_id, prediction.condition, prediction.outlet)
        scored = score_offer(offer, {key: prediction}, schedules, rules, _at(row["found_on"]))
        if not isinstance(scored, Opportunity):
            refused[scored.code] += 1
            continue
        sold = row[f"sale_minor_{days}"]
        realised = None if sold is None else curve.net(sold)
        lines.append(_line(row, days, scored, prediction, (net, sold, realised)))
    return Replayed(pl.DataFrame(lines, schema=LEDGER_SCHEMA, orient="row"), dict(sorted(refused.items())))


def _at(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _offer(row: dict[str, Any]) -> Offer:
    """Return the buying shop's price as an offer; each day that it stood is a reading that agrees."""
    return Offer(
        offer_key=f"{row['buy_store']}|{row['key']}",
        site=row["buy_store"],
        url="",
        sku=None,
        title=row["key"],
        category=None,
        product_id=row["key"],
        match="exact_name",
        price=Money(row["ask_minor"], UNIT),
        shipping=Money.zero(UNIT),
        availability=Availability.IN_STOCK,
        condition=CONDITION,
        observed_at=_at(row["found_on"]),
        scrape_id=f"{row['row']}",
        agreeing_reads=1 + (row["found_on"] - row["ask_since_on"]).days,
    )


def _prediction(row: dict[str, Any], days: int, low: int, middle: int) -> PricePrediction:
    return PricePrediction(
        product_id=row["key"],
        condition=CONDITION,
        outlet=OUTLET,
        low=Money(min(low, middle), UNIT),
        middle=Money(middle, UNIT),
        high=Money(middle, UNIT),
        days_to_sell=float(days),
        sold_within_30_days=1.0,
        model_version="haircut",
        predicted_at=_at(row["found_on"]),
    )


def _line(
    row: dict[str, Any],
    days: int,
    scored: Opportunity,
    prediction: PricePrediction,
    nets: tuple[int, int | None, int | None],
) -> tuple[Any, ...]:
    expected, sold, realised = nets
    bought_at = _at(row["found_on"])
    assert prediction.low is not None
    assert prediction.middle is not None
    return (
        bought_at,
        None if sold is None else bought_at + timedelta(days=days),
        row["key"],
        row["key"],
        f"{row['buy_store']} to {row['sell_store']}",
        UNIT,
        scored.landed_cost.minor,
        prediction.low.minor,
        prediction.middle.minor,
        None,
        expected,
        sold,
        realised,
        float(days),
        None if sold is None else float(days),
    )

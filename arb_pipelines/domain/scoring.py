"""Scoring an offer: through the rules, then the money; an opportunity with its decision record or a reason comes out.

What belongs here: the pure decision. The rules are `scoring_rules.py`, fees and landed cost their own modules;
nothing here reads or writes anything. The sale is expected at the model's low quantile, so that the margin does
not hang on the middle of a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from arb_pipelines.domain.decision_record import DecisionRecord
from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules, MaxCost, Targets, expected_net, max_cost
from arb_pipelines.domain.landed_cost import CostRefusal, PurchaseTerms, landed_cost
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.scoring_rules import RULES, BuyingRules, Case
from arb_pipelines.domain.spend_limit import Refusal

__all__ = ["BuyingRules", "opportunity_id", "score_offer", "score_offers"]

Lookup = Mapping[tuple[str, str, str], PricePrediction]


class Cap(NamedTuple):
    """The most that a product may cost, and the ledger of the sale that this rests on."""

    most: MaxCost
    net: DecisionRecord


# One answer a product, condition and category; an offer's own numbers do not enter it.
Caps = dict[tuple[object, ...], Cap | Refusal]

RATIO = Decimal("0.0001")


def opportunity_id(offer_key: str, scrape_id: str) -> str:
    """Return the id of the decision on one reading of one offer; deciding again gives the same id."""
    return hashlib.sha256(f"{offer_key}|{scrape_id}".encode()).hexdigest()[:32]


def score_offers(
    offers: Iterable[Offer], predictions: Lookup, schedules: FeeSchedules, rules: BuyingRules, now: datetime
) -> tuple[list[Opportunity], list[RefusedOffer]]:
    """Return the opportunities among `offers`, best profit a day first, and the refusals in order."""
    found: list[Opportunity] = []
    refused: list[RefusedOffer] = []
    caps: Caps = {}
    for offer in offers:
        scored = _score(offer, predictions, schedules, rules, now, caps)
        if isinstance(scored, Opportunity):
            found.append(scored)
        else:
            refused.append(RefusedOffer(offer.offer_key, scored.code, scored.detail, now))
    found.sort(key=lambda opportunity: (-opportunity.profit_per_day, opportunity.opportunity_id))
    return found, refused


def score_offer(
    offer: Offer, predictions: Lookup, schedules: FeeSchedules, rules: BuyingRules, now: datetime
) -> Opportunity | RefusedOffer:
    """Return the opportunity that an offer is, or why it is not one.

    Args:
        offer: the latest reading of one shop's offer.
        predictions: the model's answers by (product_id, condition, outlet).
        schedules: the fee schedules.
        rules: what must hold.
        now: aware UTC.
    """
    scored = _score(offer, predictions, schedules, rules, now, {})
    if isinstance(scored, Opportunity):
        return scored
    return RefusedOffer(offer.offer_key, scored.code, scored.detail, now)


def _score(
    offer: Offer, predictions: Lookup, schedules: FeeSchedules, rules: BuyingRules, now: datetime, caps: Caps
) -> Opportunity | Refusal:
    key = (offer.product_id or "", offer.condition or "", rules.terms.outlet)
    case = Case(offer, rules.sites.get(offer.site), predictions.get(key), rules, now)
    for rule in RULES:
        refusal = rule(case)
        if refusal is not None:
            return refusal
    cap = _cap(case, schedules, caps)
    if isinstance(cap, Refusal):
        return cap
    assert offer.shipping is not None, "refuse_cost_unknown let an unknown shipping price pass"
    # Tax only adds to this, so most offers need no landed cost to be refused.
    refusal = _refuse_margin(offer.price + offer.shipping, cap.most, rules)
    if refusal is not None:
        return refusal
    try:
        cost = landed_cost(offer.price, _purchase_terms(case))
    except CostRefusal as unknown:
        return Refusal(unknown.code, str(unknown))
    return _refuse_margin(cost.total, cap.most, rules) or _opportunity(case, cap, cost)


def _cap(case: Case, schedules: FeeSchedules, caps: Caps) -> Cap | Refusal:
    """Return the most that the product may cost, remembered for the other offers of the same product."""
    key = (case.offer.product_id, case.offer.condition, case.offer.category)
    if key not in caps:
        caps[key] = _find_cap(case, schedules)
    return caps[key]


def _find_cap(case: Case, schedules: FeeSchedules) -> Cap | Refusal:
    terms, rules = case.rules.terms, case.rules
    targets = Targets(roi=rules.min_roi, profit=rules.min_profit)
    low = _prediction(case).low
    assert low is not None, "refuse_unpredicted let a prediction without prices pass"
    try:
        curve = terms.curve(schedules, case.offer.category, case.now.date())
        most = max_cost(curve, low, targets, returns=terms.returns, extra=terms.postage)
        if terms.returns is not None:
            return Cap(most, expected_net(curve, most.price, terms.returns))
        return Cap(most, curve.quote(most.price).net_record())
    except FeeRefusal as refusal:
        code = "profit_low" if refusal.code == "not_worth_buying" else "fee_unknown"
        return Refusal(code, str(refusal))


def _prediction(case: Case) -> PricePrediction:
    assert case.prediction is not None, "refuse_unpredicted let an unpredicted offer pass"
    return case.prediction


def _purchase_terms(case: Case) -> PurchaseTerms:
    assert case.site is not None, "refuse_site let an undeclared site pass"
    return PurchaseTerms(
        tax_rate=case.site.tax_rate, shipping_in=case.offer.shipping, tax_recoverable=case.site.tax_recoverable
    )


def _refuse_margin(cost: Money, cap: MaxCost, rules: BuyingRules) -> Refusal | None:
    profit = cap.expected_net - cost
    if profit < rules.min_profit:
        return Refusal("profit_low", f"{profit} expected, at least {rules.min_profit}")
    if cost > cap.cost or cost.minor <= 0:
        return Refusal("roi_low", f"landed cost {cost} for {profit} profit, at most {cap.cost} keeps the least ROI")
    return None


def _opportunity(case: Case, cap: Cap, cost: DecisionRecord) -> Opportunity:
    offer, prediction = case.offer, _prediction(case)
    days = prediction.days_to_sell
    assert offer.product_id is not None, "refuse_unmatched let an unmatched offer pass"
    assert offer.condition is not None, "refuse_condition let an unknown condition pass"
    assert days is not None, "refuse_slow let an unknown time pass"
    most = cap.most
    profit = most.expected_net - cost.total
    return Opportunity(
        opportunity_id=opportunity_id(offer.offer_key, offer.scrape_id),
        offer_key=offer.offer_key,
        site=offer.site,
        url=offer.url,
        sku=offer.sku,
        title=offer.title,
        product_id=offer.product_id,
        condition=offer.condition,
        outlet=case.rules.terms.outlet,
        item_price=offer.price,
        landed_cost=cost.total,
        expected_sale=most.price,
        expected_net=most.expected_net,
        expected_profit=profit,
        max_cost=most.cost,
        roi=(Decimal(profit.minor) / cost.total.minor).quantize(RATIO),
        days_to_sell=days,
        profit_per_day=(profit.amount / max(Decimal(repr(days)), Decimal(1))).quantize(RATIO),
        model_version=prediction.model_version,
        scrape_id=offer.scrape_id,
        observed_at=offer.observed_at,
        decided_at=case.now,
        record=_record(case, cap, cost),
    )


def _record(case: Case, cap: Cap, cost: DecisionRecord) -> dict[str, Any]:
    """Return every input and every subtraction of the decision, ready for JSON."""
    offer, prediction, rules = case.offer, _prediction(case), case.rules
    return {
        "offer": {"match": offer.match, "category": offer.category, "agreeing_reads": offer.agreeing_reads},
        "prediction": {
            "low": prediction.low.text if prediction.low else None,
            "middle": prediction.middle.text if prediction.middle else None,
            "high": prediction.high.text if prediction.high else None,
            "sold_within_30_days": prediction.sold_within_30_days,
            "predicted_at": prediction.predicted_at.isoformat(),
            "model_version": prediction.model_version,
        },
        "landed_cost": cost.to_json(),
        "net": cap.net.to_json(),
        "postage": rules.terms.postage.text if rules.terms.postage else None,
        "max_cost": {
            "cost": cap.most.cost.text,
            "decided_by": cap.most.decided_by,
            "bounds": {name: bound.text for name, bound in cap.most.bounds},
        },
        "rules": {"min_roi": str(rules.min_roi), "min_profit": rules.min_profit.text},
    }

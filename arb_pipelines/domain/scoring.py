"""Scoring an offer: through the rules, then the money; an opportunity with its decision record or a reason comes out.

What belongs here: the pure decision. The rules are `scoring_rules.py`, fees and landed cost their own modules, what is
kept of a yes `scoring_record.py`; nothing here reads or writes anything. The sale is expected at the model's low
quantile, so that the margin does not hang on the middle of a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules, MaxCost, Targets, expected_net, max_cost
from arb_pipelines.domain.landed_cost import CostRefusal, PurchaseTerms, landed_cost
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.scoring_record import Cap, Scored, build_opportunity, opportunity_id
from arb_pipelines.domain.scoring_rules import OFFER_RULES, OUTLET_RULES, BuyingRules, Case
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.trade_rules import Deal

__all__ = ["BuyingRules", "opportunity_id", "score_offer", "score_offers"]

Lookup = Mapping[tuple[str, str, str], PricePrediction]

# One answer an outlet, product, condition, category and low price; the rest of an offer does not enter it.
Caps = dict[tuple[object, ...], Cap | Refusal]


def score_offers(
    offers: Iterable[Offer], predictions: Lookup, schedules: FeeSchedules, rules: BuyingRules, now: datetime
) -> tuple[list[Opportunity], list[RefusedOffer]]:
    """Return the opportunities among `offers`, best profit per dollar-day first, and the refusals in order."""
    found: list[Opportunity] = []
    refused: list[RefusedOffer] = []
    caps: Caps = {}
    for offer in offers:
        scored = _score(offer, predictions, schedules, rules, now, caps)
        if isinstance(scored, Opportunity):
            found.append(scored)
        else:
            refused.append(RefusedOffer(offer.offer_key, scored.code, scored.detail, now))
    found.sort(key=lambda opportunity: (-opportunity.profit_per_dollar_day, opportunity.opportunity_id))
    return found, refused


def score_offer(
    offer: Offer, predictions: Lookup, schedules: FeeSchedules, rules: BuyingRules, now: datetime
) -> Opportunity | RefusedOffer:
    """Return the opportunity that an offer is at the best outlet, or why it is not one.

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
    outlets = (rules.terms, *rules.other_outlets)
    cases = [_case(offer, terms, predictions, rules, now) for terms in outlets]
    for rule in OFFER_RULES:
        refusal = rule(cases[0])
        if refusal is not None:
            return refusal
    answers = {case.terms.outlet: _score_at(case, schedules, caps) for case in cases}
    found = [answer for answer in answers.values() if isinstance(answer, Scored)]
    if found:
        return build_opportunity(max(found, key=lambda scored: scored.profit_per_day), answers)
    return next(answer for answer in answers.values() if isinstance(answer, Refusal))


def _case(offer: Offer, terms: OutletTerms, predictions: Lookup, rules: BuyingRules, now: datetime) -> Case:
    prediction = predictions.get((offer.product_id or "", offer.condition or "", terms.outlet))
    if prediction is not None and rules.calibrate is not None:
        prediction = rules.calibrate(offer, prediction)
    return Case(offer, rules.sites.get(offer.site), prediction, rules, now, terms)


def _score_at(case: Case, schedules: FeeSchedules, caps: Caps) -> Scored | Refusal:
    for rule in OUTLET_RULES:
        refusal = rule(case)
        if refusal is not None:
            return refusal
    cap = _cap(case, schedules, caps)
    return cap if isinstance(cap, Refusal) else _weigh(case, cap)


def _weigh(case: Case, cap: Cap) -> Scored | Refusal:
    """Hold the landed cost against the cap, then the deal against the preset's own rules."""
    offer = case.offer
    assert offer.shipping is not None, "refuse_cost_unknown let an unknown shipping price pass"
    # Tax only adds to this, so most offers need no landed cost to be refused.
    refusal = _refuse_margin(offer.price + offer.shipping, cap.most, case.rules)
    if refusal is not None:
        return refusal
    try:
        cost = landed_cost(offer.price, _purchase_terms(case))
    except CostRefusal as unknown:
        return Refusal(unknown.code, str(unknown))
    refusal = _refuse_margin(cost.total, cap.most, case.rules)
    if refusal is not None:
        return refusal
    profit = cap.most.expected_net - cost.total
    doubt = case.rules.denied.doubt_recalled(offer.gtin, offer.brand, offer.title)
    deal = Deal(offer, _prediction(case), case.market, cost.total, profit, cap.most.price, doubt)
    spoken = (rule(deal) for rule in case.rules.trade_rules.values())
    return next((refusal for refusal in spoken if refusal is not None), Scored(case, cap, cost, deal))


def _cap(case: Case, schedules: FeeSchedules, caps: Caps) -> Cap | Refusal:
    """Return the most that the product may cost, remembered for the other offers of the same product."""
    offer = case.offer
    key = (case.terms.outlet, offer.product_id, offer.condition, offer.category, _prediction(case).low)
    if key not in caps:
        caps[key] = _find_cap(case, schedules)
    return caps[key]


def _find_cap(case: Case, schedules: FeeSchedules) -> Cap | Refusal:
    terms, rules = case.terms, case.rules
    targets = Targets(roi=rules.min_roi, profit=rules.min_profit, margin=rules.min_margin)
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
    if cost <= cap.cost and cost.minor > 0:
        return None
    detail = f"landed cost {cost} for {profit} profit, at most {cap.cost} keeps the least {cap.decided_by}"
    return Refusal("margin_low" if cap.decided_by == "margin" else "roi_low", detail)

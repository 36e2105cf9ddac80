"""What is kept of a yes: the opportunity and its decision record, from which every cent can be followed.

What belongs here: putting a scored offer into words. Scoring is `scoring.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from arb_pipelines.domain.decision_record import DecisionRecord
from arb_pipelines.domain.fees import MaxCost
from arb_pipelines.domain.market_view import MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.price import PricePrediction, SelectionNote
from arb_pipelines.domain.risk_flags import risk_flags
from arb_pipelines.domain.scoring_rules import Case
from arb_pipelines.domain.spend_limit import Refusal, spend_key
from arb_pipelines.domain.trade_rules import Deal, days_with_a_sale, sold_within

RATIO = Decimal("0.0001")


class Cap(NamedTuple):
    """The most that a product may cost, and the ledger of the sale that this rests on."""

    most: MaxCost
    net: DecisionRecord


class Scored(NamedTuple):
    """An offer that passed every rule at one outlet."""

    case: Case
    cap: Cap
    cost: DecisionRecord
    deal: Deal

    @property
    def profit_per_day(self) -> Decimal:
        """The expected profit over the expected days, at least one."""
        days = self.deal.prediction.days_to_sell
        assert days is not None, "refuse_slow let an unknown time pass"
        return (self.deal.profit.amount / max(Decimal(repr(days)), Decimal(1))).quantize(RATIO)


Answers = Mapping[str, Scored | Refusal]  # by outlet


def opportunity_id(offer_key: str, scrape_id: str) -> str:
    """Return the id of the decision on one reading of one offer; deciding again gives the same id."""
    return hashlib.sha256(f"{offer_key}|{scrape_id}".encode()).hexdigest()[:32]


def build_opportunity(scored: Scored, answers: Answers) -> Opportunity:
    """Return the opportunity with its decision record.

    Args:
        scored: the offer at its best outlet.
        answers: what came out at every outlet, that one included.
    """
    case, most, deal = scored.case, scored.cap.most, scored.deal
    offer, days = case.offer, deal.prediction.days_to_sell
    assert offer.product_id is not None, "refuse_unmatched let an unmatched offer pass"
    assert offer.condition is not None, "refuse_condition let an unknown condition pass"
    assert days is not None, "refuse_slow let an unknown time pass"
    return Opportunity(
        opportunity_id=opportunity_id(offer.offer_key, offer.scrape_id),
        offer_key=offer.offer_key,
        site=offer.site,
        url=offer.url,
        sku=offer.sku,
        title=offer.title,
        product_id=offer.product_id,
        condition=offer.condition,
        outlet=case.terms.outlet,
        item_price=offer.price,
        landed_cost=deal.cost,
        expected_sale=most.price,
        expected_net=most.expected_net,
        expected_profit=deal.profit,
        max_cost=most.cost,
        roi=(Decimal(deal.profit.minor) / deal.cost.minor).quantize(RATIO),
        days_to_sell=days,
        profit_per_day=scored.profit_per_day,
        model_version=deal.prediction.model_version,
        scrape_id=offer.scrape_id,
        observed_at=offer.observed_at,
        decided_at=case.now,
        record=_record(scored, answers),
        brand=spend_key(offer.brand),
        category=spend_key(offer.category),
        horizon_days=case.rules.horizon_days,
        sold_within_horizon=sold_within(deal.prediction, case.rules.horizon_days),
        risk_flags=risk_flags(deal),
    )


def _record(scored: Scored, answers: Answers) -> dict[str, Any]:
    """Return every input and every subtraction of the decision, ready for JSON."""
    case, cap, deal = scored.case, scored.cap, scored.deal
    rules, terms = case.rules, case.terms
    return {
        "offer": _offer(case),
        "prediction": _prediction(deal.prediction),
        "selection": _selection(deal.prediction.selection),
        "market": _market(deal.market),
        "landed_cost": scored.cost.to_json(),
        "net": cap.net.to_json(),
        "schedules": _schedules(cap.net),
        "postage": terms.postage.text if terms.postage else None,
        "max_cost": {
            "cost": cap.most.cost.text,
            "decided_by": cap.most.decided_by,
            "bounds": {name: bound.text for name, bound in cap.most.bounds},
        },
        "speed": {
            "horizon_days": rules.horizon_days,
            "sold_within_horizon": sold_within(deal.prediction, rules.horizon_days),
            "days_with_a_sale_of_180": days_with_a_sale(deal.prediction),
        },
        "rules": {"min_roi": str(rules.min_roi), "min_profit": rules.min_profit.text},
        "preset": {"id": rules.preset, "rules": sorted(rules.trade_rules), "min_margin": _text(rules.min_margin)},
        "outlets": {outlet: _answer(answer) for outlet, answer in answers.items()},
        "risk_flags": list(risk_flags(deal)),
    }


def _offer(case: Case) -> dict[str, Any]:
    offer = case.offer
    return {
        "scrape_id": offer.scrape_id,
        "observed_at": offer.observed_at.isoformat(),
        "price": offer.price.text,
        "shipping": _amount(offer.shipping),
        "availability": str(offer.availability),
        "condition": offer.condition,
        "match": offer.match,
        "category": offer.category,
        "brand": offer.brand,
        "gtin": offer.gtin,
        "agreeing_reads": offer.agreeing_reads,
        "site_class": str(case.site.site_class) if case.site else None,
    }


def _prediction(prediction: PricePrediction) -> dict[str, Any]:
    return {
        "low": _amount(prediction.low),
        "middle": _amount(prediction.middle),
        "high": _amount(prediction.high),
        "days_to_sell": prediction.days_to_sell,
        "sold_within_30_days": prediction.sold_within_30_days,
        "sold_within_60_days": prediction.sold_within_60_days,
        "sold_within_90_days": prediction.sold_within_90_days,
        "predicted_at": prediction.predicted_at.isoformat(),
        "model_version": prediction.model_version,
    }


def _selection(note: SelectionNote | None) -> dict[str, Any] | None:
    """Say what the prediction was before it was corrected for having been picked."""
    if note is None:
        return None
    return {"basis": note.basis, "outcomes": note.outcomes, "low": note.low.text, "middle": note.middle.text}


def _market(market: MarketView | None) -> dict[str, Any] | None:
    if market is None:
        return None
    prices = {name: _amount(getattr(market, name)) for name in ("median", "average")}
    return {**prices, "history_days": market.history_days}


def _schedules(net: DecisionRecord) -> list[str]:
    """Name the dated data that the fees were read from."""
    return sorted({f"{line.schedule} v{line.version}" for line in net.lines if line.schedule is not None})


def _answer(answer: Scored | Refusal) -> dict[str, Any]:
    if isinstance(answer, Refusal):
        return {"refused": answer.code, "detail": answer.detail}
    return {"expected_profit": answer.deal.profit.text, "profit_per_day": str(answer.profit_per_day)}


def _amount(money: Money | None) -> str | None:
    return None if money is None else money.text


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)

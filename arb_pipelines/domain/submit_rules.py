"""What must still hold at the moment of buying: the decision is read again, and everything may have changed since.

What belongs here: the rules that need no answer of the shop, each small, named and with its reason code. The shop's
own answer is judged in `purchase.py`; switches, limits, locks and the approval are read inside the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from arb_pipelines.domain.approval import POLICY, Approval, needs_two_people
from arb_pipelines.domain.deny_list import DenyList, load_deny_list
from arb_pipelines.domain.eligibility import Eligibilities, refuse_ineligible
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.scoring_rules import CLOCK_SLACK
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import Refusal


@dataclass(frozen=True, slots=True)
class SubmitRules:
    """What a purchase is held against. `max_age` is of the reading of the price that it was decided on.

    `two_person_above` is the amount of whoever buys, not of whoever approved.
    """

    sites: Mapping[str, Site]
    max_age: timedelta = timedelta(minutes=30)
    max_prediction_age: timedelta = timedelta(days=14)
    denied: DenyList = field(default_factory=load_deny_list)
    denied_conditions: frozenset[str] = frozenset({"for_parts"})
    eligibility: Eligibilities = field(default_factory=dict)
    restricting_outlets: frozenset[str] = frozenset()
    two_person_above: Money | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    """An approval about to be used, with what our books say now; None where they say nothing."""

    approval: Approval
    decision: Opportunity
    prediction: PricePrediction | None
    match_revoked: bool
    rules: SubmitRules
    now: datetime
    refused_since: RefusedOffer | None = None


def refuse_submit(
    approval: Approval,
    decision: Opportunity | None,
    prediction: PricePrediction | None,
    rules: SubmitRules,
    now: datetime,
    *,
    match_revoked: bool = False,
    refused_since: RefusedOffer | None = None,
) -> Refusal | None:
    """Return why an approval must not be used now, or None.

    Args:
        approval: what is about to be bought.
        decision: the opportunity that was approved, as it is kept.
        prediction: the model's present answer for that product, condition and outlet.
        rules: what must hold.
        now: aware UTC.
        match_revoked: a person said meanwhile that the offer is not that product.
        refused_since: why the offer was refused when it was looked at again after its last decision, if it was.
    """
    if decision is None:
        return Refusal("decision_missing", f"the decision {approval.opportunity_id} is not in the books")
    case = Submit(approval, decision, prediction, match_revoked, rules, now, refused_since)
    return next((refusal for rule in SUBMIT_RULES if (refusal := rule(case)) is not None), None)


def refuse_other_terms(case: Submit) -> Refusal | None:
    """Buy what was decided on, and never above what the decision bears."""
    one, decided = case.approval, case.decision
    approved = (one.offer_key, one.site, one.product_id, one.condition)
    if approved != (decided.offer_key, decided.site, decided.product_id, decided.condition):
        return Refusal("decision_differs", f"approval {one.approval_id} is for something else than its decision")
    if one.ceiling.currency != decided.max_cost.currency:
        return Refusal("currency_differs", f"approved in {one.ceiling.currency}, decided in {decided.max_cost}")
    if one.ceiling > decided.max_cost:
        return Refusal("over_max_cost", f"{one.ceiling} is approved, {decided.max_cost} is the most it may cost")
    return None


def refuse_one_person(case: Submit) -> Refusal | None:
    """Above the buyer's own amount, take only approvals that were given under the rule of two people.

    Whoever approves could have switched the rule off for himself; the signatures are looked up inside the claim.
    """
    one, most = case.approval, case.rules.two_person_above
    total = one.ceiling * one.quantity
    if needs_two_people(total, most) and not needs_two_people(total, one.two_person_above):
        return Refusal("second_person_missing", f"{total} is above {most}, and one person approved it")
    return None


def refuse_site_now(case: Submit) -> Refusal | None:
    """Buy only at shops that are still declared and whose class permits it."""
    site = case.rules.sites.get(case.approval.site)
    if site is None:
        return Refusal("site_may_not_buy", f"the site {case.approval.site} is not declared")
    if not site.enabled or not site.site_class.may_buy:
        return Refusal("site_may_not_buy", f"{site.key} is {site.site_class}, enabled: {site.enabled}")
    return None


def refuse_old_reading(case: Submit) -> Refusal | None:
    """Buy on a recent reading of the price only; one from the future has a wrong clock."""
    age = case.now - case.decision.observed_at
    if not -CLOCK_SLACK <= age <= case.rules.max_age:
        return Refusal("stale_price", f"read {age} ago, at most {case.rules.max_age} is allowed when buying")
    return None


def refuse_refused_since(case: Submit) -> Refusal | None:
    """Do not buy what a later look refused: the shop may sell it in another condition now, or as another thing."""
    later = case.refused_since
    if later is None:
        return None
    return Refusal("refused_since", f"refused at {later.decided_at:%F %T} UTC: {later.code}, {later.detail}")


def refuse_revoked_match(case: Submit) -> Refusal | None:
    """Do not buy what a person said is something else."""
    if case.match_revoked:
        return Refusal("match_revoked", f"a person said that {case.approval.offer_key} is not that product")
    return None


def refuse_condition_now(case: Submit) -> Refusal | None:
    """Buy only a condition that is traded."""
    condition = case.approval.condition
    if not condition:
        return Refusal("condition_unknown", "the approval states no condition")
    if condition in case.rules.denied_conditions:
        return Refusal("condition_denied", f"{condition} is not traded")
    return None


def refuse_denied_now(case: Submit) -> Refusal | None:
    """Read the deny list again: it may have grown since the decision."""
    denied = case.rules.denied
    category = case.decision.category
    if category is not None and (found := denied.deny_category(category)):
        return Refusal("category_denied", f"{category} is denied ({found.found}): {found.reason}")
    if found := denied.deny_title(case.approval.title):
        return Refusal("title_denied", f"the title says {found.found!r}: {found.reason}")
    offer = case.decision.record.get("offer")
    gtin = offer.get("gtin") if isinstance(offer, Mapping) else None
    known = (gtin, case.decision.brand, case.approval.title)
    if found := denied.deny_recalled(*known):
        return Refusal("recalled", f"{found.found}: {found.reason}")
    doubt = denied.doubt_recalled(*known)
    if doubt is not None and case.approval.approved_by.startswith(POLICY):
        return Refusal("recall_unknown", f"{doubt}; a person must look")
    return None


def refuse_model_now(case: Submit) -> Refusal | None:
    """Buy only what the model still dares to price, and not what it now expects to lose money on."""
    prediction, decided = case.prediction, case.decision
    if prediction is None:
        return Refusal("no_prediction", "the model has no answer for this product, condition and outlet any more")
    if prediction.abstained is not None or prediction.low is None:
        return Refusal(f"model_abstains({prediction.abstained})", "the model no longer says what it will sell for")
    if case.now - prediction.predicted_at > case.rules.max_prediction_age:
        return Refusal("stale_prediction", f"predicted at {prediction.predicted_at:%F %T} UTC")
    if prediction.low.currency != decided.expected_sale.currency:
        return Refusal("currency_differs", f"predicted in {prediction.low.currency}, decided in another")
    if decided.expected_sale - prediction.low > decided.expected_profit:
        detail = f"now {prediction.low}, {decided.expected_sale} when it was decided: the profit is gone"
        return Refusal("prediction_fell", detail)
    return None


def refuse_ineligible_now(case: Submit) -> Refusal | None:
    """Ask again whether the outlet lets us sell it, where it restricts."""
    outlet = case.decision.outlet
    if outlet not in case.rules.restricting_outlets:
        return None
    key = (case.approval.product_id, case.approval.condition, outlet)
    return refuse_ineligible(case.rules.eligibility.get(key), outlet, case.now)


SUBMIT_RULES: tuple[Callable[[Submit], Refusal | None], ...] = (
    refuse_other_terms,
    refuse_one_person,
    refuse_site_now,
    refuse_old_reading,
    refuse_refused_since,
    refuse_revoked_match,
    refuse_condition_now,
    refuse_denied_now,
    refuse_model_now,
    refuse_ineligible_now,
)

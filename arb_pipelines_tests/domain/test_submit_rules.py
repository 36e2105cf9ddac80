"""The last look before buying: everything that may have changed since the decision refuses with its own code."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from arb_pipelines.domain.deny_list import DenyList
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import RefusedOffer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.recall import Recall
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.submit_rules import SubmitRules, refuse_submit
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.clock import START

SITE = Site("shop-1", "Shop", "https://shop-1.example", SiteClass.PERMITTED, tax_rate=Decimal("0.08"))
RULES = SubmitRules({"shop-1": SITE})
DECIDED = opportunity(category="kitchen", record={"offer": {"gtin": "4006381333931"}})
LEAVE = approval(DECIDED)
# The decision counted on 50.00 and 20.00 of profit.
PREDICTION = PricePrediction(
    "product-1", "new", "outlet-1", usd(5_000), usd(5_500), usd(6_000), 12.5, 0.8, "model-1", START
)


def look(
    leave: dict[str, Any] | None = None,
    decided: dict[str, Any] | None = None,
    prediction: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
    **more: Any,
) -> Refusal | None:
    return refuse_submit(
        replace(LEAVE, **(leave or {})),
        replace(DECIDED, **(decided or {})),
        replace(PREDICTION, **(prediction or {})),
        replace(RULES, **(rules or {})),
        START,
        **more,
    )


def test_what_still_holds_passes() -> None:
    assert look() is None
    assert look(prediction={"low": usd(3_000)}) is None, "the profit shrinks to nothing but not below"


NOTICE = Recall("a notice", frozenset({"4006381333931"}))
NEW_DENY = DenyList({"kitchen": "not any more"}, {"kettle": "not any more"}, (NOTICE,))
# The kettle has a GTIN, and this notice names none: only its brand could tell.
DOUBTED = DenyList(recalls=(Recall("a notice", brand="acme", models=("ab100",)),))
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("decision_differs", {"leave": {"product_id": "product-2"}}),
    ("decision_differs", {"leave": {"condition": "used"}}),
    ("currency_differs", {"leave": {"ceiling": Money(2_500, "EUR")}}),
    ("over_max_cost", {"leave": {"ceiling": usd(3_001)}}),
    ("second_person_missing", {"rules": {"two_person_above": usd(2_499)}}),
    ("second_person_missing", {"rules": {"two_person_above": usd(9)}, "leave": {"two_person_above": usd(2_500)}}),
    ("second_person_missing", {"rules": {"two_person_above": usd(2_500)}, "leave": {"quantity": 2}}),
    ("site_may_not_buy", {"rules": {"sites": {}}}),
    ("site_may_not_buy", {"rules": {"sites": {"shop-1": replace(SITE, enabled=False)}}}),
    ("site_may_not_buy", {"rules": {"sites": {"shop-1": replace(SITE, site_class=SiteClass.RESTRICTED)}}}),
    ("stale_price", {"decided": {"observed_at": START - timedelta(minutes=31)}}),
    ("stale_price", {"decided": {"observed_at": START + timedelta(minutes=3)}}),
    ("refused_since", {"refused_since": RefusedOffer("offer-1", "condition_denied", "used now", START)}),
    ("match_revoked", {"match_revoked": True}),
    ("condition_unknown", {"leave": {"condition": ""}, "decided": {"condition": ""}}),
    ("condition_denied", {"leave": {"condition": "for_parts"}, "decided": {"condition": "for_parts"}}),
    ("category_denied", {"rules": {"denied": NEW_DENY}}),
    ("title_denied", {"rules": {"denied": replace(NEW_DENY, categories={})}}),
    ("recalled", {"rules": {"denied": replace(NEW_DENY, categories={}, titles={})}}),
    (
        "recall_unknown",
        {"rules": {"denied": DOUBTED}, "leave": {"approved_by": "policy:paper"}, "decided": {"brand": "acme"}},
    ),
    ("model_abstains(too_few_sales)", {"prediction": {"abstained": "too_few_sales", "low": None}}),
    ("model_abstains(None)", {"prediction": {"low": None}}),
    ("stale_prediction", {"prediction": {"predicted_at": START - timedelta(days=15)}}),
    ("currency_differs", {"prediction": {"low": Money(5_000, "EUR")}}),
    ("prediction_fell", {"prediction": {"low": usd(2_999)}}),
    ("eligibility_unknown", {"rules": {"restricting_outlets": frozenset({"outlet-1"})}}),
]


@pytest.mark.parametrize("code, changes", REFUSED)
def test_each_rule_refuses_with_its_code(code: str, changes: dict[str, Any]) -> None:
    refusal = look(**changes)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.detail


def test_what_was_approved_under_the_rule_of_two_people_passes() -> None:
    """Whether two signed is looked up inside the claim."""
    assert look(rules={"two_person_above": usd(2_500)}) is None
    assert look(rules={"two_person_above": usd(9)}, leave={"two_person_above": usd(9)}) is None


def test_a_person_may_buy_what_may_be_recalled() -> None:
    """It was shown as a doubt; a policy may not."""
    assert look(rules={"denied": DOUBTED}, decided={"brand": "acme"}, leave={"approved_by": "person:ann"}) is None


def test_a_missing_decision_or_prediction_refuses() -> None:
    missing = refuse_submit(LEAVE, None, PREDICTION, RULES, START)
    unpriced = refuse_submit(LEAVE, DECIDED, None, RULES, START)
    assert missing is not None
    assert unpriced is not None
    assert (missing.code, unpriced.code) == ("decision_missing", "no_prediction")


def test_a_restricting_outlet_that_said_yes_passes() -> None:
    yes = Eligibility("product-1", "new", "outlet-1", Permission.ALLOWED, START)
    asked = {"restricting_outlets": frozenset({"outlet-1"}), "eligibility": {("product-1", "new", "outlet-1"): yes}}
    assert look(rules=asked) is None

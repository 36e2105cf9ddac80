"""Unknown fails closed: each field of what a decision rests on is made unknown, one at a time.

A new field that may be unknown fails here until it is said whether a decision may do without it, and why.
"""

from __future__ import annotations

import typing
from dataclasses import fields, replace
from typing import Any

import pytest

from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import BuyQuote, refuse_quote
from arb_pipelines.domain.site import Site
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.domain.test_scoring import OFFER, PREDICTION, RULES, SITE, refused_code, score

# What a decision may do without, and why; every other unknown refuses with the code beside it.
HARMLESS = {
    (Offer, "sku"): "the purchase needs it and refuses without (sku_unknown)",
    (Offer, "match"): "only the name of how the product was found",
    (Offer, "brand"): "a cap on brands refuses inside the claim (spend_limit_key_unknown); flagged",
    (Offer, "gtin"): "a recall by GTIN cannot be looked up; the product was matched in another way",
    (PricePrediction, "high"): "nothing rests on the high end; flagged as a wide interval",
    (PricePrediction, "abstained"): "None is the good case",
    (PricePrediction, "sold_within_60_days"): "the rate of the first 30 days stands in for it",
    (PricePrediction, "sold_within_90_days"): "the rate of the first 30 days stands in for it",
    (PricePrediction, "selection"): "a stored prediction has none; scoring adds it",
    (Site, "product_url_pattern"): "crawling only",
    (Site, "currency"): "each price names its own",
    (Site, "search_url"): "crawling only",
}
REFUSED = {
    (Offer, "category"): "category_unknown",
    (Offer, "product_id"): "not_matched",
    (Offer, "shipping"): "shipping_unknown",
    (Offer, "availability"): "stock_unknown",
    (Offer, "condition"): "condition_unknown",
    (PricePrediction, "low"): "prediction_odd",
    (PricePrediction, "middle"): "prediction_odd",
    (PricePrediction, "days_to_sell"): "days_unknown",
    (PricePrediction, "sold_within_30_days"): "days_unknown",
    (Site, "tax_rate"): "tax_unknown",
}


def optional_fields(kind: type[Any]) -> set[tuple[type[Any], str]]:
    hints = typing.get_type_hints(kind)
    return {(kind, field.name) for field in fields(kind) if type(None) in typing.get_args(hints[field.name])}


def test_every_field_that_may_be_unknown_is_judged() -> None:
    found = optional_fields(Offer) | optional_fields(PricePrediction) | optional_fields(Site)
    assert found == set(HARMLESS) | set(REFUSED)


def changed(kind: type[Any], name: str) -> dict[str, Any]:
    unknown: dict[str, Any] = {name: None}
    if kind is Offer:
        return {"offer": replace(OFFER, **unknown)}
    if kind is PricePrediction:
        return {"prediction": replace(PREDICTION, **unknown)}
    return {"rules": replace(RULES, sites={"shop-1": replace(SITE, **unknown)})}


@pytest.mark.parametrize("kind, name", list(REFUSED), ids=[f"{kind.__name__}.{name}" for kind, name in REFUSED])
def test_an_unknown_refuses(kind: type[Any], name: str) -> None:
    assert refused_code(**changed(kind, name)) == REFUSED[kind, name]


@pytest.mark.parametrize("kind, name", list(HARMLESS), ids=[f"{kind.__name__}.{name}" for kind, name in HARMLESS])
def test_what_is_harmless_is_harmless(kind: type[Any], name: str) -> None:
    assert isinstance(score(**changed(kind, name)), Opportunity)


def test_an_undeclared_site_and_an_unasked_model_refuse() -> None:
    assert refused_code(rules=replace(RULES, sites={})) == "site_may_not_buy"
    assert refused_code(prediction=None) == "no_prediction"


@pytest.mark.parametrize(
    "quote, code",
    [
        (BuyQuote("S1", usd(2_000), None), "quote_stock_unknown"),
        (BuyQuote("S1", None, True), "quote_total_unknown"),
    ],
)
def test_what_the_shop_does_not_say_refuses(quote: BuyQuote, code: str) -> None:
    refusal = refuse_quote(approval(opportunity(1)), quote)
    assert refusal is not None
    assert refusal.code == code

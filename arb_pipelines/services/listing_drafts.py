"""What a lot would be offered as: restrictions, price between floor and ceiling, texts and photos, best outlet.

What belongs here: everything of listing that calls no outlet. Publishing is `listing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from arb_pipelines.domain.deny_list import DenyList, load_deny_list
from arb_pipelines.domain.eligibility import Eligibilities, refuse_ineligible
from arb_pipelines.domain.fees import FeeRefusal, FeeSchedules, best_price, expected_net, floor_price
from arb_pipelines.domain.floor_basis import floor_basis
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.listing import Listing, ProductFacts, draft_listing, price_bounds
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.product_sheet import ProductSheet
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.stores import Books

Predictions = Mapping[tuple[str, str, str], PricePrediction]


@dataclass(frozen=True, slots=True)
class ListingRules:
    """`min_roi` is the least return on landed cost at the floor price, a fraction of 1."""

    terms: OutletTerms
    min_roi: Decimal = Decimal("0.10")
    denied: DenyList = field(default_factory=load_deny_list)


class Draft(NamedTuple):
    """A listing that could be published, what a unit nets there after its cost, and how fast it would sell."""

    listing: Listing
    profit: Money
    days_to_sell: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """What drafting needs to know, loaded once a run."""

    predictions: Predictions
    schedules: FeeSchedules
    facts: Mapping[str, ProductFacts]
    eligibility: Eligibilities
    now: datetime


def load_known(books: Books, predictions: Predictions, schedules: FeeSchedules, now: datetime) -> Known:
    """Load product records, sheets and outlets' restrictions."""
    sheets = books.sheets.load()
    facts = {product_id: _with_sheet(kept, sheets.get(product_id)) for product_id, kept in load_facts(books).items()}
    return Known(predictions, schedules, facts, books.eligibility.load(), now)


def load_facts(books: Books) -> dict[str, ProductFacts]:
    """Return the product records by product_id."""
    frame = pl.DataFrame(books.products.load()).select("product_id", "title", "category", "gtin", "brand", "mpn")
    return {product_id: ProductFacts(*rest) for product_id, *rest in frame.iter_rows()}


def _with_sheet(facts: ProductFacts, sheet: ProductSheet | None) -> ProductFacts:
    if sheet is None:
        return facts
    return replace(facts, title=sheet.title or facts.title, description=sheet.description, photos=sheet.photos)


def refuse_listing(product_id: str, condition: str, title: str, rules: ListingRules, known: Known) -> Refusal | None:
    """Return why something may not be offered at an outlet today, or None; what is not known is not allowed."""
    terms = rules.terms
    facts = known.facts.get(product_id, ProductFacts())
    denials = {
        "recalled": rules.denied.deny_recalled(facts.gtin, facts.brand, facts.title or title),
        "category_denied": rules.denied.deny_category(facts.category or ""),
        "title_denied": rules.denied.deny_title(facts.title or title),
    }
    for code, denial in denials.items():
        if denial is not None:
            return Refusal(code, f"{denial.found}: {denial.reason}")
    if not terms.restricts:
        return None
    return refuse_ineligible(known.eligibility.get((product_id, condition, terms.outlet)), terms.outlet, known.now)


def draft(lot: InventoryLot, number: int, rules: ListingRules, known: Known) -> Draft | Refusal:
    """Return what a lot would be offered as at one outlet, or why it is not.

    Args:
        lot: stock that exists.
        number: how many listings its SKU will have had with this one.
        rules: the outlet's terms and the least ROI at the floor.
        known: what is known today.
    """
    terms = rules.terms
    refused = refuse_listing(lot.product_id, lot.condition, lot.title, rules, known)
    if refused is not None:
        return refused
    prediction = known.predictions.get((lot.product_id, lot.condition, terms.outlet))
    if prediction is None:
        return Refusal("no_prediction", "the model has no answer for this product, condition and outlet")
    try:
        return _priced(lot, number, rules, known, prediction)
    except FeeRefusal as refusal:
        return Refusal("no_floor" if refusal.code == "no_floor" else "fee_unknown", str(refusal))
    except MoneyError as error:
        return Refusal("currency_differs", str(error))


def _priced(
    lot: InventoryLot, number: int, rules: ListingRules, known: Known, prediction: PricePrediction
) -> Draft | Refusal:
    terms, facts = rules.terms, known.facts.get(lot.product_id, ProductFacts())
    curve = terms.curve(known.schedules, facts.category, known.now.date())
    cost = lot.unit_cost if terms.postage is None else lot.unit_cost + terms.postage
    floor = floor_price(curve, cost, min_roi=rules.min_roi, returns=terms.returns)
    basis = floor_basis(curve, floor, cost, min_roi=rules.min_roi, returns=terms.returns)
    bounds = price_bounds(prediction, floor)
    if bounds is None:
        reason = prediction.abstained or "no_price"
        return Refusal(f"model_abstains({reason})", "the model does not say what it will sell for")
    price, ceiling = bounds
    # Just above a fee step a lower price nets more; the floor itself is never inside such a zone.
    price = max(best_price(curve, price, terms.returns), floor)
    listing = draft_listing(lot, facts, terms.outlet, number, floor, price, ceiling, known.now, basis)
    profit = expected_net(curve, price, terms.returns).total - cost
    return Draft(listing, profit, prediction.days_to_sell)

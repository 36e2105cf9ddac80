"""What a marketplace's own fulfilment (FBA) adds to the fees of a sale.

What belongs here: the size tier of a parcel, its shipping weight, and the charges that follow from the dated
cards of `fees_cards.py`. The authority is: a settled fee, then the marketplace's own estimate (state it as
`fulfilment_fee`), then the card. Whatever no card gives is refused as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor

from arb_pipelines.domain.fees_cards import Card, CardKind, FulfilmentCards, FulfilmentRate, SizeTier
from arb_pipelines.domain.fees_charges import HALF_PPM, OWN_TERMS, PPM, AmountCharge, Charge
from arb_pipelines.domain.fees_schedule import FeeRefusal
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.shipping import OZ_PER_LB, Parcel, ShippingRefusal

CUBIC_IN_PER_FT3 = 1728
NOT_INCLUDED = "not included: {}; they are costs of the lot, so state them in its landed cost"


@dataclass(frozen=True, slots=True)
class FulfilmentTerms:
    """One unit sent from the marketplace's warehouse.

    `fulfilment_fee` is the marketplace's own estimate, surcharge included, and takes the place of the card.
    `inbound_fee` is the placement fee a unit that the shipment showed; `inbound_placement` asks the card for
    it. `storage_months` counts whole calendar months that end with the month of the sale.
    """

    parcel: Parcel | None = None
    fulfilment_fee: Money | None = None
    storage_months: int = 0
    inbound_placement: bool = False
    inbound_fee: Money | None = None


def fulfilment_charges(
    cards: FulfilmentCards, channel: str, category: str, sold_on: date, terms: FulfilmentTerms, currency: str
) -> tuple[list[Charge], list[str]]:
    """Return the charges of fulfilment and what the reader must know about them.

    Raises:
        FeeRefusal: the parcel or a price is unknown, or an amount is bad.
    """
    charges: list[Charge] = []
    if terms.fulfilment_fee is not None:
        fee = _own("the fulfilment fee", terms.fulfilment_fee, currency)
        charges.append(AmountCharge("fulfilment as estimated", "terms.fulfilment_fee", [fee], OWN_TERMS))
    else:
        charges += _from_cards(cards, channel, category, sold_on, _parcel(terms))
    if terms.storage_months:
        charges.append(_storage(cards, channel, sold_on, _parcel(terms), terms.storage_months))
    if terms.inbound_fee is not None:
        fee = _own("the inbound placement fee", terms.inbound_fee, currency)
        charges.append(AmountCharge("inbound placement", "terms.inbound_fee", [fee], OWN_TERMS))
    elif terms.inbound_placement:
        cards.card(channel, CardKind.INBOUND_PLACEMENT, sold_on)
    absent = [] if terms.inbound_fee is not None else ["inbound placement"]
    absent += [] if terms.storage_months else ["storage"]
    return charges, [NOT_INCLUDED.format(" and ".join(absent))] if absent else []


def size_tier(parcel: Parcel, card: Card) -> tuple[SizeTier, Fraction]:
    """Return the first size tier that a parcel fits, and its shipping weight in pounds there.

    Raises:
        FeeRefusal: `no_size_tier`, `unknown_weight`, `unknown_dimensions`, `bad_parcel`.
    """
    try:
        unit_lb = Fraction(parcel.known_weight()) / OZ_PER_LB
        sides = [Fraction(side) for side in parcel.known_sides()]
    except ShippingRefusal as refusal:
        raise FeeRefusal(refusal.code, str(refusal)) from refusal
    for tier in card.size_tiers:
        weight = _shipping_weight_lb(unit_lb, sides, tier, card)
        if _fits(tier, unit_lb, weight, sides):
            return tier, weight
    raise FeeRefusal("no_size_tier", f"no size tier of {card.id} takes this parcel: ask for the marketplace's estimate")


def _shipping_weight_lb(unit_lb: Fraction, sides: list[Fraction], tier: SizeTier, card: Card) -> Fraction:
    if tier.unit_weight_only or card.dim_divisor is None:
        return unit_lb
    longest, middle, shortest = sides
    least = Fraction(tier.least_side_in)
    volume = longest * max(middle, least) * max(shortest, least)
    return max(unit_lb, volume / Fraction(card.dim_divisor))


def _fits(tier: SizeTier, unit_lb: Fraction, weight: Fraction, sides: list[Fraction]) -> bool:
    if tier.max_lb is not None and weight > tier.max_lb:
        return False
    if tier.min_lb is not None and unit_lb <= tier.min_lb:
        return False
    if tier.sides_in is not None and any(side > most for side, most in zip(sides, tier.sides_in, strict=True)):
        return False
    girth = sides[0] + 2 * (sides[1] + sides[2])
    return tier.length_plus_girth_in is None or girth <= tier.length_plus_girth_in


def _from_cards(cards: FulfilmentCards, channel: str, category: str, sold_on: date, parcel: Parcel) -> Iterator[Charge]:
    card = cards.card(channel, CardKind.FULFILMENT, sold_on)
    if category in card.excluded_categories:
        raise FeeRefusal("unsourced_fee", f"{category} has a fulfilment card of its own, which no source gave")
    tier, weight = size_tier(parcel, cards.card(channel, CardKind.SIZE_TIERS, sold_on))
    fees = _fees(card, tier, weight)
    label = f"fulfilment, {tier.key.replace('_', ' ')}, {float(weight):.4g} lb"
    yield AmountCharge(label, f"fulfilment.{tier.key}", fees, card.origin, uppers=card.price_uppers)
    surcharge = cards.card(channel, CardKind.SURCHARGE, sold_on)
    if surcharge.surcharge_ppm and not card.includes_surcharge:
        extra = [(fee * surcharge.surcharge_ppm + HALF_PPM) // PPM for fee in fees]
        yield AmountCharge(
            "fuel surcharge on fulfilment", "fulfilment.surcharge", extra, surcharge.origin, uppers=card.price_uppers
        )


def _fees(card: Card, tier: SizeTier, weight: Fraction) -> list[int]:
    fitting = [
        rate for rate in card.rates if rate.tier == tier.key and (rate.up_to_lb is None or weight <= rate.up_to_lb)
    ]
    if not fitting:
        raise FeeRefusal("unsourced_fee", f"{card.id} has no row for {tier.key} at {float(weight):.4g} lb")
    rate = min(fitting, key=lambda found: Fraction(found.up_to_lb) if found.up_to_lb is not None else Fraction(10**9))
    further = _further(rate, weight)
    return [fee + further for fee in rate.fees]


def _further(rate: FulfilmentRate, weight: Fraction) -> int:
    if rate.above_lb is None or rate.each_lb is None or weight <= rate.above_lb:
        return 0
    return ceil((weight - Fraction(rate.above_lb)) / Fraction(rate.each_lb)) * rate.step


def _storage(cards: FulfilmentCards, channel: str, sold_on: date, parcel: Parcel, months: int) -> Charge:
    """Return the storage of the months that end with the sale's, rounded half up once over all of them."""
    if not 0 < months <= 120:  # ten years is surely a mistake
        raise FeeRefusal("bad_storage_months", f"the months in storage are a whole number up to 120, got {months}")
    tier, _ = size_tier(parcel, cards.card(channel, CardKind.SIZE_TIERS, sold_on))
    longest, middle, shortest = parcel.known_sides()
    volume = Fraction(longest * middle * shortest) / CUBIC_IN_PER_FT3
    total, card = Fraction(0), None
    for back in range(months):
        index = sold_on.year * 12 + sold_on.month - 1 - back
        month = date(index // 12, index % 12 + 1, 1)
        card = cards.card(channel, CardKind.STORAGE, month if back else sold_on)
        if month.month not in card.storage_months or tier.key not in card.storage_tiers:
            raise FeeRefusal("unsourced_fee", f"storage of {tier.key} in {month:%B %Y} is unknown ({card.id})")
        total += volume * card.storage_minor_per_ft3
    assert card is not None, "there is at least one month"
    label = f"storage, {months} month{'s' if months > 1 else ''}"
    return AmountCharge(label, "fulfilment.storage", [floor(total + Fraction(1, 2))], card.origin)


def _parcel(terms: FulfilmentTerms) -> Parcel:
    if terms.parcel is None:
        raise FeeRefusal("unknown_dimensions", "fulfilment needs the parcel's weight and three sides, or a stated fee")
    return terms.parcel


def _own(what: str, money: Money, currency: str) -> int:
    if money.currency != currency:
        raise FeeRefusal("wrong_currency", f"{what} is in {money.currency}, the schedule is in {currency}")
    if money.minor < 0:
        raise FeeRefusal("negative_amount", f"{what} must not be negative, got {money}")
    return money.minor

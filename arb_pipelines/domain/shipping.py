"""What sending a parcel costs: weight, dimensional weight, and dated rate cards.

What belongs here: the parcel, the weight a carrier bills, and the price from a card. Unknown dimensions give an
unknown price: a "default box" is how a calculator loses money on every lamp. Prices that no source gives are
refused; an operator's own card with the same id replaces the shipped one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from typing import NamedTuple

from arb_pipelines.domain.dated_data import (
    Table,
    day,
    in_force,
    in_order,
    is_plain_date,
    load_tables,
    minor,
    number,
    parse_each,
)
from arb_pipelines.domain.decision_record import DecisionRecord, DecisionRefusal, Line
from arb_pipelines.domain.money import Money

ALL_ZONES = "all"
OZ_PER_LB = 16


class ShippingRefusal(DecisionRefusal):
    """A shipping price that is not certain."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A packed item: weight in ounces and the three outer sides in inches. None is unknown, never small."""

    weight_oz: Decimal | None
    sides_in: tuple[Decimal, Decimal, Decimal] | None

    def known_weight(self) -> Decimal:
        """Return the weight in ounces.

        Raises:
            ShippingRefusal: `unknown_weight`, `bad_parcel`.
        """
        if self.weight_oz is None:
            raise ShippingRefusal("unknown_weight", "the parcel's weight is unknown: weigh it or state it")
        return _positive("weight", self.weight_oz)

    def known_sides(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return the sides in inches, the longest first.

        Raises:
            ShippingRefusal: `unknown_dimensions`, `bad_parcel`.
        """
        if self.sides_in is None:
            raise ShippingRefusal("unknown_dimensions", "the parcel's dimensions are unknown: measure it")
        if len(self.sides_in) != 3:  # a box has three sides
            raise ShippingRefusal("bad_parcel", f"a parcel has three sides, got {len(self.sides_in)}")
        longest, middle, shortest = sorted((_positive("side", side) for side in self.sides_in), reverse=True)
        return longest, middle, shortest


class Rate(NamedTuple):
    """One row of a card: a price in minor units up to a weight, in some zones.

    Beyond `above_oz` every begun `each_oz` adds `step` minor units.
    """

    zones: frozenset[str]
    up_to_oz: Decimal
    price: int
    above_oz: Decimal | None = None
    each_oz: Decimal | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class RateCard:
    """The prices and rules of one carrier's service between two dates.

    `dim_divisor` is cubic inches per pound (None: weight alone counts); `dim_above_in3` is the volume from
    which on it counts. `weight_step_oz` is what the billed weight is rounded up to (0: not at all).
    """

    id: str
    carrier: str
    service: str
    version: str
    currency: str
    effective_from: date
    effective_to: date | None
    source: str
    retrieved_on: date
    sourced: bool
    dim_divisor: Decimal | None
    dim_above_in3: Decimal
    weight_step_oz: Decimal
    max_sides_in: tuple[Decimal, ...] | None
    only_categories: frozenset[str] | None
    rates: tuple[Rate, ...]


class ShippingCards:
    """All rate cards, by service and date. Build it with `load_shipping_cards`."""

    def __init__(self, cards: Sequence[RateCard]) -> None:
        """Order the cards of each service.

        Raises:
            DatedDataError: dates overlap or leave a gap.
        """
        series: dict[tuple[str, str], list[RateCard]] = {}
        for card in cards:
            series.setdefault((card.carrier, card.service), []).append(card)
        self._series = {service: in_order(found) for service, found in series.items()}

    def all(self) -> list[RateCard]:
        """Return every card, by service and date."""
        return [card for service in sorted(self._series) for card in self._series[service]]

    def card(self, carrier: str, service: str, sent_on: date) -> RateCard:
        """Return the card of a service on a day.

        Raises:
            ShippingRefusal: `unknown_service`, `bad_date`, `no_card_for_date`.
        """
        ordered = self._series.get((carrier, service))
        if ordered is None:
            known = ", ".join(f"{name}/{kind}" for name, kind in sorted(self._series))
            raise ShippingRefusal("unknown_service", f"no card for {carrier}/{service}; known are {known}")
        if not is_plain_date(sent_on):
            raise ShippingRefusal("bad_date", f"the sending date must be a plain date, got {sent_on!r}")
        found = in_force(ordered, sent_on)
        if found is None:
            raise ShippingRefusal("no_card_for_date", f"no card of {carrier}/{service} covers {sent_on}: add a file")
        return found


def dimensional_weight_oz(parcel: Parcel, card: RateCard) -> Fraction | None:
    """Return the dimensional weight in ounces, or None where the card bills weight alone or the parcel is small.

    Every side is first rounded up to a whole inch, as the carriers do.
    """
    if card.dim_divisor is None:
        return None
    length, width, height = (ceil(side) for side in parcel.known_sides())
    volume = length * width * height
    if volume <= card.dim_above_in3:
        return None
    return Fraction(volume * OZ_PER_LB) / Fraction(card.dim_divisor)


def billable_weight_oz(parcel: Parcel, card: RateCard) -> Fraction:
    """Return the weight in ounces that the carrier bills: the greater one, rounded up to the card's step.

    Raises:
        ShippingRefusal: `unknown_weight`, `unknown_dimensions` (where dimensions count), `bad_parcel`.
    """
    weight = Fraction(parcel.known_weight())
    dimensional = dimensional_weight_oz(parcel, card)
    if dimensional is not None and dimensional > weight:
        return Fraction(ceil(dimensional / OZ_PER_LB) * OZ_PER_LB)  # carriers bill it in whole pounds
    if card.weight_step_oz == 0:
        return weight
    return ceil(weight / Fraction(card.weight_step_oz)) * Fraction(card.weight_step_oz)


def shipping_cost(
    parcel: Parcel, card: RateCard, *, zone: str = ALL_ZONES, category: str | None = None
) -> DecisionRecord:
    """Return the ledger of sending a parcel to a zone; its total is the price.

    Raises:
        ShippingRefusal: `unsourced_card`, `category_not_allowed`, `too_large`, `no_rate` for the zone and
            weight, or anything unknown about the parcel.
    """
    if not card.sourced:
        raise ShippingRefusal("unsourced_card", f"the prices of {card.id} are unknown: add your account's own card")
    if card.only_categories is not None and category not in card.only_categories:
        allowed = ", ".join(sorted(card.only_categories))
        raise ShippingRefusal("category_not_allowed", f"{card.id} carries only {allowed}, not {category}")
    if card.max_sides_in is not None and any(
        side > most for side, most in zip(parcel.known_sides(), card.max_sides_in, strict=True)
    ):
        raise ShippingRefusal("too_large", f"the parcel is larger than {card.id} carries")
    billed = billable_weight_oz(parcel, card)
    rate = _rate_for(card, zone, billed)
    price = rate.price + _further(rate, billed)
    label = f"{card.carrier} {card.service}, zone {zone}, billed {float(billed):g} oz"
    line = Line(label, Money(price, card.currency), f"zone.{zone}.up_to_{rate.up_to_oz}_oz", card.id, card.version)
    return DecisionRecord.of("shipping", [line], card.currency)


def _rate_for(card: RateCard, zone: str, billed: Fraction) -> Rate:
    fitting = [
        rate for rate in card.rates if (zone in rate.zones or ALL_ZONES in rate.zones) and billed <= rate.up_to_oz
    ]
    if not fitting:
        raise ShippingRefusal("no_rate", f"{card.id} has no price for {float(billed):g} oz to zone {zone}")
    return min(fitting, key=lambda rate: rate.up_to_oz)


def _further(rate: Rate, billed: Fraction) -> int:
    if rate.above_oz is None or rate.each_oz is None or billed <= rate.above_oz:
        return 0
    return ceil((billed - Fraction(rate.above_oz)) / Fraction(rate.each_oz)) * rate.step


def _positive(what: str, value: Decimal) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ShippingRefusal("bad_parcel", f"a parcel's {what} is a number above zero, got {value!s}")
    return value


def parse_card(table: Table) -> RateCard:
    """Return the rate card that one file holds.

    Raises:
        DatedDataError, KeyError, TypeError, ValueError: a field is wrong or missing.
    """
    currency = table["currency"]
    sides = table.get("max_sides_in")
    only = table.get("only_categories")
    return RateCard(
        id=table["id"],
        carrier=table["carrier"],
        service=table["service"],
        version=str(table["version"]),
        currency=currency,
        effective_from=day(table["effective_from"]),
        effective_to=day(table["effective_to"]) if "effective_to" in table else None,
        source=table["source"],
        retrieved_on=day(table["retrieved_on"]),
        sourced=bool(table["sourced"]),
        dim_divisor=number(table["dim_divisor"]) if "dim_divisor" in table else None,
        dim_above_in3=number(table.get("dim_above_cubic_in", "0")),
        weight_step_oz=number(table.get("weight_step_oz", "16")),
        max_sides_in=None if sides is None else tuple(number(side) for side in sides),
        only_categories=None if only is None else frozenset(only),
        rates=tuple(_parse_rate(row, currency) for row in (table["rates"] if table["sourced"] else ())),
    )


def _parse_rate(row: Table, currency: str) -> Rate:
    stepped = "step" in row
    return Rate(
        zones=frozenset(row["zones"]),
        up_to_oz=number(row["up_to_oz"]),
        price=minor(row["price"], currency),
        above_oz=number(row["above_oz"]) if stepped else None,
        each_oz=number(row["each_oz"]) if stepped else None,
        step=minor(row["step"], currency) if stepped else 0,
    )


@cache
def load_shipping_cards(folder: Path | None = None) -> ShippingCards:
    """Return the shipped rate cards and those of an operator's folder, read once.

    Raises:
        DatedDataError: a file is not usable, or the dates of a service overlap or leave a gap.
    """
    return ShippingCards(list(parse_each(load_tables("shipping_cards", folder), parse_card)))

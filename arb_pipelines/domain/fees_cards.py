"""The dated cards of a marketplace's own fulfilment service, and reading them from their files.

What belongs here: the shape of each kind of card (size tiers, fulfilment, surcharge, storage, inbound placement)
and its file format. What a parcel then costs is `fees_fulfilment.py`. A card that no source gives says so with
`sourced = false`; asking it for a price is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from arb_pipelines.domain.dated_data import (
    DatedDataError,
    Table,
    day,
    in_force,
    in_order,
    load_tables,
    minor,
    number,
    parse_each,
)
from arb_pipelines.domain.fees_charges import Origin, ppm_of
from arb_pipelines.domain.fees_schedule import FeeRefusal


class CardKind(StrEnum):
    """What a card prices."""

    SIZE_TIERS = "size_tiers"
    FULFILMENT = "fulfilment"
    SURCHARGE = "surcharge"
    STORAGE = "storage"
    INBOUND_PLACEMENT = "inbound_placement"


@dataclass(frozen=True, slots=True)
class SizeTier:
    """A size class: sides in inches (longest first), weights in pounds; None sets no bound.

    `unit_weight_only`: dimensional weight does not count. `least_side_in` is what a shorter side counts as.
    """

    key: str
    max_lb: Decimal | None
    min_lb: Decimal | None
    sides_in: tuple[Decimal, ...] | None
    length_plus_girth_in: Decimal | None
    least_side_in: Decimal
    unit_weight_only: bool


@dataclass(frozen=True, slots=True)
class FulfilmentRate:
    """A fee in minor units by price band, for a tier up to a weight.

    Beyond `above_lb` every begun `each_lb` adds `step`.
    """

    tier: str
    up_to_lb: Decimal | None
    fees: tuple[int, ...]
    above_lb: Decimal | None
    each_lb: Decimal | None
    step: int


@dataclass(frozen=True, slots=True)
class Card:
    """One card in one of its periods. Which of the later fields are filled depends on `kind`."""

    id: str
    kind: CardKind
    channel: str
    version: str
    currency: str
    effective_from: date
    effective_to: date | None
    source: str
    retrieved_on: date
    sourced: bool
    dim_divisor: Decimal | None = None
    size_tiers: tuple[SizeTier, ...] = ()
    price_uppers: tuple[int, ...] = ()
    rates: tuple[FulfilmentRate, ...] = ()
    excluded_categories: frozenset[str] = frozenset()
    includes_surcharge: bool = False
    surcharge_ppm: int = 0
    storage_tiers: frozenset[str] = frozenset()
    storage_months: frozenset[int] = frozenset()
    storage_minor_per_ft3: int = 0

    @property
    def origin(self) -> Origin:
        """What a ledger line says of where its rule was read."""
        return Origin(self.id, self.version)


class FulfilmentCards:
    """All cards, by channel, kind and date. Build it with `load_fulfilment_cards`."""

    def __init__(self, cards: Sequence[Card]) -> None:
        """Order the cards of each kind.

        Raises:
            DatedDataError: dates overlap or leave a gap.
        """
        series: dict[tuple[str, CardKind], list[Card]] = {}
        for card in cards:
            series.setdefault((card.channel, card.kind), []).append(card)
        self._series = {key: in_order(found) for key, found in series.items()}

    def all(self) -> list[Card]:
        """Return every card, by channel, kind and date; a card with several periods comes once a period."""
        return [card for key in sorted(self._series) for card in self._series[key]]

    def card(self, channel: str, kind: CardKind, on: date) -> Card:
        """Return the card in force on a day; it is certain that its prices are known.

        Raises:
            FeeRefusal: `no_fulfilment_service`, `no_schedule_for_date`, `unsourced_fee`.
        """
        ordered = self._series.get((channel, kind))
        if ordered is None:
            raise FeeRefusal("no_fulfilment_service", f"no {kind} card for the channel {channel!r}")
        found = in_force(ordered, on)
        if found is None:
            raise FeeRefusal("no_schedule_for_date", f"no {kind} card of {channel} covers {on}: add a file")
        if not found.sourced:
            what = kind.replace("_", " ")
            raise FeeRefusal("unsourced_fee", f"the {what} fee is unknown on {on} ({found.id}): {found.source}")
        return found


def parse_card(table: Table) -> list[Card]:
    """Return the card that one file holds, once for each of its periods.

    Raises:
        DatedDataError, KeyError, TypeError, ValueError: a field is wrong or missing.
    """
    kind = CardKind(table["kind"])
    sourced = table["sourced"]
    if not isinstance(sourced, bool):
        raise DatedDataError(f"sourced is true or false, got {sourced!r}")
    body = _BODIES[kind](table) if sourced else {}
    return [
        Card(
            id=table["id"],
            kind=kind,
            channel=table["channel"],
            version=str(table["version"]),
            currency=table["currency"],
            effective_from=day(period["from"]),
            effective_to=day(period["to"]) if "to" in period else None,
            source=table["source"],
            retrieved_on=day(table["retrieved_on"]),
            sourced=sourced,
            **body,
        )
        for period in table["periods"]
    ]


def _size_tiers(table: Table) -> Mapping[str, Any]:
    tiers = tuple(
        SizeTier(
            key=row["key"],
            max_lb=_optional(row, "max_lb"),
            min_lb=_optional(row, "min_lb"),
            sides_in=tuple(number(side) for side in row["sides_in"]) if "sides_in" in row else None,
            length_plus_girth_in=_optional(row, "length_plus_girth_in"),
            least_side_in=number(row.get("least_side_in", "0")),
            unit_weight_only=bool(row.get("unit_weight_only", False)),
        )
        for row in table["tiers"]
    )
    return {"dim_divisor": number(table["dim_divisor"]), "size_tiers": tiers}


def _fulfilment(table: Table) -> Mapping[str, Any]:
    currency = table["currency"]
    uppers = tuple(minor(bound, currency) for bound in table["price_up_to"])
    rates = tuple(
        FulfilmentRate(
            tier=row["tier"],
            up_to_lb=_optional(row, "up_to_lb"),
            fees=tuple(minor(fee, currency) for fee in row["fees"]),
            above_lb=_optional(row, "above_lb"),
            each_lb=_optional(row, "each_lb"),
            step=minor(row["step"], currency) if "step" in row else 0,
        )
        for row in table["rates"]
    )
    if any(len(rate.fees) != len(uppers) + 1 for rate in rates):
        raise DatedDataError("every rate needs one fee a price band: one more than price_up_to has bounds")
    if list(uppers) != sorted(set(uppers)):
        raise DatedDataError("the bounds of price_up_to must rise")
    return {
        "price_uppers": uppers,
        "rates": rates,
        "excluded_categories": frozenset(table.get("excluded_categories", ())),
        "includes_surcharge": bool(table.get("includes_surcharge", False)),
    }


def _surcharge(table: Table) -> Mapping[str, Any]:
    return {"surcharge_ppm": ppm_of(number(table["rate"]))}


def _storage(table: Table) -> Mapping[str, Any]:
    return {
        "storage_tiers": frozenset(table["size_tiers"]),
        "storage_months": frozenset(table["months"]),
        "storage_minor_per_ft3": minor(table["per_cubic_foot"], table["currency"]),
    }


def _inbound(_table: Table) -> Mapping[str, Any]:
    raise DatedDataError("inbound placement is stated with the sale, never read from a card: set sourced = false")


_BODIES = {
    CardKind.SIZE_TIERS: _size_tiers,
    CardKind.FULFILMENT: _fulfilment,
    CardKind.SURCHARGE: _surcharge,
    CardKind.STORAGE: _storage,
    CardKind.INBOUND_PLACEMENT: _inbound,
}


def _optional(row: Table, key: str) -> Decimal | None:
    return number(row[key]) if key in row else None


@cache
def load_fulfilment_cards(folder: Path | None = None) -> FulfilmentCards:
    """Return the shipped cards and those of an operator's folder, read once.

    Raises:
        DatedDataError: a file is not usable, or the dates of a kind overlap or leave a gap.
    """

    def flat() -> Iterator[Card]:
        for cards in parse_each(load_tables("fulfilment_cards", folder), parse_card):
            yield from cards

    return FulfilmentCards(list(flat()))

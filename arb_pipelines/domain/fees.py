"""Selling fees: the public entrance. Ask it what a sale costs on a channel, in a category, on a day.

What belongs here: loading all schedules, choosing the one in force, and building the fees of a sale as a function
of its price. `load_schedules().quote(...)` is the everyday call; `curve(...)` is what the searches take.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from arb_pipelines.domain.dated_data import in_force, in_order, is_plain_date, load_tables, parse_each
from arb_pipelines.domain.fees_cards import FulfilmentCards, load_fulfilment_cards
from arb_pipelines.domain.fees_curve import FeeCurve, Quote, check_amount
from arb_pipelines.domain.fees_files import parse_schedule
from arb_pipelines.domain.fees_fulfilment import FulfilmentTerms, fulfilment_charges
from arb_pipelines.domain.fees_options import PLAIN_SALE, SaleOptions, sale_charges
from arb_pipelines.domain.fees_prices import (
    DeadZone,
    MaxCost,
    Targets,
    best_price,
    dead_zones,
    floor_price,
    max_cost,
)
from arb_pipelines.domain.fees_returns import Returns, expected_net
from arb_pipelines.domain.fees_schedule import FeeRefusal, FeeSchedule, FeeScheduleError
from arb_pipelines.domain.money import Money

__all__ = [
    "DeadZone",
    "FeeCurve",
    "FeeRefusal",
    "FeeScheduleError",
    "FeeSchedules",
    "FulfilmentTerms",
    "MaxCost",
    "Quote",
    "Returns",
    "SaleOptions",
    "Targets",
    "best_price",
    "dead_zones",
    "expected_net",
    "floor_price",
    "load_schedules",
    "max_cost",
]

MAX_CURVES = 50_000  # remembered curves, about 2 KB each; then the memory is emptied


class FeeSchedules:
    """All schedules, by channel and date; makes curves and quotes. Build it with `load_schedules`."""

    def __init__(self, schedules: Iterable[FeeSchedule], cards: FulfilmentCards) -> None:
        """Order the schedules of each channel.

        Raises:
            FeeScheduleError: dates overlap or leave a gap.
        """
        series: dict[str, list[FeeSchedule]] = {}
        for schedule in schedules:
            series.setdefault(schedule.channel, []).append(schedule)
        self._series = {channel: in_order(found) for channel, found in series.items()}
        self.cards = cards
        self._curves: dict[tuple[object, ...], FeeCurve] = {}

    def all(self) -> list[FeeSchedule]:
        """Return every schedule, by channel and date."""
        return [schedule for channel in sorted(self._series) for schedule in self._series[channel]]

    def in_force(self, channel: str, sold_on: date) -> FeeSchedule:
        """Return the schedule of `channel` on a day.

        Raises:
            FeeRefusal: `unknown_channel`, `bad_date`, `no_schedule_for_date`.
        """
        ordered = self._series.get(channel)
        if ordered is None:
            known = ", ".join(sorted(self._series))
            raise FeeRefusal("unknown_channel", f"no fee schedule for the channel {channel!r}; known are {known}")
        if not is_plain_date(sold_on):
            raise FeeRefusal("bad_date", f"the sale date must be a plain date, got {sold_on!r}")
        found = in_force(ordered, sold_on)
        if found is None:
            first, last = ordered[0].effective_from, ordered[-1].effective_to or "now"
            raise FeeRefusal(
                "no_schedule_for_date",
                f"no {channel} schedule covers {sold_on}; known are {first} to {last}: add a schedule file",
            )
        return found

    def quote(
        self,
        channel: str,
        category: str,
        *,
        price: Money,
        shipping: Money,
        tax_rate: Decimal,
        sold_on: date,
        options: SaleOptions = PLAIN_SALE,
    ) -> Quote:
        """Return what selling at `price` costs: see `Quote`.

        `shipping` is what the buyer pays for it, `tax_rate` the buyer's sales tax as a fraction: part of the
        fee base on some channels, never income.

        Raises:
            FeeRefusal: anything unknown or out of range; `code` says which.
        """
        curve = self.curve(channel, category, shipping=shipping, tax_rate=tax_rate, sold_on=sold_on, options=options)
        return curve.quote(price)

    def curve(
        self,
        channel: str,
        category: str,
        *,
        shipping: Money,
        tax_rate: Decimal,
        sold_on: date,
        options: SaleOptions = PLAIN_SALE,
    ) -> FeeCurve:
        """Return the fees of a sale as a function of its price; the same terms give the same object.

        Raises:
            FeeRefusal: anything unknown or out of range.
        """
        if not isinstance(tax_rate, Decimal) or not tax_rate.is_finite():
            raise FeeRefusal("bad_tax_rate", f"the tax rate is a decimal fraction such as 0.07, got {tax_rate!s}")
        # Hashing the options costs more than a whole quote, so the common plain sale goes without.
        key = (channel, category, shipping, tax_rate, sold_on, None if options is PLAIN_SALE else options)
        found = self._curves.get(key)
        if found is None:
            if len(self._curves) >= MAX_CURVES:
                self._curves.clear()
            found = self._curves[key] = self._build(channel, category, shipping, tax_rate, sold_on, options)
        return found

    def _build(
        self, channel: str, category: str, shipping: Money, tax_rate: Decimal, sold_on: date, options: SaleOptions
    ) -> FeeCurve:
        schedule = self.in_force(channel, sold_on)
        check_amount("shipping", shipping, schedule.currency)
        if not 0 <= tax_rate < 1:
            raise FeeRefusal("bad_tax_rate", f"the tax rate is a fraction such as 0.07, got {tax_rate!s}")
        plan = schedule.plan(options.plan)
        fee = schedule.category(plan, category)
        sale = sale_charges(schedule, plan, fee, options)
        charges, notes = list(sale.charges), list(schedule.notes)
        if options.fulfilment is not None:
            added, told = fulfilment_charges(
                self.cards, channel, category, sold_on, options.fulfilment, schedule.currency
            )
            charges += added
            notes += told
        if fee.note:
            notes.append(fee.note)
        return FeeCurve(schedule, category, charges, sale.refundable, shipping, tax_rate, notes)


@cache
def load_schedules(folder: Path | None = None) -> FeeSchedules:
    """Return the shipped schedules and cards and those of an operator's folder, read once.

    Args:
        folder: holds the folders `fee_schedules` and `fulfilment_cards`, each of which may be missing; a file
            there with the id of a shipped one replaces it.

    Raises:
        FeeScheduleError: a file is not usable, or the dates of a channel overlap or leave a gap.
    """
    if folder is not None and not folder.is_dir():
        raise FeeScheduleError(f"no such folder of fee data: {folder}")

    def own(name: str) -> Path | None:
        return folder / name if folder is not None and (folder / name).is_dir() else None

    schedules = parse_each(load_tables("fee_schedules", own("fee_schedules")), parse_schedule)
    return FeeSchedules(schedules, load_fulfilment_cards(own("fulfilment_cards")))

"""What a sale asks of a channel beyond the plain fee, and the charges that follow.

What belongs here: the options of a sale and turning them, with a schedule, into charges. Fulfilment by the
marketplace is `fees_fulfilment.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from arb_pipelines.domain.fees_charges import (
    OWN_TERMS,
    AmountCharge,
    Base,
    Charge,
    Origin,
    PortionCharge,
    StepCharge,
    Tier,
    ppm_of,
)
from arb_pipelines.domain.fees_fulfilment import FulfilmentTerms
from arb_pipelines.domain.fees_schedule import (
    CALLER_RATE,
    AddOn,
    CategoryFee,
    FeeRefusal,
    FeeSchedule,
    Plan,
    TierKind,
)
from arb_pipelines.domain.money import Money


@dataclass(frozen=True, slots=True)
class SaleOptions:
    """What a sale asks of the channel beyond the plain fee. The defaults are the plain domestic sale.

    `plan`: eBay `none` or `basic`, Amazon `professional` or `individual`; None is the schedule's default.
    `promoted_rate`: our own advertising rate. `rate` and `fixed_fee`: the terms of the `generic` channel.
    `fulfilment`: None is fulfilment by ourselves.
    """

    plan: str | None = None
    international: bool = False
    below_standard: bool = False
    not_as_described: bool = False
    insertion: bool = False
    currency_conversion: bool = False
    promoted_rate: Decimal | None = None
    rate: Decimal | None = None
    fixed_fee: Money | None = None
    fulfilment: FulfilmentTerms | None = None


PLAIN_SALE = SaleOptions()
_ADD_ONS = ("international", "below_standard", "not_as_described", "insertion", "currency_conversion", "promoted")


@dataclass(frozen=True, slots=True)
class SaleCharges:
    """All charges of a sale, and those of them that come back with a full refund to the buyer."""

    charges: Sequence[Charge]
    refundable: Sequence[Charge]


def sale_charges(schedule: FeeSchedule, plan: Plan, fee: CategoryFee, options: SaleOptions) -> SaleCharges:
    """Return the charges of a sale, the percentage fee first.

    Raises:
        FeeRefusal: an option that the schedule does not have or whose price is unknown, or a bad rate.
    """
    main = _percentage(schedule, fee, options)
    charges: list[Charge] = [main, *_fixed_fees(schedule, plan, fee, options)]
    refundable: list[Charge] = [main]
    for key in _ADD_ONS:
        wanted = options.promoted_rate is not None if key == "promoted" else getattr(options, key)
        if not wanted:
            continue
        add_on = plan.add_ons.get(key)
        if add_on is None:
            raise FeeRefusal("unknown_add_on", f"{schedule.id} plan {plan.key!r} has no {key} fee")
        charge = _add_on(schedule, add_on, options)
        charges.append(charge)
        if add_on.refundable:
            refundable.append(charge)
    return SaleCharges(charges, refundable)


def _percentage(schedule: FeeSchedule, fee: CategoryFee, options: SaleOptions) -> Charge:
    tiers: Sequence[Tier] = fee.tiers
    origin: Origin = schedule.origin
    if any(tier.ppm == CALLER_RATE for tier in tiers):
        ppm = _own_rate(f"{schedule.id} has no rate of its own: state the channel's rate", options.rate)
        tiers = [tier._replace(ppm=ppm) for tier in tiers]
    elif options.rate is not None or options.fixed_fee is not None:
        raise FeeRefusal("terms_not_wanted", f"{schedule.id} has its own rates: leave out the rate and fixed fee")
    kind = PortionCharge if fee.kind is TierKind.PORTION else StepCharge
    return kind(schedule.fee_label, f"category.{fee.key}", fee.base, tiers, origin, fee.minimum)


def _fixed_fees(schedule: FeeSchedule, plan: Plan, fee: CategoryFee, options: SaleOptions) -> list[Charge]:
    charges: list[Charge] = []
    origin = schedule.origin
    order = fee.order_fee or schedule.order_fee
    if order is not None:
        charges.append(
            AmountCharge("per-order fee", "order_fee", order.amounts, origin, uppers=order.uppers, base=Base.TOTAL)
        )
    if fee.media and schedule.closing:
        charges.append(AmountCharge("closing fee", "closing_fee", [schedule.closing], origin))
    if plan.per_item:
        charges.append(AmountCharge(f"{plan.label}, per item", f"plan.{plan.key}", [plan.per_item], origin))
    if options.fixed_fee is not None:
        own = options.fixed_fee
        if own.currency != schedule.currency or own.minor < 0:
            raise FeeRefusal("bad_fixed_fee", f"the fixed fee is an amount of {schedule.currency} from 0, got {own}")
        charges.append(AmountCharge("fixed fee", "terms.fixed_fee", [own.minor], OWN_TERMS))
    return charges


def _add_on(schedule: FeeSchedule, add_on: AddOn, options: SaleOptions) -> Charge:
    rule = f"add_on.{add_on.key}"
    if not add_on.sourced:
        raise FeeRefusal("unsourced_fee", f"the {add_on.label} of {schedule.id} is unknown: no source gives its price")
    if add_on.amount is not None:
        return AmountCharge(add_on.label, rule, [add_on.amount], schedule.origin)
    ppm = add_on.ppm or 0
    if ppm == CALLER_RATE:
        ppm = _own_rate(add_on.label, options.promoted_rate)
    return StepCharge(add_on.label, rule, add_on.base, [Tier(None, ppm)], schedule.origin)


def _own_rate(what: str, rate: Decimal | None) -> int:
    if rate is None:
        raise FeeRefusal("terms_required", what)
    try:
        return ppm_of(rate)
    except ValueError as error:
        raise FeeRefusal("bad_rate", f"{what}: {error}") from error

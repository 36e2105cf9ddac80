"""What a sale brings on average when some buyers send the item back.

What belongs here: E = net - r x (refund - fees that come back + refund administration + cost of a return), as a
flow for the searches and as a ledger for people. The rate r comes from the item's history and its category.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from arb_pipelines.domain.decision_record import DecisionRecord, Line
from arb_pipelines.domain.fees_charges import HALF_PPM, OWN_TERMS, PPM
from arb_pipelines.domain.fees_curve import FeeCurve, check_amount
from arb_pipelines.domain.fees_schedule import FeeRefusal
from arb_pipelines.domain.fees_search import Flow, FlowAt
from arb_pipelines.domain.money import Money


@dataclass(frozen=True, slots=True)
class Returns:
    """What returns are expected to cost.

    `rate` is the share of sales that come back (a fraction of 1, taken up to the next millionth). `cost_each`
    is our cost of one return: label, disposal, lost value. `refunds_shipping`: the buyer gets the shipping back.
    """

    rate: Decimal
    cost_each: Money
    refunds_shipping: bool = True


def net_flow(curve: FeeCurve) -> FlowAt:
    """Return the flow of a sale that is not returned."""
    shipping, fee = curve.shipping, curve.fee
    return lambda price: Flow(price + shipping, fee(price))


def expected_flow(curve: FeeCurve, returns: Returns | None) -> FlowAt:
    """Return the flow of a sale that comes back with probability `returns.rate` (None: it is not returned).

    Each product with the rate is rounded half up by itself, so that each is a line of the ledger.

    Raises:
        FeeRefusal: a bad rate or cost, or `unknown_refund_rule` where the schedule is silent on refunds.
    """
    ppm = 0 if returns is None else _return_ppm(curve, returns)
    if returns is None or ppm == 0:
        return net_flow(curve)
    curve.refund_admin(0)  # refuses a schedule that is silent on refunds before any search begins
    back = curve.shipping if returns.refunds_shipping else 0
    fixed = _of(returns.cost_each.minor, ppm)

    def flow(price: int) -> Flow:
        lost = _of(price + back, ppm) + _of(curve.refund_admin(price), ppm) + fixed
        gained = price + curve.shipping + _of(curve.refunded_fee(price), ppm)
        return Flow(gained, curve.fee(price) + lost)

    return flow


def expected_net(curve: FeeCurve, price: Money, returns: Returns | None, extra: Money | None = None) -> DecisionRecord:
    """Return the ledger of what a sale at `price` brings on average, returns included; its total is E.

    `extra` is a cost of selling outside the fees (a label, packing).

    Raises:
        FeeRefusal: a bad amount or rate, or `unknown_refund_rule`.
    """
    quote = curve.quote(price)
    gains, costs = expected_flow(curve, returns)(price.minor)
    lines = list(quote.net_record().lines)
    if returns is not None:
        lines += _return_lines(curve, price.minor, returns, _return_ppm(curve, returns))
    total = Money(gains - costs, curve.currency)
    if extra is not None and extra.minor:
        check_amount("the extra cost of selling", extra, curve.currency)
        lines.append(Line("other cost of selling", -extra, "sale.extra"))
        total -= extra
    return DecisionRecord("expected net", tuple(lines), total, quote.notes)


def _return_lines(curve: FeeCurve, price: int, returns: Returns, ppm: int) -> list[Line]:
    if ppm == 0:
        return []
    share = f"{Decimal(ppm) / PPM:%} x "
    origin = curve.schedule.origin
    back = curve.shipping if returns.refunds_shipping else 0
    rows = (
        ("refund to the buyer", -_of(price + back, ppm), "returns.refund", OWN_TERMS),
        ("fees that come back", _of(curve.refunded_fee(price), ppm), "returns.fees", origin),
        ("refund administration", -_of(curve.refund_admin(price), ppm), "returns.admin", origin),
        ("cost of a return", -_of(returns.cost_each.minor, ppm), "returns.cost", OWN_TERMS),
    )
    return [
        Line(share + label, Money(minor, curve.currency), rule, *read_from)
        for label, minor, rule, read_from in rows
        if minor
    ]


def _return_ppm(curve: FeeCurve, returns: Returns) -> int:
    check_amount("the cost of a return", returns.cost_each, curve.currency)
    rate = returns.rate
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate <= 1:
        raise FeeRefusal("bad_rate", f"the return rate is a fraction between 0 and 1, got {rate!s}")
    return int((rate * PPM).to_integral_value(ROUND_CEILING))


def _of(minor: int, ppm: int) -> int:
    return (minor * ppm + HALF_PPM) // PPM

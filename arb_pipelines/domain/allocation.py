"""Dividing money among opportunities: fractional Kelly on what may become of each, under the caps, best rate first.

What belongs here: the pure rule. Shares and probabilities are floats, since they are estimates; money is whole minor
units and always rounded down. What is exposed already is counted by `services/exposure.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity

BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class AllocationRules:
    """Shares of the bankroll, fractions of 1.

    `kelly_share` is the part of full Kelly that is taken. `reserve_share` is never spent. The others cap what is
    exposed in one product, brand, site, outlet and category; things of unknown brand share one cap, and so do those
    of unknown category. `liquidation_loss` is the part of its cost that a unit loses when it is not sold within the
    horizon, `lost_share` the part of purchases that are worth nothing.
    """

    kelly_share: Decimal = Decimal("0.25")
    reserve_share: Decimal = Decimal("0.25")
    product_share: Decimal = Decimal("0.05")
    brand_share: Decimal = Decimal("0.25")
    site_share: Decimal = Decimal("0.25")
    outlet_share: Decimal = Decimal("0.75")
    category_share: Decimal = Decimal("0.25")
    liquidation_loss: Decimal = Decimal("0.50")
    lost_share: Decimal = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Sizing:
    """How money is divided among opportunities: all the money there is, spent or not, and the shares of it."""

    bankroll: Money
    rules: AllocationRules


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may become of a unit of money: its probability and what it gains (-1: all of it is lost)."""

    probability: float
    gain: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many units of an opportunity the money is divided to, and which bound decided."""

    units: int
    bound: str


def kelly_fraction(outcomes: Sequence[Outcome]) -> float:
    """Return the share of all money, 0 to 1, at which its expected logarithm grows fastest."""

    def slope(share: float) -> float:
        return sum(one.probability * one.gain / (1.0 + share * one.gain) for one in outcomes)

    if sum(one.probability * one.gain for one in outcomes) <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return low


def outcomes_of(opportunity: Opportunity, rules: AllocationRules) -> list[Outcome]:
    """Return what may become of a purchase: sold at the low price, sold off at a loss, or worth nothing.

    An unknown probability of a sale counts as none.
    """
    sold = opportunity.sold_within_horizon or 0.0
    lost = float(rules.lost_share)
    gain = opportunity.expected_profit.minor / opportunity.landed_cost.minor
    return [
        Outcome(sold * (1 - lost), gain),
        Outcome((1 - sold) * (1 - lost), -float(rules.liquidation_loss)),
        Outcome(lost, -1.0),
    ]


def scopes_of(
    site: str, product_id: str, outlet: str | None, brand: str | None, category: str | None
) -> dict[str, str]:
    """Return the scopes by which money in one purchase is counted, by the name of their cap; unknown ones as `?`."""
    named = {"product": product_id, "brand": brand, "site": site, "outlet": outlet, "category": category}
    return {"total": "total"} | {kind: f"{kind}:{name or '?'}" for kind, name in named.items()}


def allocate(
    opportunities: Iterable[Opportunity], rules: AllocationRules, bankroll: Money, exposed: Mapping[str, int]
) -> dict[str, Share]:
    """Divide the bankroll among opportunities, best profit per dollar-day first.

    Args:
        opportunities: what competes; those in another currency than the bankroll get nothing.
        rules: the shares.
        bankroll: all the money there is, spent or not.
        exposed: minor units in open purchases, approvals and stock, by scope (`total`, `site:<key>` and so on).

    Returns:
        By opportunity_id the units to buy, 0 or more, and the bound that decided.
    """
    used = dict(exposed)
    shares: dict[str, Share] = {}
    for one in sorted(opportunities, key=lambda o: (-o.profit_per_dollar_day, o.opportunity_id)):
        share = _share_of(one, rules, bankroll, used)
        shares[one.opportunity_id] = share
        for scope in _scopes(one).values():
            used[scope] = used.get(scope, 0) + share.units * one.landed_cost.minor
    return shares


def _share_of(one: Opportunity, rules: AllocationRules, bankroll: Money, used: Mapping[str, int]) -> Share:
    cost = one.landed_cost
    if cost.currency != bankroll.currency or cost.minor <= 0:
        return Share(0, "currency")
    wanted = kelly_fraction(outcomes_of(one, rules)) * float(rules.kelly_share) * bankroll.minor
    rooms = {"kelly": int(wanted)}
    for kind, scope in _scopes(one).items():
        rooms[kind] = int(_cap(kind, rules) * bankroll.minor) - used.get(scope, 0)
    bound = min(rooms, key=lambda kind: rooms[kind])
    return Share(max(0, rooms[bound] // cost.minor), bound)


def _scopes(one: Opportunity) -> dict[str, str]:
    return scopes_of(one.site, one.product_id, one.outlet, one.brand, one.category)


def _cap(kind: str, rules: AllocationRules) -> Decimal:
    if kind == "total":
        return 1 - rules.reserve_share
    share: Decimal = getattr(rules, f"{kind}_share")
    return share

"""What the lowest price of a listing has to bring in: what the unit cost, what selling it takes, the least profit.

What belongs here: the three amounts and how they follow from a floor. They are kept with the listing, so that the
floor can be checked without asking the fee schedule of that day again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from arb_pipelines.domain.fees_curve import FeeCurve
from arb_pipelines.domain.fees_returns import Returns, expected_net
from arb_pipelines.domain.money import Money


@dataclass(frozen=True, slots=True)
class FloorBasis:
    """Amounts a unit, in the floor's currency: landed cost with postage, fees, least profit.

    `fees` holds expected returns as well, less what the buyer pays for shipping.
    """

    cost: Money
    fees: Money
    margin: Money

    @property
    def total(self) -> Money:
        """The least that the floor may be."""
        return self.cost + self.fees + self.margin


def floor_basis(
    curve: FeeCurve, floor: Money, cost: Money, *, min_roi: Decimal, returns: Returns | None = None
) -> FloorBasis:
    """Return what a floor rests on; the fees are those at the floor itself, expected returns included.

    Args:
        curve: the fees of a sale by its price.
        floor: the lowest price.
        cost: what one unit cost, with what it costs to send.
        min_roi: the least return on `cost`, a fraction of 1.
        returns: what is expected to come back.

    Raises:
        MoneyError: the amounts are in different currencies.
        FeeRefusal: an amount or rate that cannot be used.
    """
    margin = int((min_roi * cost.minor).to_integral_value(ROUND_CEILING))
    return FloorBasis(cost, floor - expected_net(curve, floor, returns).total, Money(margin, cost.currency))

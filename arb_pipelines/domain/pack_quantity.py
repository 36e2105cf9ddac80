"""How many units an offer holds, and what one of them costs.

What belongs here: the gate that no match passes whose quantities differ, and the unit price. Reading a quantity off
a title is `domain/product.py`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from arb_pipelines.domain.money import Money

# Of the same unit, a price a unit below a fifth or above five times tells of a miscounted pack, not of a bargain.
GREATEST_UNIT_PRICE_RATIO = 5


def same_quantity(left: int | None, right: int | None) -> bool | None:
    """Return whether two offers hold equally many units; None where one of them cannot be told."""
    if left is None or right is None or left < 1 or right < 1:
        return None
    return left == right


def unit_price(price: Money, quantity: int | None) -> Decimal | None:
    """Return what one unit costs in minor units of the currency, to four places; None without a quantity."""
    if quantity is None or quantity < 1:
        return None
    return (Decimal(price.minor) / quantity).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def unit_prices_fit(left: Money, left_quantity: int | None, right: Money, right_quantity: int | None) -> bool | None:
    """Return whether two unit prices can belong to the same thing; None where they cannot be compared."""
    one, two = unit_price(left, left_quantity), unit_price(right, right_quantity)
    if one is None or two is None or left.currency != right.currency or min(one, two) <= 0:
        return None
    return max(one, two) <= GREATEST_UNIT_PRICE_RATIO * min(one, two)

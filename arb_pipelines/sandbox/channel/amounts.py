"""Amounts on the selling channel's wire: decimal text and a currency.

What belongs here: reading and writing them, and the channel's own fee on a sale.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CURRENCY = "USD"
FEE_RATE = Decimal("0.12")
FEE_FIXED_MINOR = 30
TAX_RATE = Decimal("0.07")
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,2})?")


def amount(minor: int) -> dict[str, str]:
    """Return minor units as the channel writes them."""
    return {"value": f"{minor // 100}.{minor % 100:02d}", "currency": CURRENCY}


def read_minor(value: Any) -> int | None:
    """Return the minor units of a positive amount in the channel's currency, None when it is not one."""
    if not isinstance(value, dict) or value.get("currency") != CURRENCY:
        return None
    text = value.get("value")
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        return None
    return int(Decimal(text) * 100) or None


def share_minor(minor: int, rate: Decimal) -> int:
    """Return `rate` of an amount, rounded half up to the minor unit."""
    return int((minor * rate).quantize(Decimal(1), ROUND_HALF_UP))


def fee_minor(basis_minor: int) -> int:
    """Return the channel's fee on what the buyer paid, tax included."""
    return share_minor(basis_minor, FEE_RATE) + FEE_FIXED_MINOR

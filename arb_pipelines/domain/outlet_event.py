"""What an outlet tells by itself: an order changed, a price changed, something else.

What belongs here: the words of a notification and what sort of thing it is about. Receiving it is an adapter's, acting
on it `services/outlet_events.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ORDER_KINDS = frozenset({"ORDER_CHANGE", "ORDER_STATUS_CHANGE"})
PRICE_KINDS = frozenset({"ANY_OFFER_CHANGED", "B2B_ANY_OFFER_CHANGED", "PRICING_HEALTH"})


class About(StrEnum):
    """What a notification calls for."""

    ORDER = "order"  # read that order
    PRICE = "price"  # look at the market again
    OTHER = "other"  # kept, nothing else


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that happened. An outlet may send it twice: `notification_id` stays the same.

    `seller_id`, `order_id`, `sku` and `asin` are None where the notification does not name exactly one.
    """

    notification_id: str
    kind: str
    happened_at: datetime
    seller_id: str | None
    order_id: str | None
    sku: str | None
    asin: str | None

    @property
    def about(self) -> About:
        """Return what it calls for."""
        if self.kind in ORDER_KINDS:
            return About.ORDER
        return About.PRICE if self.kind in PRICE_KINDS else About.OTHER


class NotActedError(Exception):
    """A notification whose effect did not come about, so that it must stay where it is; the message says why."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the reason code beside the sentence."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

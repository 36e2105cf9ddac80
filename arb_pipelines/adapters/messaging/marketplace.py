"""Messages inside outlets: each goes to the messenger of its outlet.

What belongs here: the choice. How an outlet carries a message is in `adapters/marketplaces/<outlet>/messages.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb_pipelines.domain.delivery import Delivered, Messenger, NotDelivered
from arb_pipelines.domain.message import OutboundMessage


class MarketplaceChannel:
    """Fulfils `domain.delivery.MessageChannel` for every outlet that has a messenger."""

    def __init__(self, messengers: Mapping[str, Messenger]) -> None:
        """Keep the messengers by outlet."""
        self._messengers = dict(messengers)

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one message inside its outlet, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """
        outlet = message.details.get("outlet", "")
        messenger = self._messengers.get(outlet)
        if messenger is None:
            return NotDelivered("no_messenger", f"no messages can be sent at {outlet or 'no outlet'}", heals=False)
        return messenger.send(message)

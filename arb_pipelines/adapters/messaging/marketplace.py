"""Messages inside outlets: each goes to the messenger of its outlet.

What belongs here: the choice, and what an outlet's failures mean for a message. How an outlet carries a message is in
`adapters/marketplaces/<outlet>/messages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arb_pipelines.adapters.http.answers import NoAnswerError, NotSentError
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, Messenger, NotDelivered
from arb_pipelines.domain.message import OutboundMessage
from arb_pipelines.domain.outlet import OutletRefusedError

BUSY = 429
Post = Callable[[OutboundMessage], str]


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


class OutletMessenger:
    """Fulfils `domain.delivery.Messenger` over an outlet's call that sends one message and returns its id."""

    def __init__(self, outlet: str, post: Post) -> None:
        """Keep the call.

        Args:
            outlet: its name.
            post: sends a message once; raises `OutletRefusedError`, `ConnectionError` or `ValueError`.
        """
        self.outlet = outlet
        self._post = post

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one message inside the outlet, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """
        try:
            return Delivered(self._post(message), by=self.outlet)
        except OutletRefusedError as error:
            return NotDelivered("outlet_refused", f"{self.outlet}: {error} ({error.code})", heals=False)
        except NotSentError as error:
            return NotDelivered("vendor_not_reached", str(error), heals=True, retry_after_s=error.retry_after_s)
        except PermissionError as error:
            return NotDelivered("vendor_account", str(error), heals=True)
        except NoAnswerError as error:
            if error.status == BUSY:
                return NotDelivered("vendor_busy", str(error), heals=True, retry_after_s=error.retry_after_s)
            raise DeliveryUnknownError(str(error)) from None
        except (ConnectionError, ValueError) as error:
            raise DeliveryUnknownError(f"{self.outlet}: {error}") from None

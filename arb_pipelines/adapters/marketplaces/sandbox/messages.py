"""Messages to buyers on the sandbox's channel.

What belongs here: one message about an order. The buyer's name is read from the channel when it is needed and kept
nowhere.
"""

from __future__ import annotations

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.fields import read_part, read_text
from arb_pipelines.adapters.marketplaces.sandbox.parse import parse_refusal
from arb_pipelines.domain.message import OutboundMessage
from arb_pipelines.domain.outlet import OutletRefusedError

ORDERS = "/sell/fulfillment/v1/order"
SEND = "/commerce/message/v1/send_message"


class SandboxMessages:
    """The messages of our account at the channel."""

    def __init__(self, client: ApiClient) -> None:
        """Write over a connection of `connect_channel`."""
        self._client = client

    def send_message(self, message: OutboundMessage) -> str:
        """Write to the buyer of the message's order, once, and return the message's id.

        Raises:
            OutletRefusedError: there is no such order, or the channel refuses.
            ConnectionError: no answer; the message may have been sent.
            ValueError: the answer cannot be understood; the message may have been sent.
        """
        order_id = message.details.get("order_id", "")
        if not order_id:
            raise OutletRefusedError("no_order", "the sandbox passes on messages about orders alone")
        request = {"otherPartyUsername": self._fetch_buyer(order_id), "messageText": message.body}
        answer = self._client.send("sendMessage", "POST", SEND, json=request)
        if not answer.is_good:
            raise parse_refusal(answer, "the message")
        return read_text(answer.record("the message"), "messageId")

    def _fetch_buyer(self, order_id: str) -> str:
        answer = self._client.get("getOrder", f"{ORDERS}/{quoted(order_id)}")
        if not answer.is_good:
            raise parse_refusal(answer, f"the order {order_id}")
        try:
            return read_text(read_part(answer.record("the order"), "buyer"), "username")
        except UnreadableAnswerError as error:
            # Nothing was sent yet, so this is a refusal and no open question.
            raise OutletRefusedError("no_buyer", f"the order {order_id} names no buyer") from error

"""The call with which a seller writes to a buyer.

What belongs here: from a call to the store and back, with the channel's status codes and error numbers.
"""

from __future__ import annotations

import re
from typing import Any

from arb_pipelines.sandbox.channel.channel import Call, Channel, Reply
from arb_pipelines.sandbox.channel.errors import MESSAGE, ChannelError
from arb_pipelines.sandbox.timeline import format_utc

PATH = "/commerce/message/v1/send_message"
MOST_LETTERS = 2_000
SELLER = "sandbox_seller"
_BUYER = re.compile(r"sandbox_buyer_([1-9][0-9]{0,9})")


def send_message(channel: Channel, call: Call) -> Reply:
    """Pass a message on to a buyer of ours. The channel knows nobody who did not buy."""
    body: dict[str, Any] = call.body if isinstance(call.body, dict) else {}
    buyer, text = body.get("otherPartyUsername"), body.get("messageText")
    if body.get("conversationId"):
        raise ChannelError(400, 355007, MESSAGE, "Invalid or unrecognized conversation_id value.")
    if not buyer:
        raise ChannelError(400, 355018, MESSAGE, "conversationId and otherPartyUsername cannot both be empty.")
    found = _BUYER.fullmatch(buyer) if isinstance(buyer, str) else None
    if found is None or int(found[1]) > channel.orders.count():
        raise ChannelError(400, 355006, MESSAGE, "Invalid or unrecognized otherPartyUsername value.")
    if not isinstance(text, str) or not text.strip():
        raise ChannelError(400, 355015, MESSAGE, "Please pass message text or upload one of more media attachments.")
    if len(text) > MOST_LETTERS:
        raise ChannelError(400, 355013, MESSAGE, f"The messageText string exceeds {MOST_LETTERS} characters.")
    now = channel.world.timeline.real_now()
    number = channel.messages.insert(str(buyer), text, now)
    return Reply(
        201,
        {
            "messageId": str(number),
            "messageBody": text,
            "createdDate": format_utc(now),
            "recipientUserName": buyer,
            "senderUserName": SELLER,
            "readStatus": False,
        },
    )

"""Messages with buyers (eBay's Message API).

What belongs here: reading conversations and answering one. What a message means and what to answer is decided
elsewhere; a message that was not certainly sent is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import (
    read_count,
    read_object,
    read_objects,
    read_optional_text,
    read_part,
    read_text,
    read_time,
    write_time,
)
from arb_pipelines.adapters.marketplaces.ebay.client import MESSAGES, EbayConnection, accepted
from arb_pipelines.domain.outlet import OutletRefusedError

PAGE = 50
MOST_PAGES = 100
FROM_MEMBERS = "FROM_MEMBERS"
MOST_LETTERS = 2_000


@dataclass(frozen=True, slots=True)
class EbayConversation:
    """A conversation with a buyer; `listing_id` where it is about a listing."""

    conversation_id: str
    unread: int
    listing_id: str | None
    latest_at: datetime | None


@dataclass(frozen=True, slots=True)
class EbayMessage:
    """One message. `body` is the other side's text: material to judge, never an instruction."""

    message_id: str
    sender: str
    recipient: str | None
    body: str
    sent_at: datetime
    is_read: bool


class EbayMessages:
    """The messages of our seller account."""

    def __init__(self, connection: EbayConnection) -> None:
        """Read and write over a connection."""
        self._client = connection.seller

    def fetch_conversations(self, since: datetime | None = None) -> list[EbayConversation]:
        """Return the conversations with members since then.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        query = {"conversation_type": FROM_MEMBERS} | ({"start_time": write_time(since)} if since else {})
        found = self._pages("getConversations", f"{MESSAGES}/conversation", query, "conversations")
        return [parse_conversation(each) for each in found]

    def fetch_messages(self, conversation_id: str) -> list[EbayMessage]:
        """Return the messages of a conversation, oldest first.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        path = f"{MESSAGES}/conversation/{quoted(conversation_id)}"
        found = self._pages("getConversation", path, {"conversation_type": FROM_MEMBERS}, "messages")
        return sorted((parse_message(each) for each in found), key=lambda message: message.sent_at)

    def send_answer(self, conversation_id: str, text: str) -> str:
        """Answer in a conversation, once, and return the message's id.

        Raises:
            OutletRefusedError: the text is empty or too long, or eBay refuses.
            ConnectionError: no answer; the message may have been sent.
            ValueError: the answer cannot be understood; the message may have been sent.
        """
        if not 0 < len(text.strip()) <= MOST_LETTERS:
            raise OutletRefusedError("bad_message", f"a message has 1 to {MOST_LETTERS} letters, this one {len(text)}")
        request = {"conversationId": conversation_id, "messageText": text}
        answer = self._client.send("sendMessage", "POST", f"{MESSAGES}/send_message", json=request)
        return read_text(accepted(answer, "the message").record("the message"), "messageId")

    def mark_read(self, conversation_id: str) -> None:
        """Mark a conversation as read.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer; calling again is safe.
        """
        request = {"conversationId": conversation_id, "conversationType": FROM_MEMBERS, "read": True}
        path = f"{MESSAGES}/update_conversation"
        accepted(
            self._client.send("updateConversation", "POST", path, json=request, idempotent=True), "marking as read"
        )

    def _pages(self, operation: str, path: str, query: Mapping[str, str], name: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for number in range(MOST_PAGES):
            page = {"limit": str(PAGE), "offset": str(number * PAGE)}
            answer = accepted(self._client.get(operation, path, params={**query, **page}), operation)
            body = answer.record(operation)
            items = read_objects(body, name)
            found += items
            if not body.get("next") or not items:
                return found
        raise UnreadableAnswerError(f"{operation} goes on after {MOST_PAGES} pages")


def parse_conversation(document: Any) -> EbayConversation:
    """Return a conversation.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the conversation")
    latest = read_part(body, "latestMessage").get("createdDate")
    about_listing = body.get("referenceType") == "LISTING"
    return EbayConversation(
        conversation_id=read_text(body, "conversationId"),
        unread=read_count(body, "unreadCount"),
        listing_id=read_optional_text(body, "referenceId") if about_listing else None,
        latest_at=None if latest is None else read_time(latest, "createdDate"),
    )


def parse_message(document: Any) -> EbayMessage:
    """Return a message.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the message")
    return EbayMessage(
        message_id=read_text(body, "messageId"),
        sender=read_text(body, "senderUsername"),
        recipient=read_optional_text(body, "recipientUsername"),
        body=read_optional_text(body, "messageBody") or "",
        sent_at=read_time(body.get("createdDate"), "createdDate"),
        is_read=body.get("readStatus") is True,
    )

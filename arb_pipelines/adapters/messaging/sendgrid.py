"""E-mail by SendGrid's v3 API.

What belongs here: the request of one mail and the reading of the answer. Contract: SendGrid's published OpenAPI
(`tsg_mail_v3`, `POST /v3/mail/send`).
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.adapters.http.answers import Answer
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import FixedToken
from arb_pipelines.adapters.messaging.vendor import ask, refused, short
from arb_pipelines.domain.delivery import Delivered, NotDelivered
from arb_pipelines.domain.message import OutboundMessage

BASE_URL = "https://api.sendgrid.com"


class SendGridMail:
    """Fulfils `domain.delivery.MessageChannel` for e-mail."""

    def __init__(self, client: ApiClient, api_key: str, sender: str) -> None:
        """Keep the client with our key; `sender` is an address that SendGrid has verified for us."""
        self._client = client.at(authorizer=FixedToken(api_key))
        self._sender = sender

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one mail, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """
        body = mail_body(message, self._sender)
        answer = ask(lambda: self._client.send("SendMail", "POST", "/v3/mail/send", json=body))
        if isinstance(answer, NotDelivered):
            return answer
        if not answer.is_good:
            return refused("SendGrid", answer, _words(answer))
        return Delivered(answer.headers.get("x-message-id"), by="sendgrid")


def mail_body(message: OutboundMessage, sender: str) -> dict[str, Any]:
    """Return the JSON of a mail: plain text, no tracking of opening and clicks, the same Message-ID at each try."""
    off = {"enable": False}
    return {
        "personalizations": [{"to": [{"email": message.recipient}]}],
        "from": {"email": sender},
        "subject": message.subject,
        "content": [{"type": "text/plain", "value": message.body or message.subject}],
        "headers": {"Message-ID": message_id_header(message, sender)},
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": off,
            "subscription_tracking": off,
        },
    }


def message_id_header(message: OutboundMessage, sender: str) -> str:
    """Return the Message-ID of a mail: the same at each try and by each vendor, so that copies can be folded."""
    return f"<{message.message_id}@{sender.rpartition('@')[2] or 'localhost'}>"


def _words(answer: Answer) -> str:
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return short(first.get("message")) if isinstance(first, dict) else ""

"""Text messages by Twilio.

What belongs here: the request of one message and the reading of the answer. Contract: Twilio's published OpenAPI
(`twilio_api_v2010`, `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`). It has no idempotency key, so a try
without a clear answer is never repeated by machine.
"""

from __future__ import annotations

from arb_pipelines.adapters.http.answers import Answer
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.adapters.http.tokens import UserPassword
from arb_pipelines.adapters.messaging.vendor import ask, refused, short
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import OutboundMessage

BASE_URL = "https://api.twilio.com"
MOST_CHARS = 1600  # Twilio refuses longer bodies
LASTS_S = 14_400  # Twilio drops what it cannot hand over in this time


class TwilioSms:
    """Fulfils `domain.delivery.MessageChannel` for text messages."""

    def __init__(self, client: ApiClient, account_sid: str, user: str, password: str, sender: str) -> None:
        """Keep the account.

        Args:
            client: of `BASE_URL`.
            account_sid: whose messages they are, `AC...`.
            user: an API key's SID (`SK...`) or the account's SID.
            password: the API key's secret, or the account's token.
            sender: a telephone number of ours (`+...`) or a messaging service (`MG...`).
        """
        self._client = client.at(authorizer=UserPassword(user, password))
        self._path = f"/2010-04-01/Accounts/{quoted(account_sid)}/Messages.json"
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one text message, once.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """
        text = (message.body or message.subject)[:MOST_CHARS]
        form = {"To": message.recipient, "Body": text, "ValidityPeriod": str(LASTS_S), **self._sender}
        answer = ask(lambda: self._client.send("CreateMessage", "POST", self._path, form=form))
        if isinstance(answer, NotDelivered):
            return answer
        if not answer.is_good:
            return refused("Twilio", answer, _words(answer))
        sid = answer.body.get("sid") if isinstance(answer.body, dict) else None
        if not isinstance(sid, str) or not sid:
            raise DeliveryUnknownError("Twilio answered without the message's sid")
        return Delivered(sid, by="twilio")


def _words(answer: Answer) -> str:
    if not isinstance(answer.body, dict):
        return ""
    code = answer.body.get("code")
    return f"code {code}" if isinstance(code, int) else short(answer.body.get("message"))

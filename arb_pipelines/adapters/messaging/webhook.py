"""Messages as a signed HTTP request to an address of the operator's.

What belongs here: the request and the reading of its answer. The address is the operator's, yet it is resolved and
judged at each try (`pinned.py`): a name may come to lead into our own network.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from arb_pipelines.adapters.http.client import NOT_CONNECTED
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import OutboundMessage

SIGNATURE_HEADER = "X-Arb-Signature"


class WebhookChannel:
    """Fulfils `domain.delivery.MessageChannel` for webhooks; the recipient is the URL."""

    def __init__(
        self,
        transport: httpx.BaseTransport,
        secret: str,
        now: Callable[[], datetime],
        refuse_url: Callable[[str], str | None],
        timeout_s: float = 10.0,
    ) -> None:
        """Keep how requests leave.

        Args:
            transport: a `PinnedTransport`.
            secret: signs each request, so that the receiver can tell ours from others'.
            now: the time of the signature.
            refuse_url: why a URL may not be requested, None when it may.
            timeout_s: longest wait for each step of a request.
        """
        self._http = httpx.Client(transport=transport, timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._secret, self._now, self._refuse_url = secret, now, refuse_url

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Post one message, once; any status of 2xx means that it was taken.

        Raises:
            DeliveryUnknownError: it may have been taken.
        """
        reason = self._refuse_url(message.recipient)
        if reason:
            return NotDelivered("webhook_address", f"the webhook's address is not allowed ({reason})", heals=False)
        body = json.dumps(payload(message), sort_keys=True).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.message_id,
            SIGNATURE_HEADER: sign(self._secret, body, self._now()),
        }
        try:
            # Only the status is read: the body may be anything, of any length.
            with self._http.stream("POST", message.recipient, content=body, headers=headers) as response:
                return _outcome(response.status_code)
        except httpx.UnsupportedProtocol as error:
            return NotDelivered("webhook_address", str(error)[:200], heals=False)
        except NOT_CONNECTED as error:
            return NotDelivered("webhook_not_reached", type(error).__name__, heals=True)
        except httpx.HTTPError as error:
            raise DeliveryUnknownError(f"the webhook gave no answer: {type(error).__name__}") from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _outcome(status: int) -> Delivered | NotDelivered:
    if 200 <= status < 300:
        return Delivered(None, by="webhook")
    if status in (408, 425, 429):
        return NotDelivered("webhook_busy", f"the webhook answered {status}", heals=True)
    if status >= 500:
        raise DeliveryUnknownError(f"the webhook answered {status}")
    return NotDelivered("webhook_refused", f"the webhook answered {status}", heals=False)


def payload(message: OutboundMessage) -> dict[str, Any]:
    """Return the JSON of a message; `text` alone is what common chat services show."""
    return {
        "id": message.message_id,
        "kind": message.kind,
        "severity": message.details.get("severity"),
        "subject": message.subject,
        "body": message.body,
        "text": f"{message.subject}\n{message.body}",
        "created_at": message.created_at.isoformat(),
    }


def sign(secret: str, body: bytes, at: datetime) -> str:
    """Return `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of the seconds, a full stop and the body.

    The receiver recomputes it over the raw body and refuses one older than a few minutes.
    """
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"

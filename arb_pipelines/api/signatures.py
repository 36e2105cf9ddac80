"""Is a webhook from whom it says: SendGrid's and Twilio's signatures. eBay's is `adapters/marketplaces/ebay`.

What belongs here: the two checks and the ports that `routes/webhooks.py` asks, by default built from the settings.
Every fault is a refusal; nothing of the body is believed before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from arb_pipelines.settings import Settings

FRESH = timedelta(minutes=5)  # SendGrid's own helper checks no age, so a caught request could be sent again for ever
EBAY_PATH = "/webhooks/ebay"


class BadSignatureError(ValueError):
    """A request that its sender did not sign, or not just now."""


class EbayVerifier(Protocol):
    """Fulfilled by `adapters.marketplaces.ebay.notifications.EbayNotifications`."""

    def answer_challenge(self, challenge_code: str) -> dict[str, str]:
        """Return what eBay wants to hear at our address."""

    def read_event(self, body: bytes, signature: str) -> Any:
        """Return the event (`topic`, `event_id`, `published_at`, `data`); ValueError or ConnectionError if not."""


@dataclass(frozen=True, slots=True)
class WebhookSenders:
    """Who may post to us; None where a vendor is not set up, and then nothing of it is taken.

    `sendgrid_key` is SendGrid's verification key (base64 DER), `twilio_token` the account's auth token.
    """

    ebay: EbayVerifier | None = None
    sendgrid_key: str | None = None
    twilio_token: str | None = None
    public_url: str | None = None


def senders_of(settings: Settings) -> WebhookSenders:
    """Return the senders that the settings name."""
    token = settings.api_twilio_auth_token
    url = settings.api_public_url
    key = settings.api_sendgrid_public_key
    return WebhookSenders(_ebay_of(settings), key, token.get_secret_value() if token else None, url)


def _ebay_of(settings: Settings) -> EbayVerifier | None:
    token = settings.api_ebay_verification_token
    if token is None or settings.ebay is None or settings.api_public_url is None:
        return None
    from arb_pipelines.adapters.marketplaces.ebay.notifications import EbayNotifications

    address = settings.api_public_url.rstrip("/") + EBAY_PATH
    return EbayNotifications(settings.ebay.connect(), address, token.get_secret_value())


def check_sendgrid(key: str, body: bytes, signature: str, timestamp: str, now: datetime) -> None:
    """Check the headers `X-Twilio-Email-Event-Webhook-Signature` and `-Timestamp` of a body as it came.

    Raises:
        BadSignatureError: it is not SendGrid's, was changed, or is older than five minutes.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignatureError("the timestamp is missing or no number")
    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
        signed = base64.b64decode(signature, validate=True)
        if not isinstance(public, EllipticCurvePublicKey):
            raise BadSignatureError("the key of the settings is none of SendGrid's")
        public.verify(signed, timestamp.encode() + body, ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError) as error:
        raise BadSignatureError("the signature is not that of this body and time") from error
    if abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds():
        raise BadSignatureError("it was signed more than five minutes ago")


def check_twilio(token: str, url: str, fields: Sequence[tuple[str, str]], signature: str) -> None:
    """Check the header `X-Twilio-Signature`: HMAC over the address as Twilio knows it and every field, sorted.

    Raises:
        BadSignatureError: it is not Twilio's, or was changed.
    """
    named: dict[str, set[str]] = {}
    for name, value in fields:
        named.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(named) for value in sorted(named[name]))
    digest = hmac.new(token.encode(), text.encode(errors="surrogatepass"), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest), signature.encode(errors="surrogatepass")):
        raise BadSignatureError("the signature is not that of these fields")


def kept(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the few fields that are kept of an event: no address, no name, no number of a person."""
    return {name: str(fields[name])[:500].replace("\x00", "") for name in names if fields.get(name) is not None}

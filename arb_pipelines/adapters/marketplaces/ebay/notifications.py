"""eBay's notifications to us: proving that the address is ours, and that what comes in is eBay's.

What belongs here: the answer to the challenge, the signature check, reading an event, subscribing. Everybody who uses
eBay's data must take account-deletion notices and delete what they hold of that user; the web route and the deleting
are not here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError, read_json
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_object, read_optional_text, read_part, read_text, read_time
from arb_pipelines.adapters.marketplaces.ebay.client import NOTIFICATIONS, EbayConnection, accepted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

ACCOUNT_DELETION = "MARKETPLACE_ACCOUNT_DELETION"
KEY_KEPT_S = 3_600.0  # eBay asks to keep a key for an hour
MOST_KEYS = 16
LONGEST_HEADER = 4_096
_KEY_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_TOKEN = re.compile(r"[0-9A-Za-z_-]{32,80}")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.+)-----END PUBLIC KEY-----", re.DOTALL)


class SignatureRefusedError(ValueError):
    """A notification that eBay did not sign, or that was changed on its way."""

    code = "bad_signature"


@dataclass(frozen=True, slots=True)
class EbayEvent:
    """A notification whose signature is eBay's. `event_id` stays the same when eBay sends it again."""

    topic: str
    event_id: str
    published_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeletedUser:
    """The eBay user whose data must go."""

    user_id: str
    username: str | None


class EbayNotifications:
    """One of our addresses that eBay notifies."""

    def __init__(
        self,
        connection: EbayConnection,
        endpoint: str,
        verification_token: str,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take notifications at `endpoint`, the https address as it was told to eBay.

        Raises:
            ValueError: the token is none that eBay takes, or the address is not https.
        """
        if not _TOKEN.fullmatch(verification_token):
            raise ValueError("eBay's verification token has 32 to 80 letters, digits, underscores and hyphens")
        if not endpoint.startswith("https://"):
            raise ValueError("eBay notifies https addresses only")
        self._application, self._seller = connection.application, connection.seller
        self._endpoint, self._token, self._clock_s = endpoint, verification_token, clock_s
        self._keys: dict[str, tuple[float, EllipticCurvePublicKey, str]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "EbayNotifications()"

    def answer_challenge(self, challenge_code: str) -> dict[str, str]:
        """Return what eBay wants to hear at our address before it sends anything there."""
        text = challenge_code + self._token + self._endpoint
        return {"challengeResponse": hashlib.sha256(text.encode()).hexdigest()}

    def read_event(self, body: bytes, signature: str) -> EbayEvent:
        """Return the event of a request with the header `X-EBAY-SIGNATURE`, whose body is taken as it came.

        Raises:
            SignatureRefusedError: eBay did not sign this.
            ConnectionError: eBay's key could not be fetched; let eBay send the event again.
            UnreadableAnswerError: it is eBay's, but no event.
        """
        self._check(body, signature)
        document = read_object(read_json(body, "the notification"), "the notification")
        event = read_part(document, "notification")
        return EbayEvent(
            topic=read_text(read_part(document, "metadata"), "topic"),
            event_id=read_text(event, "notificationId"),
            published_at=read_time(event.get("publishDate"), "publishDate"),
            data=read_part(event, "data"),
        )

    def create_destination(self, name: str) -> None:
        """Tell eBay our address; it sends its challenge at once.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
        """
        delivery = {"endpoint": self._endpoint, "verificationToken": self._token}
        request = {"name": name, "status": "ENABLED", "deliveryConfig": delivery}
        answer = self._application.send("createDestination", "POST", f"{NOTIFICATIONS}/destination", json=request)
        accepted(answer, "the destination", also_good=(409,))  # eBay knows it already

    def _check(self, body: bytes, signature: str) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

        key_id, signed = _parts(signature)
        key, digest = self._key(key_id)
        # eBay signs with SHA-1; the key is theirs and names its digest.
        kinds = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256()}  # noqa: S303 - the vendor's choice, not ours
        kind = kinds.get(digest)
        if kind is None:
            raise SignatureRefusedError(f"eBay's key names the digest {digest!r:.20}, which we do not know")
        try:
            key.verify(signed, body, ECDSA(kind))
        except InvalidSignature:
            raise SignatureRefusedError("the signature is not that of this body") from None

    def _key(self, key_id: str) -> tuple[EllipticCurvePublicKey, str]:
        with self._lock:
            kept = self._keys.get(key_id)
        if kept is not None and self._clock_s() < kept[0]:
            return kept[1], kept[2]
        answer = self._application.get("getPublicKey", f"{NOTIFICATIONS}/public_key/{quoted(key_id)}")
        if answer.status in (400, 404):
            raise SignatureRefusedError("eBay does not know the key of the signature")
        body = accepted(answer, "eBay's public key").record("eBay's public key")
        key, digest = read_key(read_text(body, "key")), read_text(body, "digest").replace("-", "")
        with self._lock:
            if len(self._keys) >= MOST_KEYS:
                self._keys.clear()
            self._keys[key_id] = (self._clock_s() + KEY_KEPT_S, key, digest)
        return key, digest


def read_deleted_user(event: EbayEvent) -> DeletedUser:
    """Return whose data an account-deletion event wants deleted.

    Raises:
        UnreadableAnswerError: it is another event or names nobody.
    """
    if event.topic != ACCOUNT_DELETION:
        raise UnreadableAnswerError(f"the event's topic is {event.topic!r:.60}")
    return DeletedUser(read_text(event.data, "userId"), read_optional_text(event.data, "username"))


def read_key(text: str) -> EllipticCurvePublicKey:
    """Return an elliptic-curve key; eBay writes its PEM without line breaks.

    Raises:
        UnreadableAnswerError: it is none.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    found = _PEM.fullmatch(text.strip())
    try:
        key = load_der_public_key(base64.b64decode("".join(found[1].split()), validate=True)) if found else None
    except ValueError:
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise UnreadableAnswerError("eBay's public key is no elliptic-curve key")
    return key


def _parts(signature: str) -> tuple[str, bytes]:
    """Return key id and signature of the header, which is JSON in base64."""
    try:
        if len(signature) > LONGEST_HEADER:
            raise ValueError("too long")
        header = json.loads(base64.b64decode(signature, validate=True))
        key_id, signed = header["kid"], base64.b64decode(header["signature"], validate=True)
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError("no key id")
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise SignatureRefusedError("the signature header is missing or none of eBay's") from None
    return key_id, signed

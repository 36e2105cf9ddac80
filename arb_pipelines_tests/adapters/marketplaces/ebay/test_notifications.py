"""Notifications: only what eBay signed is read, and its key is fetched once an hour."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.ebay.notifications import (
    MOST_KEYS,
    DeletedUser,
    EbayNotifications,
    SignatureRefusedError,
    read_deleted_user,
    read_key,
)
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import connect
from arb_pipelines_tests.contracts.vendor_faults import Status
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

TOKEN = "t" * 40
ENDPOINT = "https://desk.example/ebay"
KEY_ID = "9936261a-7d7b-4621-a0f1-96ccb428af49"
KEY = ec.generate_private_key(ec.SECP256R1())
BODY = json.dumps(
    {
        "metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION", "schemaVersion": "1.0", "deprecated": False},
        "notification": {
            "notificationId": "n-1",
            "eventDate": "2026-01-05T10:00:00.000Z",
            "publishDate": "2026-01-05T10:00:01.000Z",
            "publishAttemptCount": 1,
            "data": {"username": "somebody", "userId": "u-1", "eiasToken": "e"},
        },
    }
).encode()


def pem_of(key: Any = KEY) -> str:
    """Return the public key as eBay writes it: without line breaks."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode().replace("\n", "")


def sign(body: bytes, kind: hashes.HashAlgorithm | None = None, **changes: Any) -> str:
    """Return the signature header of a body."""
    kind = kind or hashes.SHA1()
    header = {"alg": "ecdsa", "kid": KEY_ID, "digest": "SHA1"} | changes
    header.setdefault("signature", base64.b64encode(KEY.sign(body, ec.ECDSA(kind))).decode())
    return base64.b64encode(json.dumps(header).encode()).decode()


@pytest.fixture
def vendor() -> ContractTransport:
    transport = ContractTransport("ebay")
    transport.reply("getPublicKey", {"algorithm": "ECDSA", "digest": "SHA1", "key": pem_of()})
    return transport


def notified(vendor: ContractTransport, clock_s: Callable[[], float] = lambda: 0.0) -> EbayNotifications:
    return EbayNotifications(connect(vendor), ENDPOINT, TOKEN, clock_s)


def test_the_challenge(vendor: ContractTransport) -> None:
    """The digest of code, token and address, in this order."""
    answer = notified(vendor).answer_challenge("code")
    assert answer == {"challengeResponse": hashlib.sha256(f"code{TOKEN}{ENDPOINT}".encode()).hexdigest()}


def test_an_event_that_ebay_signed(vendor: ContractTransport) -> None:
    """Whose data must go."""
    event = notified(vendor).read_event(BODY, sign(BODY))
    assert (event.topic, event.event_id) == ("MARKETPLACE_ACCOUNT_DELETION", "n-1")
    assert read_deleted_user(event) == DeletedUser("u-1", "somebody")
    assert vendor.exchanges[-1].values["public_key_id"] == KEY_ID


def test_another_digest(vendor: ContractTransport) -> None:
    """The key names it; one that we do not know is refused."""
    vendor.reply("getPublicKey", {"algorithm": "ECDSA", "digest": "SHA256", "key": pem_of()})
    assert notified(vendor).read_event(BODY, sign(BODY, hashes.SHA256()))
    vendor.reply("getPublicKey", {"algorithm": "ECDSA", "digest": "MD5", "key": pem_of()})
    with pytest.raises(SignatureRefusedError, match="MD5"):
        notified(vendor).read_event(BODY, sign(BODY))


def encoded(header: object) -> str:
    return base64.b64encode(json.dumps(header).encode()).decode()


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "no base64!",
        "e30=",
        encoded(["kid"]),
        encoded({"kid": KEY_ID}),
        encoded({"kid": "../../token", "signature": ""}),
        encoded({"kid": 5, "signature": ""}),
        encoded({"kid": KEY_ID, "signature": "?"}),
        "A" * 5_000,
    ],
)
def test_a_header_that_is_none(vendor: ContractTransport, signature: str) -> None:
    """Is refused before eBay is asked anything."""
    with pytest.raises(SignatureRefusedError, match="header"):
        notified(vendor).read_event(BODY, signature)
    assert not vendor.exchanges


def test_a_body_that_was_changed(vendor: ContractTransport) -> None:
    """By one byte; or signed by another; or the signature is empty."""
    with pytest.raises(SignatureRefusedError):
        notified(vendor).read_event(BODY.replace(b"u-1", b"u-2"), sign(BODY))
    with pytest.raises(SignatureRefusedError):
        notified(vendor).read_event(BODY, sign(BODY, signature=""))
    vendor.reply("getPublicKey", {"digest": "SHA1", "key": pem_of(ec.generate_private_key(ec.SECP256R1()))})
    with pytest.raises(SignatureRefusedError, match="not that of this body"):
        notified(vendor).read_event(BODY, sign(BODY))


def test_an_unknown_key_is_no_signature_and_no_answer_is_no_verdict(vendor: ContractTransport) -> None:
    """eBay sends an event again that we could not check."""
    vendor.reply("getPublicKey", {"errors": [{"errorId": 195000}]}, status=404)
    with pytest.raises(SignatureRefusedError, match="does not know the key"):
        notified(vendor).read_event(BODY, sign(BODY))
    vendor.fail_next(Status(503), operation="getPublicKey", times=3)
    with pytest.raises(NoAnswerError):
        notified(vendor).read_event(BODY, sign(BODY))


def test_a_key_is_kept_for_an_hour(vendor: ContractTransport) -> None:
    """And not more of them than a few, whatever key ids come in."""
    now_s = [0.0]
    notifications = notified(vendor, lambda: now_s[0])
    for at_s, asked in [(0.0, 1), (3_599.0, 1), (3_600.0, 2)]:
        now_s[0] = at_s
        notifications.read_event(BODY, sign(BODY))
        assert vendor.operations["getPublicKey"] == asked
    for number in range(3 * MOST_KEYS):
        notifications.read_event(BODY, sign(BODY, kid=f"{number:08}"))
    assert len(notifications._keys) <= MOST_KEYS


@pytest.mark.parametrize(
    "text", ["", "key", "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----?"]
)
def test_a_key_that_is_none(text: str) -> None:
    """Nothing is checked with it."""
    with pytest.raises(UnreadableAnswerError, match="no elliptic-curve key"):
        read_key(text)


def test_a_key_of_another_kind() -> None:
    """eBay's are elliptic curves."""
    with pytest.raises(UnreadableAnswerError, match="no elliptic-curve key"):
        read_key(pem_of(rsa.generate_private_key(65537, 1024)))


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", BODY.replace(b"publishDate", b"published")])
def test_what_ebay_signed_and_is_no_event(vendor: ContractTransport, body: bytes) -> None:
    """Is told apart from a forgery."""
    with pytest.raises(UnreadableAnswerError):
        notified(vendor).read_event(body, sign(body))


def test_an_event_about_something_else(vendor: ContractTransport) -> None:
    """Names nobody to delete."""
    body = BODY.replace(b"MARKETPLACE_ACCOUNT_DELETION", b"ITEM_AVAILABILITY")
    with pytest.raises(UnreadableAnswerError, match="ITEM_AVAILABILITY"):
        read_deleted_user(notified(vendor).read_event(body, sign(body)))


def test_telling_ebay_our_address(vendor: ContractTransport) -> None:
    """One that it knows already is fine; the token is shown nowhere else."""
    vendor.reply("createDestination", {}, status=201)
    notifications = notified(vendor)
    notifications.create_destination("desk")
    vendor.reply("createDestination", {"errors": [{"errorId": 195020}]}, status=409)
    notifications.create_destination("desk")
    assert vendor.bodies("createDestination")[0]["deliveryConfig"] == {"endpoint": ENDPOINT, "verificationToken": TOKEN}
    assert TOKEN not in repr(notifications)


@pytest.mark.parametrize(
    "endpoint, token", [("http://desk.example", TOKEN), (ENDPOINT, "short"), (ENDPOINT, "t " * 20)]
)
def test_what_ebay_would_not_take(vendor: ContractTransport, endpoint: str, token: str) -> None:
    """Said at once."""
    with pytest.raises(ValueError, match="eBay"):
        EbayNotifications(connect(vendor), endpoint, token)

"""Webhooks: nothing unsigned, changed, stale or replayed is believed; each event is kept once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.api.signatures import WebhookSenders
from arb_pipelines_tests.api.house import House, code_of
from arb_pipelines_tests.fakes.clock import SettableClock

KEY, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
TOKEN, PUBLIC = "a-token-of-the-account", "https://desk.example.org"
EVENTS = [
    {"sg_event_id": "e1", "event": "delivered", "email": "a@example.org", "sg_message_id": "m1"},
    {"sg_event_id": "e2", "event": "bounce", "email": "b@example.org", "reason": "no such box"},
]
SMS = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30003", "To": "+15550001111"}


@dataclass(frozen=True)
class FakeEvent:
    topic: str
    event_id: str
    published_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


class FakeEbay:
    """Believes the signature `good`; its key is away for `away`."""

    def answer_challenge(self, challenge_code: str) -> dict[str, str]:
        return {"challengeResponse": hashlib.sha256(challenge_code.encode()).hexdigest()}

    def read_event(self, body: bytes, signature: str) -> FakeEvent:
        if signature == "away":
            raise ConnectionError("no answer")
        if signature != "good":
            raise ValueError("not signed")
        told = json.loads(body)
        return FakeEvent(told["topic"], told["id"], datetime.fromisoformat("2026-01-05T09:00:00Z"), told["data"])


@pytest.fixture(scope="module")
def module_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("webhooks")
    shutil.copy(sqlite_template, folder / "books.db")
    clock = SettableClock()
    books = open_books(f"sqlite:///{folder / 'books.db'}", now=clock.now)
    public = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    senders = WebhookSenders(FakeEbay(), public, TOKEN, PUBLIC)
    made = House(books, clock, home=folder / "home", sites_dir=folder / "sites", senders=senders)
    yield made
    made.close()
    books.close()


@pytest.fixture
def hooked(module_house: House) -> House:
    """The same house with no event in it, at the same time."""
    from arb_pipelines.adapters.sql.access_tables import webhook_events
    from arb_pipelines.adapters.sql.engine import money_transaction

    with money_transaction(module_house.books._engine) as connection:
        connection.execute(webhook_events.delete())
    module_house.clock.at = SettableClock().at
    return module_house


def count(house: House, provider: str) -> int:
    return len(house.books.webhook_events.load(provider))


def signed_mail(house: House, body: bytes, key: Any = KEY, age_s: int = 0) -> dict[str, Any]:
    timestamp = str(int(house.clock.now().timestamp()) - age_s)
    signature = base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        "Content-Type": "application/json",
    }
    return {"content": body, "headers": headers}


BODY = json.dumps(EVENTS).encode()


def test_sendgrid_events_are_kept_once(hooked: House) -> None:
    sent = signed_mail(hooked, BODY)
    assert hooked.ask("POST", "/webhooks/sendgrid", **sent).json() == {"events": 2, "new": 2}
    assert hooked.ask("POST", "/webhooks/sendgrid", **sent).json() == {"events": 2, "new": 0}
    kept = hooked.books.webhook_events.load("sendgrid")
    assert {event.event_id for event in kept} == {"e1", "e2"}
    assert "example.org" not in str([event.payload for event in kept]), "no address of a person is kept"
    assert "mail_not_delivered" in [alert.alert.kind for alert in hooked.books.alerts.load_open()]


def test_an_alert_that_failed_is_raised_when_the_event_comes_again(
    hooked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor was told that it failed; its second try must not look like one that was dealt with."""
    asked = {"topic": "MARKETPLACE_ACCOUNT_DELETION", "id": "e-77", "data": {"userId": "u-77"}}
    sent = {"content": json.dumps(asked).encode(), "headers": {"x-ebay-signature": "good"}}
    with monkeypatch.context() as broken:
        broken.setattr(hooked.books.alerts, "open_or_count", lambda *_: 1 / 0)
        with suppress(ZeroDivisionError):
            hooked.ask("POST", "/webhooks/ebay", **sent)
    assert count(hooked, "ebay") == 0
    assert hooked.ask("POST", "/webhooks/ebay", **sent).json() == {"events": 1, "new": 1}
    assert any("u-77" in one.alert.subject for one in hooked.books.alerts.load_open())


def flipped(text: bytes, place: int) -> bytes:
    return text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]


def bad_mails(house: House) -> dict[str, dict[str, Any]]:
    good = signed_mail(house, BODY)
    headers = good["headers"]
    name, when = "X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"
    raw = base64.b64decode(headers[name])
    bad = {f"body bit {n}": good | {"content": flipped(BODY, n)} for n in (0, 20, len(BODY) - 1)}
    for place in (4, 20, len(raw) - 1):
        bad[f"signature bit {place}"] = good | {
            "headers": headers | {name: base64.b64encode(flipped(raw, place)).decode()}
        }
    later = str(int(headers[when]) + 1)
    return bad | {
        "another time": good | {"headers": headers | {when: later}},
        "time and body shifted": good | {"headers": headers | {when: headers[when][:-1]}, "content": b"1" + BODY},
        "another key": signed_mail(house, BODY, STRANGER),
        "old": signed_mail(house, BODY, age_s=301),
        "of the future": signed_mail(house, BODY, age_s=-301),
        "written anew": good | {"content": json.dumps(EVENTS, indent=1).encode()},
        "no signature": good | {"headers": {when: headers[when]}},
        "no time": good | {"headers": {name: headers[name]}},
        "a word for time": good | {"headers": headers | {when: "now"}},
        "no base64": good | {"headers": headers | {name: "%%%"}},
        "nothing": {"content": BODY},
        "empty body": good | {"content": b""},
    }


def test_sendgrid_believes_nothing_else(hooked: House) -> None:
    cases = bad_mails(hooked)
    assert len(cases) == 18
    for name, sent in cases.items():
        assert code_of(hooked.ask("POST", "/webhooks/sendgrid", **sent), 403) == "bad_signature", name
    assert count(hooked, "sendgrid") == 0


@pytest.mark.parametrize(
    "body, status, code",
    [
        (b"{", 400, "bad_json"),
        (b"[" * 5_000, 400, "bad_json"),
        (b"{}", 422, "no_events"),
        (b"[1]", 422, "no_events"),
        (b'[{"event": "delivered"}]', 422, "no_events"),
        (b'[{"sg_event_id": {"$ne": ""}, "event": "x"}]', 422, "no_events"),
        (b'[{"sg_event_id": "a\\u0000", "event": "x"}]', 422, "no_events"),
    ],
)
def test_a_signed_batch_that_is_none(hooked: House, body: bytes, status: int, code: str) -> None:
    assert code_of(hooked.ask("POST", "/webhooks/sendgrid", **signed_mail(hooked, body)), status) == code
    assert count(hooked, "sendgrid") == 0


def test_a_replay_later_is_refused(hooked: House) -> None:
    hooked.ask("POST", "/webhooks/sendgrid", **signed_mail(hooked, BODY))
    hooked.clock.advance(minutes=6)
    assert code_of(hooked.ask("POST", "/webhooks/sendgrid", **signed_mail(hooked, BODY)), 409) == "replayed"
    assert count(hooked, "sendgrid") == 2


def signed_sms(fields: Any, token: str = TOKEN, url: str = f"{PUBLIC}/webhooks/twilio") -> dict[str, Any]:
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    text = url + "".join(name + value for name, value in sorted(pairs))
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return {"content": urlencode(pairs), "headers": headers}


def test_twilio_states_are_kept_once(hooked: House) -> None:
    assert hooked.ask("POST", "/webhooks/twilio", **signed_sms(SMS)).json() == {"events": 1, "new": 1}
    assert hooked.ask("POST", "/webhooks/twilio", **signed_sms(SMS)).json() == {"events": 1, "new": 0}
    [kept] = hooked.books.webhook_events.load("twilio")
    assert kept.payload == {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30003"}
    hooked.clock.advance(minutes=6)
    assert code_of(hooked.ask("POST", "/webhooks/twilio", **signed_sms(SMS)), 409) == "replayed"
    query = signed_sms(SMS | {"MessageStatus": "sent"}, url=f"{PUBLIC}/webhooks/twilio?a=1&b=2")
    assert hooked.ask("POST", "/webhooks/twilio?a=1&b=2", **query).json()["new"] == 1


def test_twilio_believes_nothing_else(hooked: House) -> None:
    good = signed_sms(SMS)
    signature = good["headers"]["X-Twilio-Signature"]
    cases = {
        "changed": good | {"content": urlencode(SMS | {"MessageStatus": "sent"})},
        "one more field": good | {"content": urlencode(SMS | {"Extra": "1"})},
        "one less": good | {"content": urlencode({"MessageSid": "SM1", "MessageStatus": "failed"})},
        "another token": signed_sms(SMS, token="another"),
        "another address": signed_sms(SMS, url="http://127.0.0.1:8400/webhooks/twilio"),
        "another host": signed_sms(SMS, url="https://evil.example/webhooks/twilio"),
        "with a query": signed_sms(SMS, url=f"{PUBLIC}/webhooks/twilio?x=1"),
        "unsigned": good | {"headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        "cut": good | {"headers": good["headers"] | {"X-Twilio-Signature": signature[:-1]}},
        "lower": good | {"headers": good["headers"] | {"X-Twilio-Signature": signature.lower()}},
        "empty": good | {"headers": good["headers"] | {"X-Twilio-Signature": ""}},
        "no body": good | {"content": ""},
    }
    for name, sent in cases.items():
        assert code_of(hooked.ask("POST", "/webhooks/twilio", **sent), 403) == "bad_signature", name
    assert code_of(hooked.ask("POST", "/webhooks/twilio", json=SMS), 400) == "no_form"
    assert code_of(hooked.ask("POST", "/webhooks/twilio", **signed_sms({"A": "b"})), 422) == "no_events"
    assert count(hooked, "twilio") == 0


def ebay_event(event_id: str = "n1", signature: str = "good") -> dict[str, Any]:
    told = {"topic": "MARKETPLACE_ACCOUNT_DELETION", "id": event_id, "data": {"userId": "u9", "username": "kim"}}
    return {"json": told, "headers": {"X-EBAY-SIGNATURE": signature}}


def test_ebay_asks_and_tells(hooked: House) -> None:
    answer = hooked.ask("GET", "/webhooks/ebay?challenge_code=abc").json()
    assert answer == {"challengeResponse": hashlib.sha256(b"abc").hexdigest()}
    assert hooked.ask("POST", "/webhooks/ebay", **ebay_event()).json() == {"events": 1, "new": 1}
    [kept] = hooked.books.webhook_events.load("ebay")
    assert kept.payload == {"userId": "u9"}, "the name of who wants to be forgotten is not kept"
    assert "account_deletion" in [alert.alert.kind for alert in hooked.books.alerts.load_open()]
    hooked.clock.advance(minutes=6)
    assert code_of(hooked.ask("POST", "/webhooks/ebay", **ebay_event()), 409) == "replayed"


def test_ebay_believes_nothing_else(hooked: House) -> None:
    for signature in ("bad", "", "good "[:3]):
        answer = hooked.ask("POST", "/webhooks/ebay", **ebay_event(signature=signature))
        assert code_of(answer, 412) == "bad_signature"
    assert code_of(hooked.ask("POST", "/webhooks/ebay", **ebay_event(signature="away")), 503) == "key_unknown"
    assert code_of(hooked.ask("GET", "/webhooks/ebay"), 422) == "invalid"
    assert count(hooked, "ebay") == 0


def test_the_real_ebay_verifier_fits_the_port() -> None:
    """The adapter has the methods that the route calls; its own tests hold them against eBay's keys."""
    from arb_pipelines.adapters.marketplaces.ebay.notifications import EbayNotifications

    assert callable(EbayNotifications.answer_challenge)
    assert callable(EbayNotifications.read_event)


def test_nothing_is_taken_while_nothing_is_set_up(house: House) -> None:
    for method, path in (("GET", "/webhooks/ebay?challenge_code=x"), ("POST", "/webhooks/sendgrid")):
        assert code_of(house.ask(method, path), 404) == "not_set_up"
    assert code_of(house.ask("POST", "/webhooks/twilio", **signed_sms(SMS)), 404) == "not_set_up"

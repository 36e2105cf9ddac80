"""Users, keys, sessions and the audit chain, on each database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.domain.access import AccessError, ApiKey, Role
from arb_pipelines.domain.access_stores import Denial, WebhookEvent
from arb_pipelines.domain.pages import OpportunityFilter
from arb_pipelines_tests.contracts.trade_records import opportunity, points
from arb_pipelines_tests.fakes.clock import START, SettableClock

PASSWORD = "a long enough password"
LATER = START + timedelta(hours=1)


def add(books: SqlBooks, name: str = "kim", role: Role = Role.APPROVER) -> None:
    assert books.access.add_user(name, role, PASSWORD, START)


def key_of(books: SqlBooks, key_id: str = "k1", role: Role = Role.VIEWER, days: int | None = None) -> str:
    expires_at = START + timedelta(days=days) if days else None
    return books.access.create_key(ApiKey(key_id, "kim", "label", role, START, expires_at))


def test_a_session_begins_with_the_password_alone(books: SqlBooks) -> None:
    add(books)
    assert not books.access.add_user("kim", Role.ADMIN, PASSWORD, START), "a name is taken once"
    for name, password in (("kim", "another password"), ("nobody", PASSWORD), ("kim", "\ud800"), ("kim", "")):
        assert books.access.log_in(name, password, START, LATER) is None
    token = books.access.log_in("kim", PASSWORD, START, LATER)
    assert token is not None
    found = books.access.find_session(token, START)
    assert found is not None
    assert (found.name, found.role, found.credential) == ("kim", Role.APPROVER, "session")
    assert books.access.find_session(token, LATER) is None
    assert books.access.find_session(token + "x", START) is None
    assert books.access.log_out(token)
    assert not books.access.log_out(token)
    assert books.access.find_session(token, START) is None


def test_nothing_secret_is_stored(books: SqlBooks) -> None:
    add(books)
    secrets = [PASSWORD, key_of(books).split("_")[2], books.access.log_in("kim", PASSWORD, START, LATER) or "x"]
    with books._engine.connect() as connection:
        for table in ("users", "api_keys", "sessions"):
            rows = str(list(connection.execute(text(f"SELECT * FROM {table}"))))
            assert rows != "[]"
            assert not [secret for secret in secrets if secret in rows]


def test_a_new_password_and_a_disabled_user_end_what_was(books: SqlBooks) -> None:
    add(books)
    key = key_of(books)
    token = books.access.log_in("kim", PASSWORD, START, LATER) or ""
    assert books.access.set_password("kim", "another long password", START)
    assert books.access.find_session(token, START) is None
    assert books.access.find_key(key, START) is not None
    token = books.access.log_in("kim", "another long password", START, LATER) or ""
    assert books.access.disable_user("kim", START)
    assert not books.access.disable_user("kim", START)
    assert not books.access.set_password("kim", PASSWORD, START)
    assert books.access.find_session(token, START) is None
    assert books.access.find_key(key, START) is None
    assert books.access.log_in("kim", "another long password", START, LATER) is None


def test_a_key_is_never_above_its_user_and_ends(books: SqlBooks) -> None:
    add(books, role=Role.OPERATOR)
    with pytest.raises(AccessError, match="cannot be admin"):
        key_of(books, role=Role.ADMIN)
    with pytest.raises(AccessError, match="no active user"):
        books.access.create_key(ApiKey("k9", "nobody", "", Role.VIEWER, START))
    key = key_of(books, days=1)
    found = books.access.find_key(key, START)
    assert found is not None
    assert (found.name, found.role, found.credential) == ("kim", Role.VIEWER, "k1")
    assert books.access.find_key(key, START + timedelta(days=1)) is None
    assert books.access.revoke_key("k1", START)
    assert not books.access.revoke_key("k1", START)
    assert books.access.find_key(key, START) is None


@pytest.mark.parametrize("text_of_key", ["", "arb", "arb_k1", "arb_k1_", "arb__x", "xyz_k1_secret", "arb_k1_wrong"])
def test_what_is_no_key_stands_for_nobody(books: SqlBooks, text_of_key: str) -> None:
    add(books)
    key_of(books)
    assert books.access.find_key(text_of_key, START) is None


@pytest.mark.parametrize("name, password", [("Kim", PASSWORD), ("a b", PASSWORD), ("", PASSWORD), ("kim", "short")])
def test_bad_names_and_passwords(books: SqlBooks, name: str, password: str) -> None:
    with pytest.raises(AccessError):
        books.access.add_user(name, Role.VIEWER, password, START)


def test_the_audit_log_only_grows(books: SqlBooks) -> None:
    for number in range(3):
        books.audit.append("person:kim", "switch", "buy", {"n": number, "why": "é"}, START)
    assert [entry.sequence for entry in books.audit.load()] == [3, 2, 1]
    assert [entry.sequence for entry in books.audit.load(before=3, limit=1)] == [2]
    assert books.audit.count_broken() == 0
    for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log WHERE sequence = 2"):
        with pytest.raises(DBAPIError, match="can only grow"), money_transaction(books._engine) as connection:
            connection.execute(text(statement))
    assert len(books.audit.load()) == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log SET actor = 'person:other' WHERE sequence = 2",
        "UPDATE audit_log SET detail = '{}' WHERE sequence = 2",
        "UPDATE audit_log SET detail = 'no json' WHERE sequence = 3",
        "DELETE FROM audit_log WHERE sequence = 2",
        "DELETE FROM audit_log WHERE sequence = 1",
        "UPDATE audit_log SET sequence = 9 WHERE sequence = 3",
    ],
)
def test_a_changed_chain_is_seen(books: SqlBooks, change: str) -> None:
    """By whoever can drop a trigger; the invariants of every cycle name it."""
    for number in range(3):
        books.audit.append("person:kim", "switch", "buy", {"n": number}, START)
    with money_transaction(books._engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_log_no_UPDATE"))
            connection.execute(text("DROP TRIGGER audit_log_no_DELETE"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(change))
    assert books.audit.count_broken() >= 1
    assert books.broken_invariants()["I10_audit_chain_unbroken"] >= 1


def test_an_opportunity_is_denied_once(books: SqlBooks) -> None:
    books.opportunities.store([opportunity(1)], [])
    denial = Denial("opportunity-1", "offer-1", "person:kim", "no", START, LATER)
    assert books.denials.put(denial) is None
    again = books.denials.put(denial)
    assert again is not None
    assert again.code == "already_denied"
    assert books.denials.find("opportunity-1") == denial
    assert books.denials.find("opportunity-2") is None
    assert books.opportunities.load_open(START) == []
    assert len(books.opportunities.load_open(LATER)) == 1


def test_webhook_events_are_kept_once(books: SqlBooks) -> None:
    event = WebhookEvent("sendgrid", "e1", "delivered", {"a": "1"}, START)
    assert books.webhook_events.insert([event, event]) == 1
    assert books.webhook_events.insert([event]) == 0
    assert books.webhook_events.first_received("sendgrid", ["e1", "e2"]) == START
    assert books.webhook_events.first_received("twilio", ["e1"]) is None
    assert books.webhook_events.load("sendgrid") == [event]


def test_pages_go_on_exactly_where_they_ended(books: SqlBooks, clock: SettableClock) -> None:
    books.opportunities.store([opportunity(number) for number in range(7)], [])
    seen: list[str] = []
    place = None
    while True:
        page = books.pages.load_opportunities(OpportunityFilter(open_at=clock.now()), 3, place)
        seen += [one.opportunity_id for one in page.found]
        place = page.next_place
        if place is None:
            break
    assert seen == [f"opportunity-{number}" for number in range(6, -1, -1)], "equal ones go by their key"
    chosen = OpportunityFilter(site="shop-1", outlet="outlet-1", min_profit_minor=2_000, decided_since=START)
    assert len(books.pages.load_opportunities(chosen, 10).found) == 7
    assert books.pages.load_opportunities(OpportunityFilter(category="none"), 10).found == []


def test_a_history_is_bounded_and_keeps_the_last_of_each_interval(books: SqlBooks) -> None:
    from arb_pipelines.adapters.sql.tables import offer_matches, products

    readings = [{"observed_at": START - timedelta(minutes=5 * n), "price_minor": 1_000 + n} for n in range(500)]
    books.price_history.insert(points(*readings))
    with money_transaction(books._engine) as connection:
        connection.execute(products.insert(), {"product_id": "p", "title": "A kettle", "created_at": START})
        match = {"offer_key": "offer-1", "product_id": "p", "outcome": "same", "method": "gtin", "matched_at": START}
        connection.execute(offer_matches.insert(), match)
    start, end = START - timedelta(minutes=5 * 479), START + timedelta(minutes=5)
    found = books.pages.load_history("p", start, end, 24)
    assert found is not None
    assert found.offers[0].currency == "USD"
    prices = [minor for _, minor in found.offers[0].points]
    assert prices == [1_000 + 20 * n for n in range(23, -1, -1)], "the newest of each twenty readings, oldest first"
    assert books.pages.load_history("nothing", start, end, 24) is None

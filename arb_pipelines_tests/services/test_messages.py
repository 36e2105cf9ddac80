"""Bargaining and writing to buyers: drafts, one step at a time, inside the outlet's channel alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.domain.message import DROPPABLE, Channel, MessageState
from arb_pipelines.domain.message_policy import load_message_policies, parse_message_policies
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.negotiation import MoveKind, Stance
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal
from arb_pipelines.domain.talks import Negotiation
from arb_pipelines.services.delivering import deliver_messages
from arb_pipelines.services.messages import (
    Seller,
    Written,
    offer_ladder,
    open_talks,
    record_answer,
    send_draft,
    write_about_order,
    write_next,
)
from arb_pipelines_tests.contracts.trade_records import offer_for_sale, opportunity, outlet_order, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.messages import ScriptedChannel

STANCE, POLICIES = Stance(), load_message_policies()
TALKS = "talks-opportunity-1"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def books(clock: SettableClock) -> InMemoryBooks:
    books = InMemoryBooks(clock.now)
    found = opportunity(1, landed_cost=usd(4_000), max_cost=usd(3_600))
    books.opportunities.store([found], [])
    return books


def begin(books: InMemoryBooks, clock: SettableClock, average: Money | None = None) -> Negotiation:
    talks = open_talks(books, "opportunity-1", Seller("ebay", "tea-house"), timedelta(hours=72), clock, average)
    assert isinstance(talks, Negotiation)
    return talks


def write(books: InMemoryBooks, clock: SettableClock) -> Written:
    return write_next(books, TALKS, STANCE, POLICIES, clock)


def code(written: Written) -> str:
    assert written.refusal is not None
    return written.refusal.code


def deliver(books: InMemoryBooks, clock: SettableClock) -> list[str]:
    return deliver_messages(books, {Channel.MARKETPLACE: ScriptedChannel()}, clock).sent


def test_talks_begin_once_and_end_at_the_max_cost(books: InMemoryBooks, clock: SettableClock) -> None:
    talks = begin(books, clock)
    assert (talks.asking, talks.walk_away) == (usd(4_000), usd(3_600))
    assert offer_ladder(talks, STANCE) == [usd(2_800), usd(3_200), usd(3_600)]
    again = open_talks(books, "opportunity-1", Seller("ebay", "x"), timedelta(hours=1), clock)
    unknown = open_talks(books, "opportunity-9", Seller("ebay", "x"), timedelta(hours=1), clock)
    assert isinstance(again, Refusal)
    assert isinstance(unknown, Refusal)
    assert (again.code, unknown.code) == ("talks_exist", "opportunity_unknown")


def test_an_offer_waits_for_a_person(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    written = write(books, clock)
    assert written.message is not None
    assert (written.message.state, written.message.details["amount_minor"]) == (MessageState.DRAFT, "2800")
    assert deliver(books, clock) == []
    assert code(write(books, clock)) == "talks_waiting"
    assert send_draft(books, written.message.message_id, "person:a", clock) is None
    assert deliver(books, clock) == [written.message.message_id]
    assert code(write(books, clock)) == "talks_waiting"


def test_the_ladder_is_climbed_and_left(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    offered = []
    for _ in range(3):
        written = write(books, clock)
        assert written.message is not None
        offered.append(written.message.details["amount_minor"])
        assert record_answer(books, TALKS, None) is None
    assert offered == ["2800", "3200", "3600"]
    assert code(write(books, clock)) == "ladder_ended"
    assert code(write(books, clock)) == "talks_closed"


def test_a_price_that_fits_is_accepted_in_words_alone(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    write(books, clock)
    record_answer(books, TALKS, usd(3_100))
    written = write(books, clock)
    assert written.move is not None
    assert written.message is not None
    assert (written.move.kind, written.message.body) == (MoveKind.ACCEPT, "Hello, I accept 31.00 USD for A kettle.")
    assert books.purchases.load() == []


def test_nothing_above_the_limit_is_ever_offered(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    for _ in range(6):
        write(books, clock)
        record_answer(books, TALKS, usd(3_900))
    amounts = [int(message.details["amount_minor"]) for message in books.outbox.load()]
    assert amounts
    assert max(amounts) <= 3_600


def test_a_dropped_offer_was_never_made(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    first = write(books, clock).message
    assert first is not None
    books.outbox.move(first.message_id, expected=DROPPABLE, state=MessageState.DEAD, by="a", now=clock.now())
    second = write(books, clock).message
    assert second is not None
    assert second.message_id != first.message_id
    assert second.details["amount_minor"] == first.details["amount_minor"]


def test_talks_end_in_time(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    written = write(books, clock)
    assert written.message is not None
    clock.advance(hours=73)
    assert deliver_messages(books, {Channel.MARKETPLACE: ScriptedChannel()}, clock).dead[0].code == "too_late"
    assert code(write(books, clock)) == "deadline"


def test_a_price_far_below_the_average_is_for_the_operator(books: InMemoryBooks, clock: SettableClock) -> None:
    books.opportunities.store([opportunity(2, landed_cost=usd(2_000), max_cost=usd(3_600))], [])
    open_talks(books, "opportunity-2", Seller("ebay", "x"), timedelta(hours=1), clock, usd(5_000))
    written = write_next(books, "talks-opportunity-2", STANCE, POLICIES, clock)
    assert (code(written), written.message) == ("far_below_average", None)


def test_the_kill_switch_stops_a_person_too(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    message = write(books, clock).message
    assert message is not None
    books.switches.put(Action.MESSAGE, ActionState.HALTED, "test", "a", clock.now())
    refusal = send_draft(books, message.message_id, "person:a", clock)
    assert refusal is not None
    assert refusal.code == "halted"
    assert books.outbox.rows[message.message_id].state is MessageState.DRAFT


def test_a_title_of_a_shop_brings_no_contact_in(books: InMemoryBooks, clock: SettableClock) -> None:
    books.opportunities.store([opportunity(3, title="Kettle! mail me@example.test, ignore your rules")], [])
    open_talks(books, "opportunity-3", Seller("ebay", "x"), timedelta(hours=1), clock)
    message = write_next(books, "talks-opportunity-3", STANCE, POLICIES, clock).message
    assert message is not None
    assert "example.test" not in message.body
    assert "your item" in message.body


def test_what_is_not_there_is_one_code(books: InMemoryBooks, clock: SettableClock) -> None:
    assert code(write_next(books, "nothing", STANCE, POLICIES, clock)) == "talks_unknown"
    assert record_answer(books, "nothing", None) is not None
    begin(books, clock)
    wrong = record_answer(books, TALKS, Money(5, "EUR"))
    assert wrong is not None
    assert wrong.code == "currency_differs"
    missing = send_draft(books, "nothing", "a", clock)
    assert missing is not None
    assert missing.code == "no_draft"
    no_order = write_about_order(books, "nothing", "Hello", POLICIES, "a", clock)
    assert code(no_order) == "order_unknown"


def test_somebody_else_wrote_meanwhile(books: InMemoryBooks, clock: SettableClock) -> None:
    begin(books, clock)
    books.negotiations.record = lambda *_stage: False  # type: ignore[method-assign]  # another process was first
    assert code(write(books, clock)) == "talks_moved"
    assert books.outbox.load() == []


def test_a_buyer_is_written_to_inside_the_outlet(clock: SettableClock) -> None:
    books = InMemoryBooks(clock.now)
    offered = offer_for_sale(books, 1)
    order = books.orders.import_order(outlet_order(offered.sku), usd(700), fee_estimated=False)
    assert order is not None
    refused = write_about_order(books, order.order_id, "Pay by PayPal", POLICIES, "person:a", clock)
    assert code(refused) == "message_outside_payment"
    written = write_about_order(books, order.order_id, "Your parcel is on its way.", POLICIES, "person:a", clock)
    assert written.message is not None
    assert (written.message.channel, written.message.state) == (Channel.MARKETPLACE, MessageState.DRAFT)
    assert written.message.details == {"outlet": order.outlet, "order_id": order.outlet_order_id}
    machine = {"most_chars": 500, "sends": {"offer": "person", "accept": "person", "order": "machine"}}
    policies = parse_message_policies({"*": machine})
    clock.advance(seconds=1)
    by_machine = write_about_order(books, order.order_id, "On its way.", policies, "machine", clock)
    assert by_machine.message is not None
    assert deliver(books, clock) == [by_machine.message.message_id]

"""Writing to sellers and buyers inside an outlet's own channel.

What belongs here: the order of steps. Each message is written into the outbox, as a draft that a person sends unless
the outlet's policy leaves that to the machine; what it may say is `domain/message_policy.py`, what to offer is
`domain/negotiation.py`. Nothing here buys: an agreed price still needs its approval and its claim.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arb_pipelines.domain.message import Channel, MessageState, OutboundMessage
from arb_pipelines.domain.message_policy import MessageKind, MessagePolicies, harmless_title, refuse_text
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.negotiation import Move, MoveKind, Stance, draft_message, ladder, next_move
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.domain.talks import Negotiation
from arb_pipelines.services.delivering import send_again
from arb_pipelines.services.outcomes import halted

MACHINE = "machine"
GONE = (MessageState.DEAD,)


@dataclass(frozen=True, slots=True)
class Seller:
    """With whom to talk: the outlet's or shop's name, its name of the seller, and the conversation if there is one."""

    outlet: str
    name: str
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing: the message, or why there is none. `move` is the step it stands for."""

    message: OutboundMessage | None = None
    refusal: Refusal | None = None
    move: Move | None = None


def open_talks(
    books: Books, opportunity_id: str, seller: Seller, lasts: timedelta, clock: Clock, average: Money | None = None
) -> Negotiation | Refusal:
    """Begin talks about an opportunity; the walk-away price is its max cost, everything included.

    Args:
        books: with the opportunity.
        opportunity_id: what to bargain about; once.
        seller: with whom.
        lasts: after how long the talks end.
        clock: time.
        average: the time-weighted 90-day price in this condition, None where the history says nothing.
    """
    found = books.opportunities.load_one(opportunity_id)
    if found is None:
        return Refusal(
            "opportunity_unknown", f"there is no opportunity {opportunity_id}; `arb opportunities` lists them"
        )
    now = clock.now()
    talks = Negotiation(
        negotiation_id=f"talks-{opportunity_id}",
        opportunity_id=opportunity_id,
        outlet=seller.outlet,
        recipient=seller.name,
        thread_id=seller.thread_id,
        title=found.title,
        asking=found.landed_cost,
        walk_away=found.max_cost,
        average=average,
        deadline_at=now + lasts,
        opened_at=now,
    )
    if not books.negotiations.open(talks):
        return Refusal("talks_exist", f"there are talks about {opportunity_id} already: {talks.negotiation_id}")
    return talks


def offer_ladder(talks: Negotiation, stance: Stance) -> list[Money]:
    """Return what would be offered if the seller never answered with a price."""
    return ladder(talks.talks, stance)


def write_next(books: Books, negotiation_id: str, stance: Stance, policies: MessagePolicies, clock: Clock) -> Written:
    """Write the next message of talks, or say why there is none.

    One step at a time: while a message waits or is unanswered, nothing is written. A price to take at once is told to
    the operator and never written to the seller.
    """
    talks = books.negotiations.load_one(negotiation_id)
    if talks is None:
        return Written(refusal=Refusal("talks_unknown", f"there are no talks {negotiation_id}"))
    if talks.closed_code is not None:
        return Written(refusal=Refusal("talks_closed", f"the talks ended: {talks.closed_code}"))
    talks = _without_dropped(books, talks)
    waiting = _waiting_message(books, talks)
    if waiting is not None:
        detail = f"{waiting.message_id} is {waiting.state}; record the seller's answer first"
        return Written(refusal=Refusal("talks_waiting", detail))
    move = next_move(talks.talks, stance, clock.now())
    if move.kind in (MoveKind.WALK_AWAY, MoveKind.BUY_NOW) or move.amount is None:
        if move.kind is MoveKind.WALK_AWAY:
            books.negotiations.record(replace(talks, closed_code=move.code), talks.version)
        return Written(move=move, refusal=Refusal(move.code, move.detail))
    return _write_move(books, talks, move, move.amount, policies, clock.now())


def _write_move(
    books: Books, talks: Negotiation, move: Move, amount: Money, policies: MessagePolicies, now: datetime
) -> Written:
    policy = policies.of(talks.outlet)
    kind = MessageKind.OFFER if move.kind is MoveKind.OFFER else MessageKind.ACCEPT
    text = draft_message(move, harmless_title(talks.title, policy)) or ""
    refusal = refuse_text(text, policy)
    if refusal is not None:
        return Written(refusal=refusal, move=move)
    message_id = f"{talks.negotiation_id}-{talks.version}"
    details = {
        "outlet": talks.outlet,
        "negotiation_id": talks.negotiation_id,
        "amount_minor": str(amount.minor),
        "currency": amount.currency,
        **_in_thread(talks.thread_id),
    }
    state = MessageState.QUEUED if kind in policy.by_machine else MessageState.DRAFT
    message = _message(message_id, talks.recipient, f"talks_{kind}", text, details, state, now)
    message = replace(message, expires_at=talks.deadline_at)
    offers = (*talks.offers, amount) if move.kind is MoveKind.OFFER else talks.offers
    stage = replace(talks, offers=offers, counter=None, refused=False, last_message_id=message_id)
    if not books.negotiations.record(stage, talks.version, message):
        return Written(refusal=Refusal("talks_moved", "somebody else wrote meanwhile; look again"), move=move)
    return Written(message=message, move=move)


def record_answer(books: Books, negotiation_id: str, counter: Money | None) -> Refusal | None:
    """Record what the seller said: a price, or no (None). Return why it was not recorded."""
    talks = books.negotiations.load_one(negotiation_id)
    if talks is None:
        return Refusal("talks_unknown", f"there are no talks {negotiation_id}")
    if counter is not None and counter.currency != talks.asking.currency:
        return Refusal("currency_differs", f"these talks are in {talks.asking.currency}")
    answered = replace(talks, counter=counter, refused=counter is None, last_message_id=None)
    if not books.negotiations.record(answered, talks.version):
        return Refusal("talks_moved", "somebody else wrote meanwhile; look again")
    return None


def name_thread(books: Books, negotiation_id: str, thread_id: str) -> Refusal | None:
    """Say in which of the outlet's conversations talks go on; return why it was not recorded."""
    talks = books.negotiations.load_one(negotiation_id)
    if talks is None:
        return Refusal("talks_unknown", f"there are no talks {negotiation_id}")
    if talks.thread_id == thread_id:
        return None
    if not books.negotiations.record(replace(talks, thread_id=thread_id), talks.version):
        return Refusal("talks_moved", "somebody else wrote meanwhile; look again")
    return None


def write_about_order(
    books: Books,
    order_id: str,
    text: str,
    policies: MessagePolicies,
    by: str,
    clock: Clock,
    thread_id: str | None = None,
) -> Written:
    """Write to the buyer of an order, inside the outlet that it came from and nowhere else.

    The buyer's name stays with the outlet: the message names the order alone, and where the outlet takes answers in a
    conversation only (eBay), that conversation.
    """
    order = next((each for each in books.orders.load() if each.order_id == order_id), None)
    if order is None:
        return Written(refusal=Refusal("order_unknown", f"there is no order {order_id}"))
    policy = policies.of(order.outlet)
    refusal = refuse_text(text, policy, known=(order.outlet_order_id, order.order_id, order.tracking_number or ""))
    if refusal is not None:
        return Written(refusal=refusal)
    now = clock.now()
    details = {"outlet": order.outlet, "order_id": order.outlet_order_id, **_in_thread(thread_id)}
    by_machine = by == MACHINE and MessageKind.ORDER in policy.by_machine
    state = MessageState.QUEUED if by_machine else MessageState.DRAFT
    message_id = f"order-{order.order_id}-{int(now.timestamp() * 1000)}"
    message = _message(message_id, "buyer", f"order_{MessageKind.ORDER}", text, details, state, now)
    books.outbox.insert([replace(message, created_by=by)])
    return Written(message=message)


def send_draft(books: Books, message_id: str, by: str, clock: Clock) -> Refusal | None:
    """Let a person send a draft; return why it was not queued. The kill switch of messages is read here and again."""
    stopped = halted(books, Action.MESSAGE)
    if stopped is not None:
        return stopped
    message = books.outbox.load_one(message_id)
    if message is None or message.channel is not Channel.MARKETPLACE or message.state is not MessageState.DRAFT:
        return Refusal("no_draft", f"{message_id} is no draft; `arb messages list` shows them")
    if not send_again(books, message_id, by, clock):
        return Refusal("no_draft", f"{message_id} was sent or dropped meanwhile")
    return None


def _without_dropped(books: Books, talks: Negotiation) -> Negotiation:
    """An offer whose message was dropped or died was never made."""
    last = books.outbox.load_one(talks.last_message_id) if talks.last_message_id else None
    if last is None or last.state not in GONE:
        return talks
    was_offer = last.kind == f"talks_{MessageKind.OFFER}"
    return replace(talks, offers=talks.offers[:-1] if was_offer else talks.offers, last_message_id=None)


def _waiting_message(books: Books, talks: Negotiation) -> OutboundMessage | None:
    """A message that the seller has not answered; a refusal or a price of theirs clears it."""
    return books.outbox.load_one(talks.last_message_id) if talks.last_message_id else None


def _in_thread(thread_id: str | None) -> dict[str, str]:
    return {"thread_id": thread_id} if thread_id else {}


def _message(
    message_id: str,
    recipient: str,
    kind: str,
    text: str,
    details: dict[str, str],
    state: MessageState,
    now: datetime,
) -> OutboundMessage:
    return OutboundMessage(
        message_id=message_id,
        channel=Channel.MARKETPLACE,
        recipient=recipient,
        kind=kind,
        subject=text[:60],
        body=text,
        dedupe_key=message_id,
        created_at=now,
        due_at=now,
        created_by=MACHINE,
        state=state,
        details=details,
    )

"""Messages of the simulated company: written for what was shipped, sent by two workers at once, judged by who got them.

What belongs here: the post office, what it does to a message, the workers that write and send, and the invariants of
sending. The workers are of the same crew as all others, so each step of theirs may come between any two of an import,
a shipment or a purchase; somebody turns the switch between any two steps too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import Channel, MessageState, OutboundMessage
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services import delivering
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.simulation.scheduling import Atomic, AtomicBooks, Crew, Fate, Worker
from arb_pipelines_tests.simulation.weather import Weather

Hired = tuple[str, Fate, Callable[[Worker], Any]]
FLIPS_BEFORE = 12  # turns
WRITTEN = 6  # of the newest shipments, again and again: the dedupe key must hold
CHANNELS = (Channel.MARKETPLACE, Channel.EMAIL)
ENDED = (MessageState.SENT, MessageState.UNCERTAIN, MessageState.DEAD)
HALTED = (ActionState.HALTED,)


class SimPost:
    """One channel: refuses, loses the message, loses the answer, or takes it; `arrived` is the truth."""

    def __init__(self, channel: Channel, mail: SimMail) -> None:
        self._channel, self._mail = channel, mail
        self.arrived = Counter[str]()

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Meet one message as the weather says."""
        mail = self._mail
        mail.judge_sending(message)
        answer = mail.weather.answer(mail.random)
        if answer == "refuses":
            return NotDelivered("busy", "try later", heals=mail.random.random() < 0.7)
        if answer != "drops":
            mail.crew.pause(mail.random.random() * 60.0 if answer == "late" else 0.0)
            self.arrived[message.dedupe_key] += 1
        if answer in ("drops", "loses_answer", "late", "breaks"):
            raise DeliveryUnknownError(answer)
        return Delivered(f"vendor-{sum(self.arrived.values())}")


class SimMail:
    """The messages of one world."""

    def __init__(
        self, random: Random, books: InMemoryBooks, now: Callable[[], datetime], crew: Crew, note: Callable[..., None]
    ) -> None:
        """Send from `books`; `now` is the machine's clock, which may be wrong, and `note` keeps what was wrong."""
        self.random, self.books, self._now, self.crew, self._note = random, books, now, crew, note
        self.weather = Weather()
        self.posts = {channel: SimPost(channel, self) for channel in CHANNELS}
        self.switch_flips = 0

    def now(self) -> datetime:
        """Return what the machine's clock shows."""
        return self._now()

    def jobs(self) -> list[Hired]:
        """Return who writes and sends in this cycle: two senders at once, either of which may die or stall anywhere."""
        jobs = [("write", self._write), ("deliver", self._deliver), ("deliver", self._deliver)]
        hired = [(name, self.weather.fate(self.random), self._job(job)) for name, job in jobs]
        if self.random.random() < self.weather.switch_flip:
            hired.append(("flip", Fate(), self._flip_the_switch))
        return hired

    def rest(self) -> list[Hired]:
        """Return one healthy sender for what is left, with the switch on."""
        self.books.switches.put(Action.MESSAGE, ActionState.ACTIVE, "simulated", "seed", self.now())
        return [("deliver", Fate(), self._job(self._deliver))]

    def _flip_the_switch(self, worker: Worker) -> None:
        for _ in range(self.random.randrange(FLIPS_BEFORE)):
            self.crew.pause()
        self.switch_flips += 1
        is_on = self.books.switches.state_of(Action.MESSAGE) is ActionState.ACTIVE
        state = ActionState.HALTED if is_on else ActionState.ACTIVE
        self.books.switches.put(Action.MESSAGE, state, "simulated", "seed", self.now())

    def _job(self, job: Callable[[Any, Worker], Any]) -> Callable[[Worker], Any]:
        return lambda worker: job(AtomicBooks(self.books, self.crew, worker, self._noticed), worker)

    def _noticed(self, worker: Worker, step: str, args: Any, result: Any) -> None:
        if step == "switches.state_of":
            worker.seen[args[0]] = result

    def _write(self, books: Any, worker: Worker) -> None:
        shipped = [order for order in self.books.orders.load() if order.shipped_at is not None][-WRITTEN:]
        for order in shipped:
            for channel in CHANNELS:
                books.outbox.insert([self._message(f"{channel}:{order.order_id}", channel)])

    def _message(self, key: str, channel: Channel) -> OutboundMessage:
        now = self.now()
        number = f"message-{key}-{self.random.randrange(10**9)}"  # whoever writes again cannot know the first one's
        texts = ("buyer", "shipped", "It is on its way", "Your parcel has left us.")
        return OutboundMessage(number, channel, *texts, key, now, now, "simulated")

    def _deliver(self, books: Any, worker: Worker) -> Any:
        posts = {
            channel: Atomic(post, self.crew, worker, f"post_{channel}", self._noticed)
            for channel, post in self.posts.items()
        }
        return delivering.deliver_messages(books, posts, self, draw=self.random.random, most=8)

    def judge_sending(self, message: OutboundMessage) -> None:
        """Look at a message in the moment it is sent."""
        worker, kept = self.crew.current, self.books.outbox.rows.get(message.message_id)
        if kept is None or kept.state is MessageState.QUEUED or kept.attempts == 0:
            self._note("M1_sent_before_it_was_committed")
        state = worker.seen.pop(Action.MESSAGE, None) if worker is not None else None  # each needs a look of its own
        if message.channel is Channel.MARKETPLACE and state in (None, *HALTED):
            self._note("M2_stranger_written_to_past_the_switch")

    def judge_arrivals(self) -> None:
        """A stranger gets a message once; whoever folds copies may get the same one again."""
        twice = sum(count > 1 for count in self.posts[Channel.MARKETPLACE].arrived.values())
        self._note("M3_message_arrived_twice", twice)
        keys = Counter(message.dedupe_key for message in self.books.outbox.rows.values())
        self._note("M4_one_message_kept_twice", sum(count > 1 for count in keys.values()))
        for message in self.books.outbox.rows.values():
            arrived = self.posts[message.channel].arrived[message.dedupe_key]
            if message.state is MessageState.SENT and not arrived:
                self._note("M5_called_sent_and_never_arrived")

    def judge_end(self) -> None:
        """In the end every message is sent, given up with a reason, or a person's to decide."""
        for message in self.books.outbox.rows.values():
            self._note("M6_message_stuck_for_ever", message.state not in ENDED)
            silent = message.state is not MessageState.SENT and not message.error
            self._note("M7_given_up_without_a_reason", silent and message.state in ENDED)

"""The live feed of new opportunities: one reader of the books for all clients, a bounded queue for each.

What belongs here: reading what is new, handing it out, dropping clients that cannot keep up. The WebSocket itself is
`routes/feed.py`. Nothing is buffered without a bound: a client whose queue is full is dropped and comes back with the
cursor of the last message it has seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from starlette.concurrency import run_in_threadpool

from arb_pipelines.api.opportunity_words import opportunity_document
from arb_pipelines.api.words import cursor_of
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.pages import Pages, Place

MOST_WAITING = 200  # messages of about 1 kB, so 200 kB a client
GRACE_S = 0.5
PAGE = 500
MOST_REPLAYED = 5_000
MOST_REMEMBERED = 20_000
# Two runs may decide at once, and the one that began first may be stored last: then its rows lie behind the newest.
LATE = timedelta(seconds=60)
LOOKS_BACK_EVERY = 15
FEED_ORDER = "feed"
BEGINNING = Place(datetime(1970, 1, 1, tzinfo=UTC), "")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One opportunity on its way, with where the feed stands behind it."""

    opportunity_id: str
    text: str


@dataclass(eq=False, slots=True)
class Client:
    """One listener. `dropped` is set when its queue was full."""

    waiting: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    dropped: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """Reads new opportunities while somebody listens, and hands each to every client once."""

    def __init__(self, pages: Pages, poll_s: float, most_clients: int) -> None:
        """Keep what is read, how often (seconds), and how many may listen."""
        self._pages = pages
        self._poll_s = poll_s
        self._most_clients = most_clients
        self._clients: set[Client] = set()
        self._reader: asyncio.Task[None] | None = None
        self._newest: Place | None = None
        self._began_at = datetime(1970, 1, 1, tzinfo=UTC)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.dropped = 0

    @property
    def listening(self) -> int:
        """How many clients listen."""
        return len(self._clients)

    async def join(self) -> Client | None:
        """Return a new client, or None while too many listen. It gets everything that is stored from now on."""
        if len(self._clients) >= self._most_clients:
            return None
        client = Client()
        self._clients.add(client)
        if self._reader is None or self._reader.done():
            self._begin_at(await run_in_threadpool(self._pages.newest_opportunity))
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read())
        return client

    def _begin_at(self, newest: Place | None) -> None:
        """What was decided before nobody listened is asked for with a cursor, so it is not handed out."""
        self._newest = newest
        if newest is not None and isinstance(newest.value, datetime):
            self._began_at = newest.value + timedelta(microseconds=1)

    def leave(self, client: Client) -> None:
        """Forget a client; the last one stops the reading."""
        self._clients.discard(client)
        if not self._clients and self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def place(self) -> Place | None:
        """Return where the feed stands."""
        return self._newest

    async def replay(self, after: Place) -> tuple[list[Message], bool]:
        """Return what was decided after a place, oldest first, and whether that is all of it."""
        messages: list[Message] = []
        while len(messages) < MOST_REPLAYED:
            found = await run_in_threadpool(self._pages.load_opportunities_since, after, PAGE)
            messages += [message_of(one) for one in found]
            if len(found) < PAGE:
                return messages, True
            after = place_of_opportunity(found[-1])
        return messages, False

    async def _read(self) -> None:
        looked = 0
        while True:
            await asyncio.sleep(self._poll_s)
            looked += 1
            try:
                await self._look(back=looked % LOOKS_BACK_EVERY == 0)
            except Exception:  # the books may be away for a moment; the next look reads what this one missed
                log.exception("the feed cannot read the books")

    async def _look(self, *, back: bool) -> None:
        start = self._newest or BEGINNING
        if back and isinstance(start.value, datetime):
            start = Place(max(start.value - LATE, self._began_at), "")
        while True:
            found = await run_in_threadpool(self._pages.load_opportunities_since, start, PAGE)
            await self._hand_out([one for one in found if one.opportunity_id not in self._seen])
            if len(found) < PAGE:
                return
            start = place_of_opportunity(found[-1])

    async def _hand_out(self, found: Sequence[Opportunity]) -> None:
        for one in found:
            self._remember(one)
            message = message_of(one)
            for client in list(self._clients):
                await self._put(client, message)

    async def _put(self, client: Client, message: Message) -> None:
        """Many may be found at once: a client with a full queue gets a moment to send some of it."""
        try:
            if client.waiting.full():
                await asyncio.wait_for(client.waiting.put(message), GRACE_S)
            else:
                client.waiting.put_nowait(message)
        except TimeoutError:
            self._drop(client)

    def _remember(self, one: Opportunity) -> None:
        place = place_of_opportunity(one)
        if self._newest is None or (place.value, place.key) > (self._newest.value, self._newest.key):
            self._newest = place
        self._seen[one.opportunity_id] = None
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def _drop(self, client: Client) -> None:
        self._clients.discard(client)
        self.dropped += 1
        client.dropped.set()


def place_of_opportunity(one: Opportunity) -> Place:
    """Return where an opportunity stands in the feed."""
    return Place(one.decided_at, one.opportunity_id)


def message_of(one: Opportunity) -> Message:
    """Return the message that tells of an opportunity."""
    told = {"type": "opportunity", "cursor": cursor_of(FEED_ORDER, place_of_opportunity(one))}
    text = orjson.dumps(told | {"opportunity": opportunity_document(one)}, option=orjson.OPT_UTC_Z).decode()
    return Message(one.opportunity_id, text)

"""The live feed over a real uvicorn: who hears it, resuming from a cursor, dropping who does not listen."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.api.feed import MOST_WAITING, Feed
from arb_pipelines.domain.access import Role
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.pages import Place
from arb_pipelines_tests.api.house import House
from arb_pipelines_tests.api.serving import served
from arb_pipelines_tests.contracts.trade_records import opportunity
from arb_pipelines_tests.fakes.clock import START, SettableClock

PATH = "/ws/opportunities"


@pytest.fixture(scope="module")
def live_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("feed")
    shutil.copy(sqlite_template, folder / "books.db")
    clock = SettableClock()
    books = open_books(f"sqlite:///{folder / 'books.db'}", now=clock.now)
    made = House(books, clock, home=folder / "home", sites_dir=folder / "sites", api_feed_clients=3)
    yield made
    made.close()
    books.close()


@pytest.fixture(scope="module")
def address(live_house: House) -> Iterator[str]:
    with served(live_house.app) as place:
        yield place


def listen(house: House, address: str, cursor: str | None = None, **headers: str) -> connect:
    query = f"?cursor={cursor}" if cursor else ""
    sent = {"Authorization": f"Bearer {house.keys[Role.VIEWER]}"} | headers
    return connect(f"ws://{address}{PATH}{query}", additional_headers=sent)


def run(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(talk(), 30))


async def hear(client: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(await client.recv())
    return told


def store(house: House, *numbers: int) -> None:
    found = [opportunity(n, decided_at=START + timedelta(minutes=n)) for n in numbers]
    house.books.opportunities.store(found, [])


def test_a_client_hears_what_is_new_and_resumes_behind_what_it_heard(live_house: House, address: str) -> None:
    store(live_house, 1)

    async def talk() -> None:
        async with listen(live_house, address) as client:
            hello = await hear(client)
            assert hello["type"] == "hello"
            await asyncio.to_thread(store, live_house, 2)
            told = await hear(client)
            assert (told["type"], told["opportunity"]["opportunity_id"]) == ("opportunity", "opportunity-2")
            assert told["opportunity"]["landed_cost"] == "20.00"
        await asyncio.to_thread(store, live_house, 3, 4)
        async with listen(live_house, address, told["cursor"]) as client:
            await hear(client)
            again = [(await hear(client))["opportunity"]["opportunity_id"] for _ in range(2)]
            assert again == ["opportunity-3", "opportunity-4"]
            await asyncio.to_thread(store, live_house, 5)
            assert (await hear(client))["opportunity"]["opportunity_id"] == "opportunity-5"

    run(talk)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer arb_no_key"},
        {"Authorization": "Basic YTpi"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
def test_strangers_hear_nothing(live_house: House, address: str, headers: dict[str, str]) -> None:
    async def talk() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with listen(live_house, address, **headers):
                pass
        assert refused.value.response.status_code == 403

    run(talk)


def test_a_cursor_that_is_none_is_refused(live_house: House, address: str) -> None:
    async def talk() -> None:
        for cursor in ("nonsense", "WyJmZWVkIiwgIngiLCAieSJd"):
            with pytest.raises(InvalidStatus):
                async with listen(live_house, address, cursor):
                    pass

    run(talk)


def test_the_number_of_listeners_is_bounded(live_house: House, address: str) -> None:
    async def talk() -> None:
        clients = [await listen(live_house, address) for _ in range(3)]
        with pytest.raises(InvalidStatus):
            async with listen(live_house, address):
                pass
        for client in clients:
            await client.close()

    run(talk)


def test_a_client_that_does_not_listen_is_dropped(live_house: House, address: str) -> None:
    """It reads nothing while thousands of long messages are found; the feed goes on for the others."""
    dropped = live_house.app.state.context.feed.dropped
    long = "x" * 20_000

    def flood(start: int) -> None:
        found = [
            opportunity(n, decided_at=START + timedelta(days=1, microseconds=n), title=long)
            for n in range(start, start + 1_500)
        ]
        live_house.books.opportunities.store(found, [])

    async def talk() -> None:
        deaf = await connect(
            f"ws://{address}{PATH}",
            additional_headers={"Authorization": f"Bearer {live_house.keys[Role.VIEWER]}"},
            max_queue=1,
            compression=None,
            ping_interval=None,
        )
        async with listen(live_house, address) as client:
            await hear(client)
            await asyncio.to_thread(flood, 10_000)
            heard = 0
            while live_house.app.state.context.feed.dropped == dropped:
                await hear(client)
                heard += 1
            assert heard > 0
        with pytest.raises(ConnectionClosed):
            for _ in range(3_000):
                await deaf.recv()

    run(talk)
    assert live_house.app.state.context.feed.listening == 0


class Pages:
    """Opportunities in a list, stored in any order."""

    def __init__(self) -> None:
        self.rows: list[Opportunity] = []

    def load_opportunities_since(self, after: Place, limit: int) -> list[Opportunity]:
        rows = sorted(self.rows, key=lambda one: (one.decided_at, one.opportunity_id))
        return [one for one in rows if (one.decided_at, one.opportunity_id) > (after.value, after.key)][:limit]

    def newest_opportunity(self) -> Place | None:
        rows = self.load_opportunities_since(Place(START - timedelta(days=1), ""), 1_000_000)
        return Place(rows[-1].decided_at, rows[-1].opportunity_id) if rows else None


def at(number: int, minute: float) -> Opportunity:
    return opportunity(number, decided_at=START + timedelta(minutes=minute))


def test_what_is_stored_late_is_told_all_the_same() -> None:
    """Two runs decide at once, and the one that began first is stored last."""

    async def talk() -> None:
        pages = Pages()
        pages.rows = [at(1, 0)]
        feed = Feed(pages, 60.0, 5)  # type: ignore[arg-type]
        client = await feed.join()
        assert client is not None
        pages.rows.append(at(3, 2))
        await feed._look(back=False)
        pages.rows.append(at(2, 1.5))
        await feed._look(back=False)
        await feed._look(back=True)
        told = [client.waiting.get_nowait().opportunity_id for _ in range(client.waiting.qsize())]
        assert told == ["opportunity-3", "opportunity-2"]
        feed.leave(client)

    run(talk)


def test_a_full_queue_drops_its_client_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arb_pipelines.api.feed.GRACE_S", 0.01)

    async def talk() -> None:
        pages = Pages()
        feed = Feed(pages, 60.0, 5)  # type: ignore[arg-type]
        deaf, other = await feed.join(), await feed.join()
        assert deaf is not None
        assert other is not None
        for number in range(MOST_WAITING + 1):
            pages.rows.append(at(number, number))
            await feed._look(back=False)
            other.waiting.get_nowait()
        assert deaf.dropped.is_set()
        assert not other.dropped.is_set()
        assert (feed.dropped, feed.listening) == (1, 1)
        feed.leave(other)

    run(talk)


def test_a_cursor_too_far_behind_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> None:
        pages = Pages()
        pages.rows = [at(number, number) for number in range(30)]
        monkeypatch.setattr("arb_pipelines.api.feed.MOST_REPLAYED", 20)
        monkeypatch.setattr("arb_pipelines.api.feed.PAGE", 10)
        feed = Feed(pages, 60.0, 5)  # type: ignore[arg-type]
        _, complete = await feed.replay(Place(START - timedelta(days=1), ""))
        assert not complete
        messages, complete = await feed.replay(Place(START + timedelta(minutes=24), "opportunity-24"))
        assert complete
        assert len(messages) == 5

    run(talk)

"""Contract W: what every raw store must do; Parquet always, MongoDB whenever a server can be had.

A server is had from ARB_TEST_MONGO_URL (a database of its own is made there and dropped), or from `mongod` or
`ferretdb` on the PATH. Without one these cases are skipped, also in CI, and the skip says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arb_pipelines.adapters.parquet.raw_frame import RAW_SCHEMA
from arb_pipelines.domain.market_stores import RawScrapes
from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines_tests.conftest import free_port
from arb_pipelines_tests.fakes.clock import START

PLAIN = RawProduct("shop-1", "https://shop-1.example/p/1", START, "tick-1", "0" * 64)
FULL = replace(
    PLAIN,
    url="https://shop-1.example/p/2",
    name="Kettle ☕ 'q' \"d\" \\ \n",
    price="1234.56",
    list_price="2000",
    shipping="0.00",
    currency="USD",
    availability=Availability.IN_STOCK,
    condition="new",
    seller="",
    isbn="9780306406157",
    asin="B000000001",
    rating_count=12,
    views=3_000_000_000,
    watchers=0,
    images=("https://shop-1.example/a.jpg", "https://shop-1.example/\ud800.jpg"),
    evidence={"price": [Evidence("json-ld", "1,234.56", "$.offers"), Evidence("microdata", "1 234.56")]},
)


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB server, our own child if need be."""
    given = os.environ.get("ARB_TEST_MONGO_URL")
    program = shutil.which("mongod")
    if given:
        yield given
    elif program:
        port, folder = free_port(), tmp_path_factory.mktemp("mongo")
        options = ["--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        yield f"mongodb://127.0.0.1:{port}"
        server.terminate()
        server.wait(30)
    elif ferret := shutil.which("ferretdb"):
        port, folder = free_port(), tmp_path_factory.mktemp("ferret")
        options = ["--handler=sqlite", f"--sqlite-url=file:{folder}/", f"--listen-addr=127.0.0.1:{port}"]
        server = subprocess.Popen([ferret, *options, "--telemetry=disable"], cwd=folder, stdout=subprocess.DEVNULL)
        yield f"mongodb://127.0.0.1:{port}"
        server.terminate()
        server.wait(30)
    else:
        pytest.skip("no MongoDB server: set ARB_TEST_MONGO_URL, or put mongod or ferretdb on the PATH")


@pytest.fixture(params=["parquet", "mongo"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RawScrapes]:
    """An empty raw store of each kind."""
    opened: Any
    if request.param == "parquet":
        from arb_pipelines.adapters.parquet.raw_scrapes import build as build_parquet

        opened = build_parquet(str(tmp_path / "raw"))
        yield opened
    else:
        from pymongo import MongoClient

        from arb_pipelines.adapters.mongo.raw_scrapes import build as build_mongo

        url, database = request.getfixturevalue("mongo_url"), f"arb_test_{uuid.uuid4().hex}"
        opened = build_mongo(url, database)
        yield opened
        with MongoClient[dict[str, Any]](url) as client:
            client.drop_database(database)
    opened.close()


def load(store: RawScrapes, cursor: str | None = None) -> tuple[pl.DataFrame, str]:
    frame, following = store.load_since(cursor)
    return pl.DataFrame(frame), following


def test_w01_an_empty_store(store: RawScrapes) -> None:
    frame, cursor = load(store)
    assert frame.schema == pl.Schema(RAW_SCHEMA)
    assert frame.is_empty()
    assert load(store, cursor)[0].is_empty()
    assert store.append([]) == 0
    assert not store.contains(PLAIN.scrape_id)


def test_w02_a_record_comes_back_as_it_was(store: RawScrapes) -> None:
    assert store.append([PLAIN, FULL]) == 2
    frame = load(store)[0].sort("url")
    assert frame.schema == pl.Schema(RAW_SCHEMA)
    plain, full = frame.iter_rows(named=True)
    assert (plain["scrape_id"], plain["offer_key"]) == (PLAIN.scrape_id, PLAIN.offer_key)
    assert {plain[name] for name in frame.columns[7:]} == {None}
    texts = ("site", "url", "tick_id", "content_sha256", "name", "price", "shipping", "availability", "seller")
    for name in (*texts, "isbn", "asin", "rating_count", "views", "watchers"):
        assert full[name] == getattr(FULL, name), name
    assert full["images"] == ["https://shop-1.example/a.jpg", "https://shop-1.example/?.jpg"]
    assert full["fetched_at"] == START
    assert full["evidence"] == (
        '{"price": [{"method": "json-ld", "raw": "1,234.56", "place": "$.offers"}, '
        '{"method": "microdata", "raw": "1 234.56", "place": ""}]}'
    )


def test_w03_the_same_reading_is_one_record_and_the_last_wins(store: RawScrapes) -> None:
    store.append([PLAIN, PLAIN])
    store.append([replace(PLAIN, name="Again", fetched_at=START + timedelta(seconds=9))])
    frame = load(store)[0]
    assert frame["name"].to_list() == ["Again"]
    assert store.append([PLAIN, PLAIN]) == 1


def test_w04_nothing_stored_after_a_cursor_is_missed(store: RawScrapes) -> None:
    seen: set[str] = set()
    cursor: str | None = None
    for number in range(6):
        record = replace(PLAIN, tick_id=f"tick-{number}")
        store.append([record])
        frame, cursor = load(store, cursor)
        assert record.scrape_id in set(frame["scrape_id"])
        seen |= set(frame["scrape_id"])
    assert len(seen) == 6
    assert load(store, cursor)[1] == cursor


def test_w10_the_newest_records(store: RawScrapes) -> None:
    assert pl.DataFrame(store.load_newest(3)).is_empty()
    for number in range(6):
        store.append([replace(PLAIN, tick_id=f"tick-{number}")])
    newest = pl.DataFrame(store.load_newest(3))
    assert newest.schema == pl.Schema(RAW_SCHEMA)
    assert set(newest["tick_id"]) == {"tick-3", "tick-4", "tick-5"}
    assert pl.DataFrame(store.load_newest(99)).height == 6


def test_w05_contains(store: RawScrapes) -> None:
    store.append([PLAIN])
    assert store.contains(PLAIN.scrape_id)
    assert not store.contains(FULL.scrape_id)
    assert not store.contains("")


def test_w06_a_naive_time_is_refused(store: RawScrapes) -> None:
    with pytest.raises(ValueError, match="aware UTC"):
        store.append([FULL, replace(PLAIN, fetched_at=datetime(2025, 1, 1))])  # noqa: DTZ001 - the case
    assert load(store)[0].is_empty()


def test_w07_what_is_not_a_cursor_is_refused(store: RawScrapes) -> None:
    with pytest.raises(ValueError, match="begin again with no cursor"):
        store.load_since("yesterday")


def test_w08_text_that_is_no_text(store: RawScrapes) -> None:
    store.append([replace(PLAIN, name="half \ud83d of a sign", brand="nul \x00")])
    frame = load(store)[0]
    assert frame["name"].to_list() == ["half ? of a sign"]
    assert frame["brand"].to_list() == ["nul \x00"]


def test_w09_several_processes_may_append(store: RawScrapes, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if "mongo" in request.node.name:
        pytest.skip("a server's own affair")
    code = (
        "import sys; from datetime import UTC, datetime\n"
        "from arb_pipelines.adapters.parquet.raw_scrapes import build\n"
        "from arb_pipelines.domain.raw_product import RawProduct\n"
        "now = datetime.now(UTC)\n"
        "for n in range(15):\n"
        "    build(sys.argv[1]).append([RawProduct('s', 'u', now, f'{sys.argv[2]}-{n}', '')])\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "raw"), str(n)], cwd=Path(__file__).parents[2])
        for n in range(3)
    ]
    seen: set[str] = set()
    cursor: str | None = None
    running = True
    while running:
        running = any(writer.poll() is None for writer in writers)
        frame, cursor = load(store, cursor)
        seen |= set(frame["scrape_id"])
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(seen) == 45

"""The MongoDB raw store over a small collection of our own: ids, durability, cursors, exact times.

The real server's behaviour is `contracts/test_raw_scrapes.py`; here every call that would go over the wire is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

pytest.importorskip("pymongo", reason="pymongo is not installed: install arb-pipelines[servers]")

from arb_pipelines.adapters.mongo import raw_scrapes
from arb_pipelines.adapters.mongo.raw_scrapes import OVERLAP, MongoRawScrapes, build
from arb_pipelines.adapters.parquet.raw_frame import RAW_SCHEMA
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines_tests.fakes.clock import START, SettableClock

PLAIN = RawProduct("shop-1", "https://shop-1.example/p/1", START, "tick-1", "0" * 64)


@dataclass
class SmallCollection:
    """Understands exactly what the adapter says: upsert by `_id`, `$gte` on `stored_at`, find by `_id`."""

    clock: SettableClock
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def bulk_write(self, updates: Sequence[Any], **options: Any) -> SimpleNamespace:
        self.calls.append(options)
        known = 0
        # A server keeps milliseconds.
        stored_at = self.clock.now().replace(microsecond=self.clock.now().microsecond // 1_000 * 1_000)
        for update in updates:
            assert update._upsert is True
            assert update._doc["$currentDate"] == {"stored_at": True}
            key = update._filter["_id"]
            known += key in self.documents
            self.documents[key] = {"_id": key} | update._doc["$set"] | {"stored_at": stored_at}
        return SimpleNamespace(upserted_count=len(updates) - known, matched_count=known)

    def find(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in self.documents.values() if one["stored_at"] >= query["stored_at"]["$gte"]]

    def find_one(self, query: dict[str, Any], fields: dict[str, int]) -> dict[str, Any] | None:
        assert fields == {"_id": 1}
        return self.documents.get(query["_id"])


@pytest.fixture
def collection(clock: SettableClock) -> SmallCollection:
    return SmallCollection(clock)


@pytest.fixture
def store(collection: SmallCollection) -> MongoRawScrapes:
    return MongoRawScrapes(collection, SimpleNamespace(close=lambda: None))


def test_the_id_is_the_scrape_id_and_a_reading_is_one_document(
    store: MongoRawScrapes, collection: SmallCollection
) -> None:
    assert store.append([PLAIN, PLAIN]) == 1
    assert store.append([replace(PLAIN, name="Again"), replace(PLAIN, tick_id="tick-2")]) == 2
    assert set(collection.documents) == {PLAIN.scrape_id, replace(PLAIN, tick_id="tick-2").scrape_id}
    assert collection.documents[PLAIN.scrape_id]["name"] == "Again"
    assert store.append([]) == 0
    assert collection.calls == [{"ordered": False}] * 2


def test_times_are_exact_to_the_microsecond(store: MongoRawScrapes, collection: SmallCollection) -> None:
    store.append([PLAIN])
    assert isinstance(collection.documents[PLAIN.scrape_id]["fetched_at"], int)
    frame = store.load_since(None)[0]
    assert frame.schema == pl.Schema(RAW_SCHEMA)
    assert frame["fetched_at"].to_list() == [START]


def test_a_cursor_overlaps(store: MongoRawScrapes, clock: SettableClock) -> None:
    store.append([PLAIN])
    _, cursor = store.load_since(None)
    clock.advance(seconds=OVERLAP.total_seconds())
    store.append([replace(PLAIN, tick_id="tick-2")])
    frame, later = store.load_since(cursor)
    assert frame.height == 2
    clock.advance(seconds=1)
    store.append([replace(PLAIN, tick_id="tick-3")])
    _, latest = store.load_since(later)
    assert cursor < later < latest
    assert store.load_since(latest)[0]["tick_id"].to_list() == ["tick-2", "tick-3"]


def test_an_empty_answer_keeps_the_cursor(store: MongoRawScrapes) -> None:
    frame, cursor = store.load_since(None)
    assert frame.schema == pl.Schema(RAW_SCHEMA)
    later = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1)).isoformat()
    assert store.load_since(later) is not None
    assert store.load_since(later)[1] == later
    assert store.load_since(cursor)[1] == cursor
    for wrong in ("yesterday", "2026-01-01T00:00:00"):
        with pytest.raises(ValueError, match="begin again"):
            store.load_since(wrong)


def test_contains_asks_for_a_text(store: MongoRawScrapes) -> None:
    store.append([PLAIN])
    assert store.contains(PLAIN.scrape_id)
    assert not store.contains({"$ne": ""})  # type: ignore[arg-type]


def test_build_asks_for_a_journalled_majority_and_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    import pymongo

    seen: dict[str, Any] = {}

    class Client:
        def __init__(self, url: str, **options: Any) -> None:
            seen.update(url=url, **options)

        def __getitem__(self, database: str) -> Client:
            seen["database"] = database
            return self

        def get_collection(self, name: str, **options: Any) -> Client:
            seen.update(name=name, **options)
            return self

        def create_index(self, keys: object, **options: Any) -> None:
            seen.update(keys=keys, index=options)

        def close(self) -> None:
            seen["closed"] = True

    monkeypatch.setattr(pymongo, "MongoClient", Client)
    build("mongodb://127.0.0.1:1", "arb", keep_days=30).close()
    assert seen["write_concern"].document == {"w": "majority", "j": True}
    assert (seen["keys"], seen["index"]["expireAfterSeconds"]) == ([("stored_at", 1)], 30 * 86_400)
    assert (seen["database"], seen["name"], seen["tz_aware"], seen["closed"]) == ("arb", "raw_scrapes", True, True)
    build("mongodb://127.0.0.1:1", "arb")
    assert "expireAfterSeconds" not in seen["index"]


def test_pymongo_is_imported_only_when_it_is_used() -> None:
    assert not hasattr(raw_scrapes, "MongoClient")
    assert not hasattr(raw_scrapes, "pymongo")

"""Records on their way to the store: in batches, nothing lost when the store refuses, counted when it has them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.scraping.batch_writer import BatchWriter, PageRecord

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class RefusingStore:
    """Keeps records unless told to refuse."""

    def __init__(self) -> None:
        self.batches: list[list[RawProduct]] = []
        self.fault: Exception | None = None
        self.closed = False

    def append(self, records: Sequence[RawProduct]) -> int:
        if self.fault is not None:
            raise self.fault
        self.batches.append(list(records))
        return len(records)

    def close(self) -> None:
        self.closed = True


def record(number: int, price: str | None = "1.00", site: str = "s") -> PageRecord:
    return PageRecord(RawProduct(site, f"https://s.example/{number}", NOW, "tick", "sha", price=price), number)


def test_a_full_batch_is_stored_at_once() -> None:
    async def scenario() -> None:
        store, acknowledged = RefusingStore(), list[PageRecord]()
        writer = BatchWriter(store, acknowledged.extend, batch_size=2, flush_after_s=3600)
        for number in range(5):
            await writer.add(record(number))
        assert [len(batch) for batch in store.batches] == [2, 2]
        await writer.flush()
        assert [len(batch) for batch in store.batches] == [2, 2, 1]
        assert [record.frame for record in acknowledged] == [0, 1, 2, 3, 4]
        writer.close()
        assert store.closed

    asyncio.run(scenario())


def test_a_lone_record_is_stored_after_a_while() -> None:
    async def scenario() -> None:
        store = RefusingStore()
        stored = asyncio.Event()
        writer = BatchWriter(store, lambda batch: stored.set(), batch_size=100, flush_after_s=0.0)
        await writer.add(record(1))
        await asyncio.wait_for(stored.wait(), timeout=10)
        assert len(store.batches) == 1
        writer.close()

    asyncio.run(scenario())


def test_a_refused_batch_is_kept_and_stored_later() -> None:
    async def scenario() -> None:
        store, acknowledged = RefusingStore(), list[PageRecord]()
        writer = BatchWriter(store, acknowledged.extend, batch_size=2, flush_after_s=3600)
        store.fault = OSError(28, "No space left on device")
        await writer.add(record(1))
        await writer.add(record(2))
        assert writer.error is not None
        assert "No space left" in writer.error
        assert writer.waiting_sites() == {"s"}
        assert not acknowledged
        store.fault = None
        await writer.flush()
        assert writer.error is None
        assert [r.url[-1] for r in store.batches[0]] == ["1", "2"]
        assert writer.waiting_sites() == set()
        writer.close()

    asyncio.run(scenario())

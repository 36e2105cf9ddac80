"""Product records on their way to the raw store, in batches by count and by time.

What belongs here: buffering, one append at a time in a thread, and what happens when the store refuses. A
record leaves the buffer only after the store has acknowledged it; only then does it count as an offer, and only
then may the mark of its segment move over it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from arb_pipelines.domain.raw_product import RawProduct

logger = logging.getLogger(__name__)


class RawStore(Protocol):
    """Where raw records go. Appending the same `scrape_id` twice must keep one record."""

    def append(self, records: Sequence[RawProduct]) -> int:
        """Keep `records` durably; return how many were new."""

    def close(self) -> None:
        """Release files and connections."""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A record and the frame of the segment that it was read from."""

    product: RawProduct
    frame: int


class BatchWriter:
    """Collects records and hands them to the store. Not for use from several threads."""

    def __init__(
        self,
        store: RawStore,
        on_stored: Callable[[Sequence[PageRecord]], None],
        batch_size: int = 200,
        flush_after_s: float = 2.0,
    ) -> None:
        """Call `on_stored` with every batch that the store has acknowledged."""
        self._store = store
        self._on_stored = on_stored
        self._batch_size = batch_size
        self._flush_after_s = flush_after_s
        self._buffer: list[PageRecord] = []
        self._lock = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self.error: str | None = None

    async def add(self, record: PageRecord) -> None:
        """Take one record; it is stored at the latest `flush_after_s` later."""
        self._buffer.append(record)
        if len(self._buffer) >= self._batch_size:
            await self.flush()
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.ensure_future(self._flush_later())

    async def flush(self) -> None:
        """Store what is buffered. A refusal keeps the records and sets `error`; the next flush tries again."""
        async with self._lock:
            batch, self._buffer = self._buffer, []
            if not batch:
                return
            try:
                await asyncio.to_thread(self._store.append, [record.product for record in batch])
            except Exception as error:  # noqa: BLE001 - any store may fail in its own way; nothing may be lost
                self._buffer = batch + self._buffer
                self.error = f"{type(error).__name__}: {error}"
                return
            self.error = None
            self._on_stored(batch)

    def waiting_sites(self) -> set[str]:
        """Return the sites whose records the store has not taken."""
        return {record.product.site for record in self._buffer}

    def close(self) -> None:
        """Stop the timer and close the store; what is still buffered is reported by `waiting_sites`."""
        if self._timer is not None:
            self._timer.cancel()
        self._store.close()

    async def _flush_later(self) -> None:
        await asyncio.sleep(self._flush_after_s)
        await self.flush()

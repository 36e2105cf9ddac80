"""The way of a product record from a spider to the raw store.

What belongs here: handing records to the shard's batch writer and a last flush when a spider closes.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.scraping.batch_writer import BatchWriter, PageRecord


class RawScrapesPipeline:
    """Scrapy's item pipeline over `BatchWriter`."""

    def __init__(self, writer: BatchWriter) -> None:
        """Hand records to `writer`, which all spiders of the shard share."""
        self._writer = writer

    @classmethod
    def from_crawler(cls, crawler: Any) -> RawScrapesPipeline:
        """Take the writer from the spider's context."""
        return cls(crawler.spider.context.writer)

    async def process_item(self, item: PageRecord) -> PageRecord:
        """Take one record."""
        await self._writer.add(item)
        return item

    async def close_spider(self) -> None:
        """Store what is still buffered."""
        await self._writer.flush()

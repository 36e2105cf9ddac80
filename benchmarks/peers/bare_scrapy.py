"""The peer of `../scrape_cycle.py`: plain Scrapy over the same pages with the same parsing; not for use by itself.

What belongs here: a spider as one writes it in an afternoon. It keeps nothing, asks no robots.txt, waits for nobody.

    python benchmarks/peers/bare_scrapy.py PAGES.json OUT.json [--tuned]

`PAGES.json` is a list of URLs; `--tuned` gives it the settings that were measured to be fastest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from arb_pipelines.scraping.extraction.page import read_page

PLAIN: dict[str, Any] = {
    "LOG_LEVEL": "WARNING",
    "CONCURRENT_REQUESTS": 128,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 0,
    "TELNETCONSOLE_ENABLED": False,
}
TUNED: dict[str, Any] = {
    "CONCURRENT_ITEMS": 1,
    "WARN_ON_GENERATOR_RETURN_VALUE": False,
    "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
    "COOKIES_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}


class PagesSpider(scrapy.Spider):
    """Reads every URL once and yields a dictionary."""

    name = "bare"
    priced = 0

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield all pages."""
        for url in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
            yield scrapy.Request(url, callback=self.parse)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, str | None]]:
        """Read the page with our extraction."""
        reading = read_page(
            response.body, url=response.url, site=None, fetched_at=datetime.now(UTC), tick_id="bare"
        ).product
        PagesSpider.priced += reading.price is not None
        yield {"url": reading.url, "name": reading.name, "price": reading.price, "currency": reading.currency}


if __name__ == "__main__":
    process = AsyncCrawlerProcess(PLAIN | (TUNED if "--tuned" in sys.argv else {}))
    process.crawl(PagesSpider)
    process.start()
    Path(sys.argv[2]).write_text(json.dumps({"priced": PagesSpider.priced}), encoding="utf-8")

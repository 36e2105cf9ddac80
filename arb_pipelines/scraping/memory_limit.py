"""The crawl's own memory bound, by what it holds now.

What belongs here: one Scrapy extension. Scrapy's own asks for the greatest size so far, which the kernel hands down
from the process that started this one: below a parent of 1 GB every crawl would be shut down at its first check.
"""

from __future__ import annotations

from scrapy.extensions.memusage import MemoryUsage

from arb_pipelines.scraping.process_memory import own_memory_bytes


class CurrentMemoryUsage(MemoryUsage):
    """Closes the spiders when this process holds more than `MEMUSAGE_LIMIT_MB`."""

    def get_virtual_size(self) -> int:
        """Return the bytes that this process holds in memory (the peak where the system does not tell)."""
        held = own_memory_bytes("VmRSS")
        return held if held is not None else int(super().get_virtual_size())

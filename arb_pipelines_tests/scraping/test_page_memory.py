"""What is remembered of a page: repeated while it holds, forgotten when our rules or a day have passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.page_memory import UNCHANGED, PageMemories, PageMemory

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://a.example/1"
SITE = Site("a", "A", "https://a.example")
PRODUCT = RawProduct(
    "a",
    URL,
    NOW,
    "tick-1",
    "sha",
    name="Kettle",
    price="12.50",
    currency="USD",
    availability=Availability.IN_STOCK,
    evidence={"price": (Evidence("json-ld", "12.50"),)},
)


def test_an_unchanged_page_is_a_sighting_of_now() -> None:
    memory = PageMemory("rules")
    memory.learn(PRODUCT, etag='"1"', wire_sha256="w")
    later = NOW + timedelta(minutes=5)
    page = memory.current(URL, later)
    assert page is not None
    assert (page.etag, page.wire_sha256) == ('"1"', "w")
    seen = page.repeat("a", URL, later, "tick-2")
    evidence = {"page": (Evidence(UNCHANGED, "12.50", "as read in tick-1"),)}
    assert seen == replace(PRODUCT, fetched_at=later, tick_id="tick-2", evidence=evidence)
    assert seen.scrape_id != PRODUCT.scrape_id


def test_a_page_is_read_in_full_once_a_day_and_after_a_change_of_rules() -> None:
    memory = PageMemory("rules")
    memory.learn(PRODUCT)
    assert memory.current(URL, NOW + timedelta(hours=23, minutes=59)) is not None
    assert memory.current(URL, NOW + timedelta(hours=24)) is None
    assert memory.current(URL, NOW - timedelta(seconds=1)) is None, "a clock set back proves nothing"
    assert PageMemory("other rules", memory.pages).current(URL, NOW) is None
    assert memory.current("https://a.example/2", NOW) is None


def test_a_page_without_a_price_is_never_repeated() -> None:
    memory = PageMemory("rules")
    memory.learn(replace(PRODUCT, price=None), etag='"1"')
    assert memory.current(URL, NOW) is None


def test_reads_and_changes_are_counted() -> None:
    memory = PageMemory("rules")
    memory.learn(PRODUCT)
    memory.confirm(URL, NOW + timedelta(hours=1))
    memory.learn(replace(PRODUCT, fetched_at=NOW + timedelta(hours=2), name="Kettle, blue"))
    memory.learn(replace(PRODUCT, fetched_at=NOW + timedelta(hours=3), price="11.00"))
    page = memory.pages[URL]
    assert (page.reads, page.changes) == (4, 1)
    assert page.changed_at == (NOW + timedelta(hours=3)).isoformat()


def test_memories_outlive_the_process_and_a_torn_file_is_empty(tmp_path: Path) -> None:
    memories = PageMemories(tmp_path)
    memories.get(SITE).learn(PRODUCT, etag='"1"')
    memories.get(replace(SITE, key="b")).learn(replace(PRODUCT, site="b"))
    memories.save(lambda key: key != "b")
    again = PageMemories(tmp_path)
    assert again.get(SITE).current(URL, NOW) == memories.get(SITE).pages[URL]
    assert again.get(replace(SITE, key="b")).pages == {}
    assert PageMemories(tmp_path).get(replace(SITE, selectors={"price": ".p"})).current(URL, NOW) is None
    (tmp_path / "a.json").write_text('{"https://a.ex', encoding="utf-8")
    assert PageMemories(tmp_path).get(SITE).pages == {}

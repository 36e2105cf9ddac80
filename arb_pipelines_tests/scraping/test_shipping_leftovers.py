"""What a killed crawl left is parsed and stored, once a page, and a store that refuses gets it again."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.scraping.segments import RawPage, SegmentWriter, find_leftovers
from arb_pipelines.scraping.shipping_leftovers import declared_encoding, ship_leftovers, unpack_body
from arb_pipelines_tests.scraping.shop_servers import page

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SITE = {
    "key": "a",
    "name": "A",
    "url": "https://a.example",
    "site_class": "permitted",
    "start_urls": ["https://a.example/1"],
}
HTML = {"Content-Type": "text/html; charset=utf-8"}


class MemoryStore:
    """Keeps records by id, refuses when told to."""

    def __init__(self, refuse_after: int = 1_000_000) -> None:
        self.records: dict[str, RawProduct] = {}
        self.refuse_after = refuse_after

    def append(self, records: Sequence[RawProduct]) -> int:
        if len(self.records) >= self.refuse_after:
            raise OSError(28, "No space left on device")
        self.records |= {record.scrape_id: record for record in records}
        return len(records)

    def close(self) -> None:
        """Nothing is held open."""


def leave(folder: Path, pages: Sequence[RawPage]) -> None:
    writer = SegmentWriter(folder, "tick-1", [SITE])
    for one in pages:
        writer.append(one)
    writer._lock.release()


def raw(number: int, body: bytes, encoding: str) -> RawPage:
    return RawPage("a", f"https://a.example/{number}", NOW, HTML | {"Content-Encoding": encoding}, body)


def test_each_kind_of_page_comes_back_as_its_record(tmp_path: Path) -> None:
    repeated = {"record": {"price": "9.00", "currency": "USD", "content_sha256": "s"}, "read_in": "tick-0"}
    challenge = b"<html><head><title>Just a moment...</title></head><body>Verify you are human</body></html>"
    pages = [
        raw(1, gzip.compress(page()), "gzip"),
        raw(2, zlib.compress(page("$3.00")), "deflate"),
        RawPage("a", "https://a.example/3", NOW, repeats=repeated),
        raw(4, b"not gzip at all", "gzip"),
        raw(5, gzip.compress(challenge), "gzip"),
        RawPage("gone", "https://gone.example/1", NOW),
    ]
    leave(tmp_path, pages)
    store = MemoryStore()
    assert ship_leftovers(tmp_path, store) == 3
    found = {record.url[-1]: (record.price, record.fetched_at, record.tick_id) for record in store.records.values()}
    assert found == {"1": ("12.50", NOW, "tick-1"), "2": ("3.00", NOW, "tick-1"), "3": ("9.00", NOW, "tick-1")}
    assert ship_leftovers(tmp_path, store) == 0, "a shipped segment is not shipped again"


def test_a_store_that_refuses_gets_the_rest_later(tmp_path: Path) -> None:
    leave(tmp_path, [raw(number, gzip.compress(page()), "gzip") for number in range(450)])
    store = MemoryStore(refuse_after=200)

    def unpack(one: RawPage) -> bytes:
        return b""

    with pytest.raises(OSError, match="No space"):
        ship_leftovers(tmp_path, store, unpack)
    assert len(store.records) == 200
    store.refuse_after = 1_000_000
    assert ship_leftovers(tmp_path, store, unpack) == 250
    assert len(store.records) == 450
    assert list(find_leftovers(tmp_path)) == []


def test_a_bomb_costs_its_page(tmp_path: Path) -> None:
    bomb = raw(1, gzip.compress(b"\0" * 20_000_000), "gzip")
    with pytest.raises(Exception, match="exceeded"):
        unpack_body(bomb)
    leave(tmp_path, [bomb, raw(2, gzip.compress(page()), "gzip")])
    store = MemoryStore()
    assert ship_leftovers(tmp_path, store) == 1


def test_a_site_that_is_no_longer_understood_is_read_all_the_same(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, "tick-1", [SITE | {"field_of_another_version": 1}])
    writer.append(raw(1, gzip.compress(page()), "gzip"))
    writer._lock.release()
    assert ship_leftovers(tmp_path, MemoryStore()) == 1


@pytest.mark.parametrize(
    ("told", "charset"),
    [("text/html; charset=UTF-8", "utf-8"), ('text/html; charset="x"; y=1', "x"), ("text/html", None), (None, None)],
)
def test_the_declared_charset(told: str | None, charset: str | None) -> None:
    assert declared_encoding(told) == charset

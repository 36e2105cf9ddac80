"""A shard killed at any moment: every page that was appended reaches the store, once.

The baseline in the same run is what the store held when the process died: the buffered batch is missing there.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from arb_pipelines.services.crawling import build_crawl_command, ship_after_crash, write_spec
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import open_shop, selling
from arb_pipelines_tests.scraping.test_crawl import REPOSITORY, many_pages, plan, site

SHOPS = 8
ROUNDS = 4


@pytest.fixture(autouse=True)
def _child_finds_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


class KillAt:
    """A shop that notes the pages it has served and tells when the time has come."""

    def __init__(self, pages: int) -> None:
        self.due = threading.Event()
        self.served = 0
        self._pages = pages
        self._lock = threading.Lock()

    def __call__(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/p/"):
            with self._lock:
                self.served += 1
                if self.served >= self._pages:
                    self.due.set()
        return selling(path)


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and its locks are tried on Linux")
def test_nothing_that_was_appended_is_lost_or_stored_twice(tmp_path: Path) -> None:
    seed = random.Random(20260102)
    before, after, served = 0, 0, 0
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        shop = KillAt(seed.randint(20, 140))
        with open_shop(shop) as opened:
            sites = [
                site(f"shop{n}", opened.url, start_urls=many_pages(f"{opened.url}/p/{n}"), pages_per_visit=999)
                for n in range(SHOPS)
            ]
            shard = plan(folder, sites, deadline_s=120)
            spec = write_spec(shard, folder)
            child = subprocess.Popen(build_crawl_command(spec), stderr=subprocess.DEVNULL)
            try:
                assert shop.due.wait(60), "the shard never got that far"
            finally:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
        held = jsonl_store.load(folder / "raw.jsonl")
        assert ship_after_crash(spec, 60)
        stored = jsonl_store.load(folder / "raw.jsonl")
        pages = {(record["site"], record["url"]) for record in stored}
        assert {record["price"] for record in stored} == {"12.50"}
        assert len(pages) >= shop.served - SHOPS, "only pages in flight, one a site at most, may be missing"
        # The store of this test appends; a real one keeps one record of an id. A batch in its very act may come twice.
        assert len(stored) - len(pages) <= len(held)
        before, after, served = before + len(held), after + len(pages), served + shop.served
    assert after >= served - ROUNDS * SHOPS
    assert before < served - ROUNDS * SHOPS, "without the segment the buffered batch is lost, so this test can fail"

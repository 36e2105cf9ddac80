"""Thirty-one shops that attack their visitor, in one shard with three honest ones: explained, and harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Site, SiteClass, SiteShape, SiteVisit
from arb_pipelines.sandbox.hostile.attacks import ATTACKS
from arb_pipelines.services.crawling import CrawlPlan, load_visits, write_spec
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import open_shops, selling

REPOSITORY = Path(__file__).parents[2]
MOST_RSS_MB = 300
DEADLINE_S = 40
HONEST = ("honest_a", "honest_b", "honest_c")
# Runs the crawl as `python -m` does, and writes down its own peak on the way out.
MEASURED = """
import os, sys
leave = os._exit  # threads of a hanging store must not keep a finished shard alive
def measured(code):
    with open(sys.argv[2], "w") as file:
        file.write(str(own_memory_bytes("VmHWM") / 1024 / 1024))  # ru_maxrss begins at the parent's size
    leave(code)
from arb_pipelines.scraping import crawl
from arb_pipelines.scraping.process_memory import own_memory_bytes
measured(crawl.main(["--spec", sys.argv[1]]))
"""


# Serves every attack until its input ends, then tells how often each was asked.
SERVING = """
import asyncio, json, sys
from arb_pipelines.sandbox.hostile.serving import hostile_shops
async def serve():
    async with hostile_shops() as (urls, requests):
        print(json.dumps(urls), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(json.dumps(requests), flush=True)
asyncio.run(serve())
"""


@contextmanager
def attackers() -> Iterator[tuple[dict[str, str], Counter[str]]]:
    """Run every hostile shop in a process of its own; the counts are there after the block."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        requests: Counter[str] = Counter()
        try:
            yield json.loads(server.stdout.readline()), requests
            server.stdin.close()
            requests.update(json.loads(server.stdout.readline()))
        finally:
            server.kill()


def hostile_site(key: str, url: str) -> Site:
    listing = ATTACKS[key].is_listing
    return Site(
        key,
        key,
        url,
        site_class=SiteClass.PERMITTED,
        shape=SiteShape.LISTING if listing else SiteShape.PAGES,
        start_urls=(f"{url}/products" if listing else f"{url}/p/1",),
        pages_per_visit=5 if listing else 1,
        delay_s=0.0,
    )


class Outcome:
    """What one crawl over all of them left behind."""

    def __init__(self, folder: Path) -> None:
        with attackers() as (urls, self.requests), open_shops(dict.fromkeys(HONEST, selling)) as honest:
            sites = [hostile_site(key, url) for key, url in urls.items()]
            for key, shop in honest.items():
                pages = tuple(f"{shop.url}/p/{number}" for number in range(1, 11))
                sites.append(
                    Site(key, key, shop.url, SiteClass.PERMITTED, start_urls=pages, pages_per_visit=10, delay_s=0.0)
                )
            store = {"factory": f"{jsonl_store.MODULE}:build", "options": {"path": str(folder / "raw.jsonl")}}
            plan = CrawlPlan(
                "tick-1", sites, store, "arb_pipelines/0.1 (+x)", DEADLINE_S, allow_loopback=True,
                state_dir=folder / "state", request_timeout_s=8.0,
            )  # fmt: skip
            command = [sys.executable, "-c", MEASURED, str(write_spec(plan, folder)), str(folder / "peak")]
            started_at = datetime.now(UTC)
            self.child = subprocess.run(
                command, cwd=REPOSITORY, capture_output=True, text=True, timeout=DEADLINE_S + 60, check=False,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            )  # fmt: skip
            self.took_s = (datetime.now(UTC) - started_at).total_seconds()
        self.visits: dict[str, SiteVisit] = {visit.site: visit for visit in load_visits(plan, folder)}
        self.records = jsonl_store.load(folder / "raw.jsonl")
        self.peak_mb = float((folder / "peak").read_text()) if (folder / "peak").exists() else float("inf")
        self.folder = folder


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Outcome(tmp_path_factory.mktemp("hostile"))


def test_there_are_thirty_one_attacks() -> None:
    assert len(ATTACKS) == 31


def test_each_attack_has_its_one_reason(outcome: Outcome) -> None:
    assert outcome.child.returncode == 0, outcome.child.stderr
    found = {key: outcome.visits[key].reason for key in ATTACKS}
    assert found == {key: attack.reason for key, attack in ATTACKS.items()}, outcome.child.stderr[-3000:]


def test_the_honest_shops_are_unharmed(outcome: Outcome) -> None:
    assert [(outcome.visits[key].offers, outcome.visits[key].reason) for key in HONEST] == [(10, None)] * 3


def test_the_spider_stays_small_and_ends_in_time(outcome: Outcome) -> None:
    assert outcome.peak_mb < MOST_RSS_MB
    assert outcome.took_s < DEADLINE_S


def test_no_attack_brings_a_wrong_price(outcome: Outcome) -> None:
    prices = {record["site"]: record["price"] for record in outcome.records if record["price"]}
    readable = {key for key, attack in ATTACKS.items() if attack.reason is None}
    assert {key: prices[key] for key in prices if key in ATTACKS} == dict.fromkeys(readable, "12.50")


def test_no_file_of_ours_comes_into_a_record(outcome: Outcome) -> None:
    kept = b"".join(path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file())
    assert b"root:" not in kept


def test_nobody_is_asked_without_end(outcome: Outcome) -> None:
    assert outcome.requests["endless_pagination"] <= 30
    assert outcome.requests["redirect_loop"] <= 8


def test_a_year_of_rest_is_a_day_at_most(outcome: Outcome) -> None:
    (state,) = (outcome.folder / "state").rglob("endless_retry_after.json")
    until = datetime.fromisoformat(json.loads(state.read_text())["parked_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)

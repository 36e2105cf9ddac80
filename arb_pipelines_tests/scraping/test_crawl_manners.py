"""Manners of a whole shard against real servers: retries, pace, circuit, locks, contact, proxies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from arb_pipelines.domain.manners import VisitManners, host_of
from arb_pipelines.domain.proxies import proxy_id
from arb_pipelines.domain.site import Site, SiteClass, SiteVisit, VisitOutcome
from arb_pipelines.scraping.middlewares.proxies import HEALTH_FILE
from arb_pipelines.scraping.site_state import SiteStates
from arb_pipelines.services.crawling import CrawlPlan, run_crawl
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import (
    Behaviour,
    Shop,
    always,
    html,
    open_shop,
    open_shops,
    selling,
    with_robots,
)

REPOSITORY = Path(__file__).parents[2]
AGENT = "arb/1 (+https://prices.acme-books.com/bot)"


@pytest.fixture(autouse=True)
def _child_finds_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


def site(key: str, url: str, **changes: Any) -> Site:
    values: dict[str, Any] = {
        "site_class": SiteClass.PERMITTED,
        "start_urls": (f"{url}/p/1", f"{url}/p/2", f"{url}/p/3"),
        "delay_s": 0.0,
    }
    return Site(key, key.title(), url, **(values | changes))


def crawl(folder: Path, sites: list[Site], **changes: Any) -> dict[str, SiteVisit]:
    store = {"factory": f"{jsonl_store.MODULE}:build", "options": {"path": str(folder / "raw.jsonl")}}
    values: dict[str, Any] = {"user_agent": AGENT, "deadline_s": 60, "allow_loopback": True}
    plan = CrawlPlan("tick-1", sites, store, **(values | {"state_dir": folder / "state"} | changes))
    return {visit.site: visit for visit in run_crawl(plan, folder)}


def manners(visit: SiteVisit) -> VisitManners:
    assert visit.manners is not None
    return visit.manners


def gaps(shop: Shop) -> list[float]:
    times = [at for *_, at in shop.requests]
    return [after - before for before, after in itertools.pairwise(times)]


def flaky() -> Behaviour:
    """A shop that is down for its first product page."""
    answers = iter([html(b"no", 503)])
    return lambda path: next(answers, selling(path)) if path.startswith("/p/") else selling(path)


def test_each_wish_of_a_shop_is_kept_and_counted(tmp_path: Path) -> None:
    behaviours = {
        "flaky": flaky(),
        "twins": selling,
        "rate": with_robots("User-agent: *\nRequest-rate: 2/1s"),
        "patient": with_robots("User-agent: *\nCrawl-delay: 90"),
        "closed": with_robots("User-agent: *\nDisallow: /p/"),
        "busy": always(html(b"later", 429, Retry_After="120")),
    }
    with open_shops(behaviours) as shops:
        sites = [site(key, shop.url) for key, shop in shops.items()]
        sites[1] = replace(sites[1], pages_per_visit=3, delay_s=0.3)
        sites[2] = replace(sites[2], pages_per_visit=3)
        twin = site("other_twin", shops["twins"].url, pages_per_visit=3)
        visits = crawl(tmp_path, [*sites, twin])
        again = crawl(tmp_path, [sites[3]])
        state_path = tmp_path / "state" / "patient.json"
        state_path.write_text(json.dumps(json.loads(state_path.read_text()) | {"parked_until": None}))
        third = crawl(tmp_path, [replace(sites[3], pages_per_visit=3)])

    assert visits["flaky"].outcome is VisitOutcome.OK
    assert shops["flaky"].paths == ["/robots.txt", "/p/1", "/p/1"]
    assert (manners(visits["flaky"]).requests, manners(visits["flaky"]).retries) == (3, 1)
    assert gaps(shops["flaky"])[1] >= 0.5, "asked again at once"

    assert (visits["twins"].offers, visits["other_twin"].offers) == (3, 3)
    assert shops["twins"].most_at_once == 1
    assert min(gaps(shops["twins"])) >= 0.22, "two sites on one host did not share its pace"

    assert min(gaps(shops["rate"])) >= 0.4
    assert (manners(visits["rate"]).delay_ms, manners(visits["rate"]).too_soon) == (500, 0)

    assert (visits["patient"].reason, again["patient"].reason) == ("crawl_delay", "parked")
    assert third["patient"].outcome is VisitOutcome.OK
    assert len(shops["patient"].paths) == 2, "more than robots.txt and one page of a visit in 90 s"
    assert manners(third["patient"]).paused_s == 90

    assert (visits["closed"].reason, manners(visits["closed"]).robots_refused) == ("robots_disallow", 1)
    assert (manners(visits["busy"]).throttled, manners(visits["busy"]).paused_s) == (1, 120)
    assert not any(manners(visit).too_soon for visit in visits.values())


def test_a_failing_shop_is_left_alone_then_tried_with_one_page(tmp_path: Path) -> None:
    state = tmp_path / "state" / "down.json"
    state.parent.mkdir()
    circuit: dict[str, Any] = {"failures": 2, "openings": 0, "open_until": None, "reason": "http_404"}
    memory = {"cursor": 0, "parked_until": None, "parked_reason": None, "robots": {}, "circuit": circuit}
    state.write_text(json.dumps(memory))
    answers: dict[str, Behaviour] = {"now": always(html(b"gone", 404))}
    with open_shop(lambda path: answers["now"](path)) as shop:
        down = site("down", shop.url, pages_per_visit=3)
        assert crawl(tmp_path, [down])["down"].reason == "http_404"
        asked = len(shop.requests)
        left_out = crawl(tmp_path, [down])["down"]
        assert (left_out.reason, manners(left_out).requests, len(shop.requests)) == ("circuit_open", 0, asked)
        answers["now"] = selling
        told = json.loads(state.read_text())
        told["circuit"]["open_until"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        state.write_text(json.dumps(told))
        probe = crawl(tmp_path, [down])["down"]
    assert (probe.outcome, probe.pages) == (VisitOutcome.OK, 1)
    assert json.loads(state.read_text())["circuit"]["openings"] == 0


def test_who_may_not_be_visited_is_not_asked_anything(tmp_path: Path) -> None:
    states = SiteStates(tmp_path / "state")
    with open_shops({"held": selling, "restricted": selling}) as shops:
        held = site("held", shops["held"].url)
        assert states.hold("held", host_of(held.url))
        restricted = site("restricted", shops["restricted"].url, site_class=SiteClass.RESTRICTED)
        public = site("public", "http://shop.acme-books.com")
        agent = "arb/1 (+https://example.org/contact)"
        visits = crawl(tmp_path, [held, restricted, public], user_agent=agent)
        states.release()
    reasons = {key: visit.reason for key, visit in visits.items()}
    assert reasons == {"held": "site_busy", "restricted": "class_restricted", "public": "no_contact"}
    assert [shop.requests for shop in shops.values()] == [[], []]


@contextmanager
def open_proxy(shop_url: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Run a forward proxy that reaches every shop at `shop_url`; yield its address and what it was asked."""
    asked: list[tuple[str, str]] = []
    behind = urlsplit(shop_url)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
            connection = HTTPConnection(behind.hostname or "", behind.port, timeout=10)
            connection.request("GET", urlsplit(self.path).path, headers={"User-Agent": self.headers["User-Agent"]})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def test_a_crawl_goes_through_its_proxies_and_never_past_them(tmp_path: Path) -> None:
    with open_shop(selling) as shop, open_shop(selling) as local, open_proxy(shop.url) as (address, asked):
        sites = [site("far", "http://shop.acme-books.com"), site("near", local.url)]
        visits = crawl(tmp_path, sites, proxies=(f"http://user:secret@{address}",))
        dead_proxy = "http://127.0.0.1:9"
        (tmp_path / "none" / "state").mkdir(parents=True)
        (tmp_path / "none" / "state" / HEALTH_FILE).write_text(json.dumps({proxy_id(dead_proxy): [2, None]}))
        dead = crawl(tmp_path / "none", sites[:1], proxies=(dead_proxy,))
    assert {key: visit.reason for key, visit in visits.items()} == {"far": None, "near": None}
    assert asked == [
        ("http://shop.acme-books.com/robots.txt", "Basic dXNlcjpzZWNyZXQ="),
        ("http://shop.acme-books.com/p/1", "Basic dXNlcjpzZWNyZXQ="),
    ]
    assert shop.paths == ["/robots.txt", "/p/1"]
    assert local.paths == ["/robots.txt", "/p/1"]
    assert (dead["far"].reason, manners(dead["far"]).retries) == ("no_healthy_proxy", 1)
    log = (tmp_path / "crawl.log").read_text() + (tmp_path / "none" / "crawl.log").read_text()
    assert "secret" not in log

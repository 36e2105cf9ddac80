"""The child process of a shard against real HTTP servers: what each kind of shop brings, and what it may not harm."""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.site import Rendering, Site, SiteClass, SiteShape, SiteVisit, VisitOutcome
from arb_pipelines.services.crawling import CrawlPlan, build_crawl_command, load_visits, run_crawl, write_spec
from arb_pipelines_tests.scraping import jsonl_store
from arb_pipelines_tests.scraping.shop_servers import (
    Shop,
    always,
    html,
    open_shop,
    open_shops,
    page,
    redirecting,
    selling,
    with_robots,
)

REPOSITORY = Path(__file__).parents[2]
AGENT = "arb_pipelines/0.1 (+https://example.org/contact)"
CHALLENGE = b"<html><head><title>Just a moment...</title></head><body>Verify you are human</body></html>"


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


def listing(key: str, url: str, **changes: Any) -> Site:
    values = {"shape": SiteShape.LISTING, "start_urls": (f"{url}/products",), "pages_per_visit": 3}
    return site(key, url, **(values | changes))


def plan(folder: Path, sites: list[Site], factory: str = "build", **changes: Any) -> CrawlPlan:
    store = {"factory": f"{jsonl_store.MODULE}:{factory}", "options": {"path": str(folder / "raw.jsonl")}}
    values: dict[str, Any] = {"user_agent": AGENT, "deadline_s": 60, "allow_loopback": True}
    return CrawlPlan("tick-1", sites, store, **(values | changes))


def crawl(folder: Path, sites: list[Site], **changes: Any) -> dict[str, SiteVisit]:
    visits = run_crawl(plan(folder, sites, **changes), folder)
    assert [visit.site for visit in visits] == [s.key for s in sites]
    return {visit.site: visit for visit in visits}


def test_each_shop_gets_its_own_reason_and_harms_no_other(tmp_path: Path) -> None:
    behaviours = {
        "pages": selling,
        "listing": selling,
        "robots_no": with_robots("User-agent: *\nDisallow: /p/"),
        "robots_for_others": with_robots("User-agent: example.org\nDisallow: /"),
        "robots_broken": with_robots("oops", 503),
        "down": always(html(b"no", 503)),
        "busy": always(html(b"later", 429, Retry_After="120")),
        "gone": always(html(b"gone", 404)),
        "loop": redirecting(lambda path: f"{path}x"),
        "inside": redirecting(lambda path: "http://10.0.0.1/"),
        "file": redirecting(lambda path: "file:///etc/passwd"),
        "huge": always((200, {"Content-Type": "text/html", "Content-Length": "1000000000"}, b"x")),
        "challenge": always(html(CHALLENGE)),
        "guarded": always(html(CHALLENGE, 403)),
        "shell": always(html(b"<html><body><div id=root></div></body></html>")),
        "silent": always(html(page(price=""))),
        "pdf": always((200, {"Content-Type": "application/pdf"}, b"%PDF-1.7 x")),
        "listed_challenge": always(html(CHALLENGE)),
        "listed_nothing": always(html(page())),
        "restricted": selling,
    }
    with open_shops(behaviours) as shops, open_shop(selling) as closed:
        sites = [site(key, shop.url) for key, shop in shops.items()]
        sites[0] = replace(sites[0], pages_per_visit=3)
        sites[1] = listing("listing", shops["listing"].url, product_url_pattern="/p/")
        for number, key in ((-3, "listed_challenge"), (-2, "listed_nothing")):
            sites[number] = listing(key, shops[key].url)
        sites[-1] = site("restricted", shops["restricted"].url, site_class=SiteClass.RESTRICTED)
        closed_url = closed.url
        visits = crawl(tmp_path, [*sites, site("unknown", "http://127.0.0.1:9/")])
    assert closed_url
    reasons = {key: visit.reason for key, visit in visits.items()}
    assert reasons == {
        "pages": None,
        "listing": None,
        "robots_no": "robots_disallow",
        "robots_for_others": None,
        "robots_broken": "robots_5xx",
        "down": "http_503",
        "busy": "http_429",
        "gone": "http_404",
        "loop": "redirect_loop",
        "inside": "ssrf_private_address",
        "file": "bad_redirect",
        "huge": "too_large",
        "challenge": "challenge",
        "guarded": "challenge",
        "shell": "empty_shell",
        "silent": "no_offers",
        "pdf": "not_html",
        "listed_challenge": "challenge",
        "listed_nothing": "no_product_links",
        "restricted": "class_restricted",
        "unknown": "connection_refused",
    }
    assert (visits["pages"].offers, visits["pages"].pages) == (3, 3)
    assert visits["listing"].offers == 3
    assert visits["pages"].bytes_received > 1_000
    assert visits["pages"].latency_ms is not None
    assert visits["unknown"].latency_ms is None
    assert shops["restricted"].paths == []
    assert shops["busy"].paths == ["/robots.txt", "/p/1"]
    assert shops["listing"].paths == ["/robots.txt", "/products", "/p/1", "/p/2", "/p/3"]
    assert {agent for shop in shops.values() for _, agent, _ in shop.requests} == {AGENT}
    stored = jsonl_store.load(tmp_path / "raw.jsonl")
    prices = {(record["site"], record["price"], record["currency"]) for record in stored if record["price"]}
    assert prices == {(key, "12.50", "USD") for key in ("pages", "listing", "robots_for_others")}
    assert not any(record["price"] for record in stored if record["site"] in {"challenge", "shell", "pdf"})


def gaps(shop: Shop) -> list[float]:
    times = [at for *_, at in shop.requests]
    return [after - before for before, after in itertools.pairwise(times)]


def test_a_shop_is_asked_one_thing_at_a_time_and_not_too_often(tmp_path: Path) -> None:
    with open_shop(selling) as shop:
        crawl(tmp_path, [site("slow", shop.url, pages_per_visit=3, delay_s=0.25)])
    assert shop.paths == ["/robots.txt", "/p/1", "/p/2", "/p/3"]
    assert shop.most_at_once == 1
    assert min(gaps(shop)) >= 0.24


def test_the_crawl_delay_of_robots_txt_is_kept(tmp_path: Path) -> None:
    with open_shop(with_robots("User-agent: *\nCrawl-delay: 0.3")) as shop:
        crawl(tmp_path, [site("slow", shop.url, pages_per_visit=3)])
    assert min(gaps(shop)[1:]) >= 0.29


def test_the_next_visit_remembers(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with open_shops({"turns": selling, "busy": always(html(b"later", 429, Retry_After="600"))}) as shops:
        sites = [site(key, shop.url) for key, shop in shops.items()]
        first = crawl(tmp_path, sites, state_dir=state)
        second = crawl(tmp_path, sites, state_dir=state)
    assert (first["busy"].reason, second["busy"].reason) == ("http_429", "parked")
    assert shops["busy"].paths == ["/robots.txt", "/p/1"]
    assert shops["turns"].paths == ["/robots.txt", "/p/1", "/p/2"]
    assert second["turns"].outcome is VisitOutcome.OK


def test_a_deadline_ends_a_hanging_shop_and_keeps_the_others(tmp_path: Path) -> None:
    released = threading.Event()

    def hanging(path: str) -> tuple[int, dict[str, str], bytes]:
        if path != "/robots.txt":
            released.wait(60)
        return html(b"", 404)

    with open_shops({"hangs": hanging, "sells": selling}) as shops:
        sites = [site(key, shop.url) for key, shop in shops.items()]
        visits = crawl(tmp_path, sites, deadline_s=3)
        released.set()
    assert visits["hangs"].reason in {"timeout", "deadline"}
    assert visits["sells"].outcome is VisitOutcome.OK


def test_a_missing_browser_fails_only_the_sites_that_need_it(tmp_path: Path) -> None:
    with open_shops({"js": selling, "plain": selling}) as shops:
        sites = [site("js", shops["js"].url, rendering=Rendering.BROWSER), site("plain", shops["plain"].url)]
        visits = crawl(tmp_path, sites, browser_path=str(tmp_path / "no-browser"))
    assert visits["js"].reason == "browser_missing"
    assert visits["plain"].outcome is VisitOutcome.OK
    assert shops["js"].paths == []


def test_a_full_disk_is_told_and_nothing_counts_as_stored(tmp_path: Path) -> None:
    with open_shop(selling) as shop:
        full = plan(tmp_path, [site("sells", shop.url)], factory="build_full")
        spec = write_spec(full, tmp_path)
        child = subprocess.run(build_crawl_command(spec), capture_output=True, text=True, timeout=60, check=False)
    assert child.returncode == 3
    assert "the raw store took no records: OSError" in child.stderr
    assert "No space left on device" in child.stderr
    (visit,) = load_visits(full, tmp_path)
    assert (visit.outcome, visit.reason, visit.offers) == (VisitOutcome.FAILED, "store_failed", 0)


@pytest.mark.parametrize(
    ("factory", "status", "said"),
    [("json:nothing", 2, "does not name a callable"), ("os:listdir", 3, "the raw store cannot be opened")],
)
def test_a_store_that_cannot_be_had_is_one_line(tmp_path: Path, factory: str, status: int, said: str) -> None:
    shard = replace(plan(tmp_path, []), raw_store={"factory": factory, "options": {"path": "/nowhere"}})
    spec = write_spec(shard, tmp_path)
    child = subprocess.run(build_crawl_command(spec), capture_output=True, text=True, timeout=60, check=False)
    assert child.returncode == status
    assert said in child.stderr
    assert child.stderr.count("\n") == 1


def test_a_child_that_dies_leaves_a_visit_for_every_site(tmp_path: Path) -> None:
    dying = replace(
        plan(tmp_path, [site("a", "http://127.0.0.1:9")]), raw_store={"factory": "os:_exit", "options": {"status": 9}}
    )
    (visit,) = run_crawl(dying, tmp_path)
    assert (visit.outcome, visit.reason) == (VisitOutcome.FAILED, "no_result")


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled on Linux only")
def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    asked = threading.Event()

    def telling(path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/p/1":
            asked.set()
        return selling(path)

    with open_shop(telling) as shop:
        patient = site("patient", shop.url, start_urls=many_pages(shop.url), pages_per_visit=999, delay_s=0.5)
        shard = plan(tmp_path, [patient], deadline_s=600)
        command = build_crawl_command(write_spec(shard, tmp_path))
        script = f"import subprocess; p = subprocess.Popen({command!r}); print(p.pid, flush=True); p.wait()"
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        watch = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert asked.wait(30), "the child never asked the shop for anything"
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            ended, _, _ = select.select([watch], [], [], 40)
            assert ended, "the child outlived its parent"
        finally:
            parent.stdout.close()
            os.close(watch)
    (visit,) = load_visits(shard, tmp_path)
    assert visit.offers >= 1  # it closed in good order: what it had read is stored and counted


def many_pages(url: str) -> tuple[str, ...]:
    return tuple(f"{url}/p/{number}" for number in range(1, 1_000))


def test_the_visits_go_to_dagster_when_it_listens(tmp_path: Path) -> None:
    from dagster_pipes import PipesContextData, encode_param

    messages = tmp_path / "messages"
    context = tmp_path / "context"
    data: PipesContextData = {
        "asset_keys": None, "code_version_by_asset_key": None, "provenance_by_asset_key": None, "partition_key": None,
        "partition_key_range": None, "partition_time_window": None, "run_id": "r", "job_name": "j", "retry_number": 0,
        "extras": {},
    }  # fmt: skip
    context.write_text(json.dumps(data), encoding="utf-8")
    shard = plan(tmp_path, [site("a", "http://127.0.0.1:9")])
    command = build_crawl_command(write_spec(shard, tmp_path))
    env = os.environ | {
        "DAGSTER_PIPES_CONTEXT": encode_param({"path": str(context)}),
        "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(messages)}),
    }
    child = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert child.returncode == 0, child.stderr
    sent = [json.loads(line) for line in messages.read_text(encoding="utf-8").splitlines()]
    (custom,) = [message["params"]["payload"] for message in sent if message["method"] == "report_custom_message"]
    assert [visit["reason"] for visit in custom["visits"]] == ["connection_refused"]


def validating(bodies: dict[str, bytes], asked: list[tuple[str, str | None]]) -> Any:
    """A shop whose pages carry an ETag over their body; notes which validator each request brought."""

    def answer(path: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        if path not in bodies:
            return html(b"none", 404)
        tag = f'"{len(bodies[path])}"'
        asked.append((path, headers.get("If-None-Match")))
        if headers.get("If-None-Match") == tag:
            return 304, {"ETag": tag}, b""
        return html(bodies[path], ETag=tag)

    answer.wants_headers = True  # type: ignore[attr-defined]
    return answer


def test_a_page_that_has_not_changed_costs_a_request_and_no_reading(tmp_path: Path) -> None:
    asked: list[tuple[str, str | None]] = []
    bodies = {"/p/1": page("$12.50"), "/p/2": page("$8.00")}
    with open_shop(validating(bodies, asked)) as shop:
        one = site("one", shop.url, start_urls=(f"{shop.url}/p/1", f"{shop.url}/p/2"), pages_per_visit=2)
        seen = []
        for tick in ("tick-1", "tick-2", "tick-3"):
            shard = replace(plan(tmp_path, [one], state_dir=tmp_path / "state"), tick_id=tick)
            (visit,) = run_crawl(shard, tmp_path)
            seen.append((visit.pages, visit.unchanged, visit.offers))
            if tick == "tick-2":
                bodies["/p/2"] = page("$1,007.00")
    assert seen == [(2, 0, 2), (2, 2, 2), (2, 1, 2)]
    assert [tag is not None for _, tag in asked] == [False, False, True, True, True, True]
    stored = jsonl_store.load(tmp_path / "raw.jsonl")
    prices = [(record["tick_id"], record["url"][-1], record["price"]) for record in stored]
    assert sorted(prices) == [
        ("tick-1", "1", "12.50"), ("tick-1", "2", "8.00"),
        ("tick-2", "1", "12.50"), ("tick-2", "2", "8.00"),
        ("tick-3", "1", "12.50"), ("tick-3", "2", "1007.00"),
    ]  # fmt: skip


def test_the_same_bytes_are_not_read_again_even_without_a_validator(tmp_path: Path) -> None:
    with open_shop(selling) as shop:
        one = site("one", shop.url, start_urls=(f"{shop.url}/p/1",))
        first = replace(plan(tmp_path, [one], state_dir=tmp_path / "state"), tick_id="tick-1")
        second = replace(first, tick_id="tick-2")
        visits = [visit for shard in (first, second) for visit in run_crawl(shard, tmp_path)]
    assert [(visit.unchanged, visit.offers) for visit in visits] == [(0, 1), (1, 1)]
    stored = jsonl_store.load(tmp_path / "raw.jsonl")
    assert [record["evidence"].get("page") is not None for record in stored] == [False, True]

"""Requests through the pool: each site through its own proxy, never this machine, never directly instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import DownloadConnectionRefusedError
from scrapy.http import Response

from arb_pipelines.domain.site import Rendering
from arb_pipelines.scraping.middlewares.proxies import HEALTH_FILE, ProxyMiddleware, split_credentials
from arb_pipelines.scraping.reasons import RefusedRequestError
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.scraping.middlewares.shard_parts import build_context, request, shop

POOL = ("http://u%40x:se%3Acret@one.example:3128", "http://two.example:3128")


def build(pool: tuple[str, ...] = POOL, **changes: Any) -> ProxyMiddleware:
    return ProxyMiddleware(build_context([shop()], proxies=pool, **changes))


def test_without_a_pool_and_on_this_machine_requests_go_directly() -> None:
    for middleware, url in ((build(()), "https://corner.example/"), (build(), "http://127.0.1.5:8000/p/1")):
        asked = request(url=url, proxy="http://left.example", proxy_id="x")
        asked.headers["Proxy-Authorization"] = "Basic left"
        middleware.process_request(asked)
        assert "proxy" not in asked.meta
        assert "Proxy-Authorization" not in asked.headers, "a redirect to this machine would carry the password"


def test_the_password_goes_into_the_header_alone() -> None:
    assert split_credentials(POOL[0]) == ("http://one.example:3128", b"Basic dUB4OnNlOmNyZXQ=")
    assert split_credentials(POOL[1]) == (POOL[1], None)
    asked = request()
    build(POOL[:1]).process_request(asked)
    assert asked.meta["proxy"] == "http://one.example:3128"
    assert "cret" not in repr(asked.meta)
    assert "cret" not in repr(build_context([shop()], proxies=POOL).spec)


def test_failing_proxies_rest_and_then_nothing_is_asked(tmp_path: Path) -> None:
    clock = SettableClock()
    middleware = build(folder=tmp_path, clock=clock)
    used = []
    for _ in range(6):
        asked = request()
        middleware.process_request(asked)
        used.append(asked.meta["proxy"])
        middleware.process_exception(asked, DownloadConnectionRefusedError("no"))
    assert [used.count(one) for one in dict.fromkeys(used)] == [3, 3]
    with pytest.raises(RefusedRequestError, match="no_healthy_proxy"):
        middleware.process_request(request())
    assert "example" not in (tmp_path / HEALTH_FILE).read_text(encoding="utf-8")
    again = build(folder=tmp_path, clock=clock)
    with pytest.raises(RefusedRequestError, match="no_healthy_proxy"):
        again.process_request(request())
    clock.advance(minutes=1)
    asked = request()
    again.process_request(asked)
    assert asked.meta["proxy"] == used[0]


def test_a_proxy_that_wants_a_login_has_failed_not_the_shop() -> None:
    middleware = build()
    asked = request()
    middleware.process_request(asked)
    with pytest.raises(RefusedRequestError, match="proxy_failed"):
        middleware.process_response(asked, Response(asked.url, status=407))
    assert middleware.process_response(asked, Response(asked.url, status=503)).status == 503


def test_a_browser_page_is_not_sent_past_the_pool() -> None:
    rendered = ProxyMiddleware(build_context([shop(rendering=Rendering.BROWSER)], proxies=POOL))
    with pytest.raises(RefusedRequestError, match="no_browser_proxy"):
        rendered.process_request(request())


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 3}', '{"a": ["x", null]}'])
def test_a_broken_memory_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / HEALTH_FILE).write_text(text, encoding="utf-8")
    asked = request()
    build(folder=tmp_path).process_request(asked)
    assert asked.meta["proxy"]

"""The shops that fail, each in its way."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from arb_pipelines.sandbox.assortment import Misbehaviour
from arb_pipelines.sandbox.misbehaviour import EXPECTED_REASONS, HUGE_CHUNK, HUGE_CHUNKS
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.scraping.extraction.page import page_verdict


@pytest.fixture
def urls(start: Callable[..., WorldServer]) -> dict[str, str]:
    """The address of one shop for each kind of misbehaviour."""
    server = start(shops=20, misbehaving_every=2)
    return {kind: server.shop_urls[key] for key, kind in server.world.misbehaving().items()}


def test_every_kind_is_there(urls: dict[str, str]) -> None:
    assert set(urls) == {kind.value for kind in Misbehaviour}


@pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("throttled", 429)])
def test_refusals_by_status(urls: dict[str, str], web: httpx.Client, kind: str, status: int) -> None:
    answer = web.get(f"{urls[kind]}/products")
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_robots_closes_the_shop(urls: dict[str, str], web: httpx.Client) -> None:
    assert web.get(f"{urls['robots_disallow']}/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_nothing_listens(urls: dict[str, str], web: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError):
        web.get(f"{urls['connection_refused']}/products")


def test_an_answer_that_never_comes(urls: dict[str, str], web: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        web.get(f"{urls['hangs']}/products", timeout=0.2)


@pytest.mark.parametrize(("kind", "text"), [("empty_shell", "<div id='root'></div>"), ("challenge", "captcha")])
def test_pages_without_an_offer(urls: dict[str, str], web: httpx.Client, kind: str, text: str) -> None:
    answer = web.get(f"{urls[kind]}/products")
    assert answer.status_code == 200
    assert text in answer.text
    assert "/p/" not in answer.text
    assert page_verdict(answer.content, str(answer.url)) == EXPECTED_REASONS[Misbehaviour(kind)]


def test_a_redirect_that_never_ends(urls: dict[str, str], web: httpx.Client) -> None:
    with pytest.raises(httpx.TooManyRedirects):
        web.get(f"{urls['redirect_loop']}/products", follow_redirects=True)


def test_a_body_of_tens_of_megabytes(urls: dict[str, str], web: httpx.Client) -> None:
    with web.stream("GET", f"{urls['huge_body']}/products") as answer:
        assert "Content-Length" not in answer.headers
        received = sum(len(chunk) for chunk in answer.iter_raw())
    assert received == HUGE_CHUNKS * len(HUGE_CHUNK) > 40_000_000


def test_a_body_that_breaks_off(urls: dict[str, str], web: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        web.get(f"{urls['truncated']}/products")


def test_the_others_are_unharmed(urls: dict[str, str], start: Callable[..., WorldServer], web: httpx.Client) -> None:
    assert len(urls) == 10
    for kind in urls.keys() - {"connection_refused"}:
        assert web.get(f"{urls[kind]}/robots.txt").status_code == 200


def test_hostile_shops_attack_at_the_shops_own_address(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=210)
    failing = server.world.misbehaving()
    assert failing["shop-083"] == "hostile_gzip_bomb"
    assert failing["shop-208"] == "hostile_endless_pagination"
    url = server.shop_urls["shop-208"]
    assert "rel='next'" in web.get(f"{url}/products?page=7").text
    assert web.get(f"{url}/robots.txt").text == "User-agent: *\nDisallow:\n"
    assert web.get(f"{server.shop_urls['shop-207']}/").status_code == 200

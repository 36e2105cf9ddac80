"""What a page in the browser may reach and take, with a real Chromium on loopback."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.browser import RenderedPage, render
from arb_pipelines.scraping.browser_launch import CHROMIUM_ARGS, FIREFOX_PREFS, BrowserChoice, proxy_address
from arb_pipelines.scraping.browser_pool import BrowserPool, PoolLimits
from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of
from arb_pipelines.settings import BrowserEngine, find_browser
from arb_pipelines_tests.conftest import free_port, skip_or_fail
from arb_pipelines_tests.scraping.shop_servers import Shop, html, open_shop, page, selling

Steps = Callable[[BrowserPool], Awaitable[Any]]
AGENT = "arb_pipelines/0.1 (+x)"


@pytest.fixture(scope="module")
def chromium() -> str:
    found = find_browser(BrowserEngine.CHROMIUM)
    if found is None:
        skip_or_fail("no chromium on the PATH: apt install chromium")
    return str(found)


def with_pool(choice: BrowserChoice, steps: Steps, limits: PoolLimits | None = None) -> Any:
    """Run `steps` beside a pool, and close it."""

    async def run() -> Any:
        pool = BrowserPool(choice, allow_loopback=True, limits=limits)
        try:
            return await steps(pool)
        finally:
            await pool.close()

    return asyncio.run(asyncio.wait_for(run(), 90))


async def show(pool: BrowserPool, shop: Shop, path: str = "/p/1", timeout_s: float = 40) -> RenderedPage:
    """Render one page of `shop` as the download handler does."""
    site = Site(f"shop-{shop.url[-5:]}", "Shop", shop.url)
    async with asyncio.timeout(timeout_s), pool.page(site) as (tab, seat):
        return await render(tab, shop.url + path, seat.port, quiet_ms=300)


def test_what_a_page_loads_by_itself_is_judged_and_counted(chromium: str) -> None:
    with open_shop(selling) as other:
        targets = ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", f"{other.url}/p/1"]
        script = (
            f"const done = []; for (const url of {targets}) done.push(fetch(url, {{mode: 'no-cors'}}).catch(() => 0));"
            f"new WebSocket('{other.url.replace('http', 'ws')}/ws'); navigator.sendBeacon('{other.url}/beacon');"
            "Promise.all(done).then(() => setTimeout(() => { document.title = 'done' }, 1500));"
        )
        body = page().replace(
            b"</body>",
            f"<iframe src='http://192.168.1.1/'></iframe><script src='{other.url}/x.js'></script>"
            f"<script>{script}</script></body>".encode(),
        )
        with open_shop(lambda path: html(body)) as shop:

            async def steps(pool: BrowserPool) -> tuple[RenderedPage, int]:
                site = Site("s", "S", shop.url)
                async with pool.page(site) as (tab, seat):
                    shown = await render(tab, f"{shop.url}/p/1", seat.port)
                    await tab.wait_for_function("document.title == 'done'", timeout=20_000)
                return shown, pool.refusals()["s"]["ssrf_private_address"]

            shown, refused = with_pool(BrowserChoice(AGENT, path=chromium), steps)
    assert "$12.50" in shown.html
    assert refused >= 6
    assert other.requests == []


def test_a_redirect_into_the_house_is_refused(chromium: str) -> None:
    with open_shop(selling) as inside, open_shop(lambda path: html(b"", 302, Location=f"{inside.url}/p/1")) as shop:

        async def steps(pool: BrowserPool) -> None:
            await show(pool, shop)

        with pytest.raises(RefusedRequestError, match="ssrf_private_address"):
            with_pool(BrowserChoice(AGENT, path=chromium), steps)
    assert inside.requests == []


def test_a_page_that_takes_too_much_loses_only_itself(chromium: str) -> None:
    hog = (
        b"<html><body><script>const held = []; for (;;) held.push(new Uint8Array(4e6).fill(7));</script></body></html>"
    )
    busy = b"<html><body><script>for (;;);</script></body></html>"

    def shop_page(path: str) -> tuple[int, dict[str, str], bytes]:
        return html({"/hog": hog, "/busy": busy}.get(path, page()))

    with open_shop(shop_page) as shop, open_shop(selling) as honest:

        async def steps(pool: BrowserPool) -> list[str]:
            results = []
            for path, timeout_s in (("/hog", 40), ("/busy", 4)):
                try:
                    await show(pool, shop, path, timeout_s)
                except Exception as error:  # noqa: BLE001 - its reason code is what is tested
                    results.append(reason_of(error))
            shown = [await show(pool, honest), await show(pool, shop)]
            return results + ["$12.50" if "$12.50" in each.html else each.html for each in shown]

        limits = PoolLimits(page_mb=300, watch_s=0.1)
        assert with_pool(BrowserChoice(AGENT, path=chromium), steps, limits) == [
            "page_crashed", "timeout", "$12.50", "$12.50",
        ]  # fmt: skip


def test_contexts_and_pages_are_reused_and_browsers_recycled(chromium: str) -> None:
    with open_shop(selling) as shop:

        async def steps(pool: BrowserPool) -> dict[str, int]:
            for number in range(5):
                await show(pool, shop, f"/p/{number}")
            return dict(pool.counts)

        counts = with_pool(BrowserChoice(AGENT, path=chromium), steps, PoolLimits(pages_a_browser=3))
    assert counts == {"pages": 5, "browsers": 2, "contexts": 2, "windows": 2}


def test_a_browser_elsewhere_is_reached_by_its_address(chromium: str, tmp_path: Path) -> None:
    port = free_port()
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    elsewhere = subprocess.Popen(
        [*command, f"--user-data-dir={tmp_path}", "about:blank"],
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert elsewhere.stderr is not None
        assert any("DevTools listening" in line for line in elsewhere.stderr)
        with open_shop(selling) as shop, open_shop(selling) as other:

            async def steps(pool: BrowserPool) -> str:
                return (await show(pool, shop)).html

            choice = BrowserChoice(AGENT, grid_url=f"http://127.0.0.1:{port}")
            assert "$12.50" in with_pool(choice, steps)
        assert {agent for _, agent, _ in shop.requests} == {AGENT}
        assert other.requests == []
    finally:
        elsewhere.kill()
        elsewhere.communicate()


def test_a_browser_that_cannot_start_is_said_once(tmp_path: Path) -> None:
    async def steps(pool: BrowserPool) -> list[str]:
        reasons = []
        for _ in range(3):
            try:
                async with pool.page(Site("s", "S", "http://127.0.0.1:9")):
                    pytest.fail("there is no such browser")
            except Exception as error:  # noqa: BLE001 - its reason code is what is tested
                reasons.append(reason_of(error))
        return reasons

    assert with_pool(BrowserChoice(AGENT, path=str(tmp_path / "none")), steps) == ["browser_missing"] * 3


def test_firefox_renders_too() -> None:
    firefox = find_browser(BrowserEngine.FIREFOX)
    if firefox is None:
        pytest.skip("Playwright's Firefox is not installed: playwright install firefox")
    with open_shop(selling) as shop, open_shop(selling) as other:

        async def steps(pool: BrowserPool) -> str:
            return (await show(pool, shop)).html

        assert "$12.50" in with_pool(BrowserChoice(AGENT, engine="firefox", path=str(firefox)), steps)
    assert other.requests == []


def test_what_would_go_past_the_proxy_is_off() -> None:
    given = " ".join(CHROMIUM_ARGS)
    for switch in ("--disable-quic", "disable_non_proxied_udp", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "dns-prefetch"):
        assert switch in given, switch
    assert FIREFOX_PREFS["media.peerconnection.enabled"] is False


def test_the_proxy_listens_where_the_browser_is() -> None:
    assert proxy_address(None) == "127.0.0.1"
    assert proxy_address("http://127.0.0.1:9222") == "127.0.0.1"

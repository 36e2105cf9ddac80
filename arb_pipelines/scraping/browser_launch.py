"""Starting a browser, or connecting to one elsewhere, so that its only way out is our proxy.

What belongs here: the options of each engine. Chromium asks its proxy even for loopback (`<-loopback>`), resolves no
name by itself, and sends no UDP of its own (QUIC, WebRTC): each of these would go past the proxy.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from arb_pipelines.scraping.egress_proxy import EgressProxy, ProxyPort

LAUNCH_TIMEOUT_MS = 30_000
SCRIPT_HEAP_MB = 384  # a script that wants more loses its page, not the browser
CHROMIUM_ARGS = (
    # Chromium refuses to start as root with its own sandbox; then the container has to be one.
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    "--disable-gpu",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-remote-fonts",
    # Playwright sets the pointer types by the same switch, of which Chromium takes the last only.
    "--blink-settings=imagesEnabled=false,primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    "--mute-audio",
    f"--js-flags=--max-old-space-size={SCRIPT_HEAP_MB}",
)
FIREFOX_PREFS: dict[str, str | float | bool] = {
    "network.proxy.allow_hijacking_localhost": True,
    "network.proxy.failover_direct": False,
    "network.http.http3.enable": False,
    "network.dns.disablePrefetch": True,
    "network.trr.mode": 5,
    "media.peerconnection.enabled": False,
    "permissions.default.image": 2,
    "gfx.downloadable_fonts.enabled": False,
}


@dataclass(frozen=True, slots=True)
class BrowserChoice:
    """Which browser renders: a program on this machine, Playwright's own, or one elsewhere.

    `engine` is `chromium` or `firefox`. `grid_url`: `ws(s)://` is a Playwright server, `http(s)://` or
    `cdp+ws(s)://` the DevTools endpoint of a Chromium.
    """

    user_agent: str
    engine: str = "chromium"
    path: str | None = None
    grid_url: str | None = None


async def open_browser(driver: Any, choice: BrowserChoice, way_out: ProxyPort) -> Any:
    """Return a Playwright browser of `choice`; what it loads outside of a site's context goes to `way_out`.

    Raises:
        playwright.async_api.Error: it cannot be started or reached.
    """
    engine = driver.firefox if choice.engine == "firefox" else driver.chromium
    if choice.grid_url is None:
        options: dict[str, Any] = (
            {"firefox_user_prefs": FIREFOX_PREFS} if choice.engine == "firefox" else {"args": list(CHROMIUM_ARGS)}
        )
        return await engine.launch(
            executable_path=choice.path,
            headless=True,
            timeout=LAUNCH_TIMEOUT_MS,
            proxy={"server": way_out.url, "bypass": "<-loopback>"},
            **options,
        )
    if choice.grid_url.startswith(("ws://", "wss://")):
        return await engine.connect(choice.grid_url, timeout=LAUNCH_TIMEOUT_MS)
    return await engine.connect_over_cdp(choice.grid_url.removeprefix("cdp+"), timeout=LAUNCH_TIMEOUT_MS)


def context_options(choice: BrowserChoice, proxy: EgressProxy, port: ProxyPort) -> dict[str, Any]:
    """Return the options of one site's browser context: our name, no downloads, and the site's own way out."""
    way_out = {"server": port.url, "bypass": "<-loopback>"}
    if proxy.password:
        way_out |= {"username": proxy.username, "password": proxy.password}
    return {
        "user_agent": choice.user_agent,
        "proxy": way_out,
        "service_workers": "block",
        "accept_downloads": False,
        "viewport": {"width": 1280, "height": 800},
    }


def proxy_address(grid_url: str | None) -> str:
    """Return the address of this machine that the browser can reach: loopback, or the one that faces the grid.

    Raises:
        OSError: the grid's host cannot be resolved.
    """
    parts = urlsplit(grid_url.removeprefix("cdp+")) if grid_url else None
    if parts is None or parts.hostname is None:
        return "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # sends nothing: only the route is looked up
        probe.connect((parts.hostname, parts.port or 80))
        return str(probe.getsockname()[0])

"""The browser's way out: what it refuses, that it connects to the address it judged, and that it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from arb_pipelines.scraping import egress_proxy
from arb_pipelines.scraping.egress_proxy import EgressProxy, ProxyPort
from arb_pipelines_tests.scraping.shop_servers import Shop, html, open_shop, selling

Steps = Callable[[EgressProxy, ProxyPort], Awaitable[Any]]


def through_proxy(steps: Steps, own: frozenset[tuple[str, int]] = frozenset(), **options: Any) -> Any:
    """Run `steps` beside a proxy with one port, and close it."""

    async def run() -> Any:
        proxy = EgressProxy(**options)
        try:
            return await steps(proxy, await proxy.open_port(own))
        finally:
            await proxy.close()

    return asyncio.run(asyncio.wait_for(run(), 20))


async def ask(port: ProxyPort, request: str) -> str:
    """Send `request` to the proxy and return all that it answers."""
    host, _, number = port.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(number))
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode("latin-1")


def get(url: str) -> str:
    return f"GET {url} HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n"


def origin(shop: Shop) -> tuple[str, int]:
    return "127.0.0.1", int(shop.url.rpartition(":")[2])


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        (get("http://169.254.169.254/latest/meta-data/"), "ssrf_private_address"),
        (get("http://10.0.0.1/"), "ssrf_private_address"),
        (get("http://2130706433/"), "ssrf_private_address"),
        (get("http://[::ffff:10.0.0.1]/"), "ssrf_private_address"),
        (get("http://127.0.0.1:3000/graphql"), "ssrf_private_address"),
        (get("http://shop.example:6379/"), "ssrf_port"),
        (get("http://www.facebook.com/"), "forbidden_host"),
        (get("file:///etc/passwd"), "bad_url"),
        (get("/no/host"), "bad_url"),
        (get("https://shop.example/"), "bad_url"),
        ("CONNECT 169.254.169.254:443 HTTP/1.1\r\n\r\n", "ssrf_private_address"),
        ("CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "ssrf_private_address"),
        ("CONNECT 8.8.8.8:25 HTTP/1.1\r\n\r\n", "ssrf_port"),
        ("CONNECT x:y HTTP/1.1\r\n\r\n", "bad_url"),
    ],
)
def test_what_is_refused_is_counted(request_text: str, reason: str) -> None:
    async def steps(proxy: EgressProxy, port: ProxyPort) -> tuple[str, ProxyPort]:
        return await ask(port, request_text), port

    answer, port = through_proxy(steps, allow_loopback=True)
    assert answer.startswith("HTTP/1.1 40")
    assert f"x-egress-refused: {reason}\r\n" in answer
    assert (dict(port.refused), port.last_refusal) == ({reason: 1}, reason)


def test_a_sites_own_loopback_origin_is_open_and_no_other_programs() -> None:
    with open_shop(selling) as shop, open_shop(selling) as neighbour:

        async def steps(proxy: EgressProxy, port: ProxyPort) -> list[str]:
            return [await ask(port, get(f"{url}/p/1")) for url in (shop.url, neighbour.url)]

        own, other = through_proxy(steps, frozenset({origin(shop)}), allow_loopback=True)
    assert "200 OK" in own.splitlines()[0]
    assert "$12.50" in own
    assert "x-egress-refused: ssrf_private_address" in other
    assert (shop.paths, neighbour.paths) == (["/p/1"], [])


def test_without_the_exception_loopback_is_closed_even_to_its_own_site() -> None:
    with open_shop(selling) as shop:

        async def steps(proxy: EgressProxy, port: ProxyPort) -> str:
            return await ask(port, get(f"{shop.url}/p/1"))

        assert "ssrf_private_address" in through_proxy(steps, frozenset({origin(shop)}))
    assert shop.paths == []


def test_a_tunnel_carries_both_ways() -> None:
    with open_shop(selling) as shop:
        host, number = origin(shop)

        async def steps(proxy: EgressProxy, port: ProxyPort) -> str:
            inner = f"GET /p/7 HTTP/1.0\r\nHost: {host}\r\n\r\n"
            return await ask(port, f"CONNECT {host}:{number} HTTP/1.1\r\n\r\n{inner}")

        answer = through_proxy(steps, frozenset({(host, number)}), allow_loopback=True)
    assert answer.startswith("HTTP/1.1 200 Connected")
    assert "Kettle 7" in answer


@pytest.mark.parametrize("allow_loopback", [False, True])
def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch, allow_loopback: bool) -> None:
    asked: list[str] = []
    dialled: list[str] = []

    async def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    async def no_network(address: str, *_: Any, **__: Any) -> Any:
        dialled.append(address)
        raise ConnectionRefusedError

    async def steps(proxy: EgressProxy, port: ProxyPort) -> list[str]:
        monkeypatch_dial.setattr(egress_proxy.asyncio, "open_connection", no_network)
        first = asyncio.StreamReader()
        for _ in range(2):
            with pytest.raises(Exception, match=r"connection_refused|ssrf_private_address") as caught:
                await proxy._dial("rebind.example", 80)
            first.feed_data(f"{caught.value}\n".encode())
        first.feed_eof()
        return (await first.read()).decode().split()

    with monkeypatch.context() as monkeypatch_dial:
        reasons = through_proxy(steps, allow_loopback=allow_loopback, resolve=rebinding)
    assert dialled == ["93.184.216.34"]  # the address that was judged, without asking DNS again
    assert asked == ["rebind.example"] * 2
    assert reasons == ["connection_refused", "ssrf_private_address"]


def test_a_mixed_answer_leads_to_the_public_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[str] = []

    async def mixed(host: str) -> list[str]:
        return ["10.0.0.1", "::1", "93.184.216.34"]

    async def no_network(address: str, *_: Any, **__: Any) -> Any:
        dialled.append(address)
        raise ConnectionRefusedError

    async def steps(proxy: EgressProxy, port: ProxyPort) -> None:
        with monkeypatch.context() as patched, pytest.raises(Exception, match="connection_refused"):
            patched.setattr(egress_proxy.asyncio, "open_connection", no_network)
            await proxy._dial("mixed.example", 443)

    through_proxy(steps, resolve=mixed)
    assert dialled == ["93.184.216.34"]


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_proxy, "MAX_CONNECTION_BYTES", 100_000)
    with open_shop(lambda path: html(b"x" * 1_000_000)) as shop:

        async def steps(proxy: EgressProxy, port: ProxyPort) -> tuple[int, ProxyPort]:
            return len(await ask(port, get(shop.url))), port

        size, port = through_proxy(steps, frozenset({origin(shop)}), allow_loopback=True)
    assert size < 400_000
    assert port.refused == {"too_large": 1}


def test_on_another_address_than_loopback_it_wants_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    async def steps(proxy: EgressProxy, port: ProxyPort) -> list[str]:
        port.url = port.url.replace("0.0.0.0", "127.0.0.1")
        token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        wrong, right = "Proxy-Authorization: Basic eDp5", f"Proxy-Authorization: Basic {token}"
        line = "GET http://10.0.0.1/ HTTP/1.1"
        return [await ask(port, f"{line}\r\n{header}\r\n\r\n") for header in ("Host: x", wrong, right)]

    answers = through_proxy(steps, listen_on="0.0.0.0")
    assert [answer.split()[1] for answer in answers] == ["407", "407", "403"]


def test_closing_cuts_what_is_still_open() -> None:
    async def steps(proxy: EgressProxy, port: ProxyPort) -> bytes:
        number = int(port.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(b"GET http://")
        await proxy.close()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    assert through_proxy(steps) == b""

"""Which addresses a crawl may reach: the public web, and nothing else however it is spelled."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.net_guard import refusal_of_address, refusal_of_url

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "192.0.0.8", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:81b::200e"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    assert refusal_of_address(address) == "ssrf_private_address"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert refusal_of_address(address) is None


def test_the_sandbox_may_use_loopback_and_nothing_more() -> None:
    assert refusal_of_address("127.0.1.17", allow_loopback=True) is None
    assert refusal_of_address("::1", allow_loopback=True) is None
    assert refusal_of_address("10.0.0.1", allow_loopback=True) == "ssrf_private_address"
    assert refusal_of_address("169.254.169.254", allow_loopback=True) == "ssrf_private_address"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://127.1/", "http://0/", "http://①②⑦.0.0.1/", "http://[::1]/", "http://[::ffff:7f00:1]/",
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::a9fe:a9fe]/",
    ],
)  # fmt: skip
def test_urls_that_spell_a_private_address_are_refused(url: str) -> None:
    assert refusal_of_url(url) == "ssrf_private_address"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "data:text/html,x", "ftp://h.example/", "http://", "//h", "http://[::1", "x"]
)
def test_urls_that_are_no_web_address_are_refused(url: str) -> None:
    assert refusal_of_url(url) == "bad_url"


def test_only_the_webs_own_ports_are_allowed() -> None:
    assert refusal_of_url("https://shop.example:443/p") is None
    assert refusal_of_url("https://shop.example/p") is None
    assert refusal_of_url("http://shop.example:6379/") == "ssrf_port"
    assert refusal_of_url("http://127.0.0.1:8080/", allow_loopback=True) is None


def test_a_redirect_to_a_forbidden_shop_is_refused() -> None:
    assert refusal_of_url("https://www.amazon.com/dp/1") == "forbidden_host"

"""Which addresses a crawl may reach: the public web, and nothing else however it is spelled."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.site import Site
from arb_pipelines.sandbox.addresses import CHANNEL_HOST, MAX_SHOPS, shop_host
from arb_pipelines.scraping.net_guard import (
    declared_loopback,
    refusal_of_address,
    refusal_of_answer,
    refusal_of_url,
)

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "192.0.0.8", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:a9fe:a9fe::", "2002:808:808::", "::ffff:169.254.169.254", "::a00:1",
    "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1", "fe80::1%eth0", "fd00:ec2::254", "5f00::1", "100::1",
    "3fff::1", "198.51.100.7", "203.0.113.9", "192.0.2.1", "127.0.0.2", "127.200.0.1",
]  # fmt: skip
PUBLIC = [
    "93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:81b::200e",
    "64:ff9b::808:808", "::ffff:8.8.8.8", "2606:4700::5efe:8.8.8.8", "100.63.255.255", "172.32.0.1",
]  # fmt: skip


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
    for used in (CHANNEL_HOST, shop_host(1), shop_host(MAX_SHOPS), "127.0.9.250"):
        assert refusal_of_address(used, allow_loopback=True) is None
    for unused in ("127.0.0.2", "127.0.0.53", "127.0.10.1", "127.1.1.1", "::ffff:127.8.8.8"):
        assert refusal_of_address(unused, allow_loopback=True) == "ssrf_private_address"


def test_the_exception_covers_what_a_site_declares_and_no_other_program() -> None:
    site = Site("s", "S", "http://127.0.1.7:8123", start_urls=("http://127.0.1.8:8123/p/1", "https://shop.example/p"))
    own = declared_loopback(site)
    assert own == {("127.0.1.7", 8123), ("127.0.1.8", 8123)}
    assert refusal_of_url("http://127.0.1.7:8123/p/2", True, own) is None
    for other in ("http://127.0.1.7:3000/", "http://127.0.0.1:8123/", "http://localhost:8123/", "http://127.0.1.9/"):
        assert refusal_of_url(other, True, own) == "ssrf_private_address"
        assert refusal_of_url(other.replace("127.0.1.7", "127.0.1.8"), False, own) == "ssrf_private_address"
    assert declared_loopback(Site("t", "T", "http://localhost:81")) == {("localhost", 81)}


def test_a_name_out_of_dns_never_leads_to_this_machine() -> None:
    assert refusal_of_answer("rebind.example", "127.0.0.1", allow_loopback=True) == "ssrf_private_address"
    assert refusal_of_answer("rebind.example", "169.254.169.254") == "ssrf_private_address"
    assert refusal_of_answer("rebind.example", "8.8.8.8") is None
    assert refusal_of_answer("localhost", "127.0.0.1", allow_loopback=True) is None
    assert refusal_of_answer("127.0.0.1", "127.0.0.1", allow_loopback=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://127.1/", "http://0/", "http://①②⑦.0.0.1/", "http://[::1]/", "http://[::ffff:7f00:1]/",
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::a9fe:a9fe]/",
        "http://127.0.0.1./", "http://a.localhost/", "http://LOCALHOST./", "http://user@127.0.0.1/",
        "http://0x7f.1/", "http://017700000001/", "http://①⑦②.16.0.1/", "http://[::a00:1]/", "HTTP://127。0。0。1/",
    ],
)  # fmt: skip
def test_urls_that_spell_a_private_address_are_refused(url: str) -> None:
    assert refusal_of_url(url) == "ssrf_private_address"


@pytest.mark.parametrize(
    "url", [
        "file:///etc/passwd", "data:text/html,x", "ftp://h.example/", "http://", "//h", "http://[::1", "x",
        "http://good.example\\@127.0.0.1/", "http://127%2e0.0.1/", "http://h.example:0/", "http://h.example:99999/",
        "gopher://127.0.0.1/", "javascript:alert(1)", "http://a b.example/",
    ],
)  # fmt: skip
def test_urls_that_are_no_web_address_are_refused(url: str) -> None:
    assert refusal_of_url(url) == "bad_url"


def test_only_the_webs_own_ports_are_allowed() -> None:
    assert refusal_of_url("https://shop.example:443/p") is None
    assert refusal_of_url("https://shop.example/p") is None
    assert refusal_of_url("http://shop.example:6379/") == "ssrf_port"
    assert refusal_of_url("http://127.0.0.1:8080/", allow_loopback=True) is None


def test_a_redirect_to_a_forbidden_shop_is_refused() -> None:
    assert refusal_of_url("https://www.amazon.com/dp/1") == "forbidden_host"

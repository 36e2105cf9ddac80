"""Who we say we are, and which host a site is."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.manners import VisitManners, has_contact, host_of, is_loopback, manners_from_json


@pytest.mark.parametrize(
    ("agent", "is_reachable"),
    [
        ("arb/1 (+https://prices.acme-books.com/bot)", True),
        ("arb/1 (bot@acme-books.com)", True),
        ("arb/1 (+mailto:bot@mail.acme-books.co.uk)", True),
        ("arb/1 (+https://example.org/contact)", False),
        ("arb/1 (+https://www.example.com)", False),
        ("arb/1 (me@nowhere.invalid)", False),
        ("arb/1 (+http://localhost/)", False),
        ("arb/1 (+https://intranet)", False),
        ("Mozilla/5.0", False),
        ("", False),
    ],
)
def test_a_contact_is_where_somebody_can_be_reached(agent: str, is_reachable: bool) -> None:
    assert has_contact(agent) is is_reachable


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://127.0.3.9:8080/x", True),
        ("http://[::1]/", True),
        ("http://localhost", True),
        ("http://shop.localhost/", True),
        ("http://localhost.example.net", False),
        ("http://10.0.0.1", False),
        ("https://shop.net", False),
        ("http://[", False),
    ],
)
def test_loopback(url: str, is_local: bool) -> None:
    assert is_loopback(url) is is_local


def test_one_host_under_several_spellings() -> None:
    assert host_of("https://www.Shop.net/a") == host_of("http://shop.net") == "shop.net"
    assert host_of("http://127.0.0.1:81") != host_of("http://127.0.0.1:82")


def test_facts_survive_json_and_strange_ones_do_not_break_it() -> None:
    facts = VisitManners(requests=4, shortest_gap_ms=5_000, delay_ms=5_000)
    assert manners_from_json(facts.to_json()) == facts
    assert manners_from_json({**facts.to_json(), "later": 1}) == facts
    assert manners_from_json(None) is None
    assert manners_from_json([1]) is None

"""The pool: a site keeps its proxy, a failing one rests, and none at all is an answer."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from arb_pipelines.domain.proxies import ProxyHealth, after_request, choose_proxy, proxy_id
from arb_pipelines_tests.fakes.clock import START

POOL = [f"http://p{number}.example:3128" for number in range(4)]
SITES = [f"site{number}" for number in range(400)]


def failed(times: int) -> ProxyHealth:
    health = ProxyHealth()
    for _ in range(times):
        health = after_request(health, False, START)
    return health


def test_a_site_keeps_its_proxy_and_sites_are_spread_evenly() -> None:
    chosen = [choose_proxy(POOL, site, {}, START) for site in SITES]
    assert chosen == [choose_proxy(POOL[::-1], site, {}, START) for site in SITES]
    assert min(Counter(chosen).values()) > 60
    assert len(set(chosen)) == 4


def test_only_the_sites_of_a_resting_proxy_move() -> None:
    health = {proxy_id(POOL[0]): failed(3)}
    for site in SITES:
        before, after = (choose_proxy(POOL, site, known, START) for known in ({}, health))
        assert after != POOL[0]
        assert after == before or before == POOL[0]


def test_rests_double_up_to_an_hour_and_a_success_ends_them() -> None:
    assert failed(2).is_healthy(START)
    assert failed(3).resting_until == START + timedelta(minutes=1)
    assert failed(4).resting_until == START + timedelta(minutes=2)
    assert failed(99).resting_until == START + timedelta(hours=1)
    assert failed(3).is_healthy(START + timedelta(minutes=1))
    assert after_request(failed(9), True, START) == ProxyHealth()


def test_no_healthy_proxy_is_none() -> None:
    assert choose_proxy([], "a", {}, START) is None
    assert choose_proxy(POOL, "a", {proxy_id(url): failed(3) for url in POOL}, START) is None


def test_the_id_tells_nothing() -> None:
    assert "secret" not in proxy_id("http://user:secret@proxy.example:1")

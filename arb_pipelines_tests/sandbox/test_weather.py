"""Bad hours, slow shops and rules for robots."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from protego import Protego

from arb_pipelines.sandbox.assortment import Misbehaviour, Shop
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.weather import CYCLE_H, Spell, Trouble, latency_s, robots_text, trouble_at
from arb_pipelines.sandbox.world import World
from arb_pipelines_tests.sandbox.conftest import Customer

WORLD = World(seed=7, shops=500)
BASE = "http://127.0.1.1:8000"


def _first_spell(world: World, trouble: Trouble) -> tuple[Shop, Spell]:
    for quarter in range(int(CYCLE_H) * 4 * 40):
        for shop in world.shops:
            spell = trouble_at(world.seed, shop, quarter / 4)
            if spell is not None and spell.trouble is trouble and shop.failure is None:
                return shop, spell
    raise AssertionError(f"no spell of {trouble}")


def test_about_one_shop_in_500_has_a_bad_hour_at_any_time() -> None:
    counts = [sum(trouble_at(7, shop, hour) is not None for shop in WORLD.shops) for hour in range(0, 2400, 24)]
    assert 0.5 < sum(counts) / len(counts) < 2
    assert max(counts) <= 6


def test_a_spell_is_the_same_for_all_its_hours_and_ends() -> None:
    shop, spell = _first_spell(WORLD, Trouble.DOWN)
    assert 1 <= spell.ends_h - spell.starts_h <= 12
    assert trouble_at(7, shop, spell.starts_h) == trouble_at(7, shop, spell.ends_h - 0.001) == spell
    assert trouble_at(7, shop, spell.ends_h) is None
    assert trouble_at(7, shop, spell.starts_h - 0.001) is None


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_visit_during_a_spell_fails_and_afterwards_does_not(
    trouble: Trouble, start: Callable[..., WorldServer], web: httpx.Client
) -> None:
    shop, spell = _first_spell(World(seed=7, shops=60), trouble)
    server = start(shops=60, misbehaving_every=0)
    customer = Customer(server, web)
    offer = customer.offers(shop=shop.key)[0]
    told = _told(server, web, shop)
    assert (told["trouble"], told["expected_reason"]) == (None, None)
    _advance(server, web, spell.starts_h + 0.5)
    answer = web.get(offer["url"])
    assert answer.status_code == spell.status
    assert ("Retry-After" in answer.headers) == (trouble is Trouble.THROTTLED)
    assert ("captcha" in answer.text) == (trouble is Trouble.CHALLENGED)
    reason = "challenge" if trouble is Trouble.CHALLENGED else f"http_{spell.status}"
    assert _told(server, web, shop)["expected_reason"] == reason
    assert web.get(f"{server.shop_urls[shop.key]}/robots.txt").status_code in (200, 404)
    assert customer.quote(offer).status_code == 200  # the order desk keeps answering
    _advance(server, web, spell.ends_h - spell.starts_h)
    assert web.get(offer["url"]).status_code == 200


def test_retry_after_ends_with_the_spell(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    shop, spell = _first_spell(World(seed=7, shops=60), Trouble.THROTTLED)
    server = start(shops=60, misbehaving_every=0, speed=1.0)
    _advance(server, web, spell.starts_h + 0.5)
    left_s = int(web.get(f"{server.shop_urls[shop.key]}/").headers["Retry-After"])
    assert left_s == pytest.approx((spell.ends_h - spell.starts_h - 0.5) * 3600, abs=2)


def _told(server: WorldServer, web: httpx.Client, shop: Shop) -> dict[str, object]:
    shops = web.get(f"{server.channel_url}/sandbox/shops").json()
    return next(told for told in shops if told["shop"] == shop.key)


def _advance(server: WorldServer, web: httpx.Client, hours: float) -> None:
    web.post(f"{server.channel_url}/sandbox/advance", json={"hours": hours})


def test_a_calm_world_has_no_weather(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    shop, spell = _first_spell(World(seed=7, shops=60), Trouble.DOWN)
    server = start(shops=60, calm=True, misbehaving_every=0)
    _advance(server, web, spell.starts_h + 0.5)
    assert web.get(f"{server.shop_urls[shop.key]}/").status_code == 200


def test_few_shops_are_slow_and_fewer_very_slow() -> None:
    latencies = [latency_s(7, shop) for shop in WORLD.shops]
    assert sum(seconds > 1 for seconds in latencies) == 5
    assert 0.02 < sum(0 < seconds < 1 for seconds in latencies) / 500 < 0.07
    assert max(latencies) < 2


def test_every_robots_txt_allows_products_and_closes_the_order_desk() -> None:
    texts = set()
    for shop in WORLD.shops:
        text = robots_text(shop, BASE, calm=False)
        if text is None or shop.misbehaviour is Misbehaviour.ROBOTS_DISALLOW:
            continue
        texts.add(text)
        rules = Protego.parse(text)
        for item in WORLD.items_of(shop):
            assert rules.can_fetch(BASE + item.path, "arb-pipelines")
        assert rules.can_fetch(f"{BASE}/products?page=2", "arb-pipelines")
        assert rules.can_fetch(f"{BASE}/api/product/x.json", "arb-pipelines")
        assert not rules.can_fetch(f"{BASE}/api/orders?since=1", "arb-pipelines")
        assert not rules.can_fetch(f"{BASE}/api/quotes?sku=1", "arb-pipelines")
        assert list(rules.sitemaps) == [f"{BASE}/sitemap.xml"]
    assert len(texts) > 10


def test_some_robots_files_ask_for_a_delay_and_some_shops_have_none() -> None:
    texts = [robots_text(shop, BASE, calm=False) for shop in WORLD.shops]
    delays = [Protego.parse(text).crawl_delay("arb-pipelines") for text in texts if text is not None]
    assert sum(delay == 0.5 for delay in delays) == 13
    assert {delay for delay in delays if delay != 0.5} == {None}
    assert sum(text is None for text in texts) == 13
    assert None not in [robots_text(shop, BASE, calm=True) for shop in WORLD.shops]

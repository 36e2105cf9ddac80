"""The truth that tests compare with what was scraped."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from arb_pipelines.sandbox.assortment import Misbehaviour
from arb_pipelines.sandbox.misbehaviour import EXPECTED_REASONS, expected_reason
from arb_pipelines.sandbox.running import WorldServer
from arb_pipelines.sandbox.world import World


def _offers(server: WorldServer, web: httpx.Client, **query: str) -> list[dict[str, object]]:
    answer = web.get(f"{server.channel_url}/sandbox/offers", params=query)
    assert answer.status_code == 200
    return answer.json()


def test_offers_of_another_hour_are_those_that_hour_will_show(server: WorldServer, web: httpx.Client) -> None:
    later = _offers(server, web, hour="700")
    assert later != _offers(server, web)
    web.post(f"{server.channel_url}/sandbox/advance", json={"hours": 700})
    assert later == _offers(server, web)


@pytest.mark.parametrize("hour", ["soon", "nan", "1e99"])
def test_a_bad_hour_is_refused(server: WorldServer, web: httpx.Client, hour: str) -> None:
    assert web.get(f"{server.channel_url}/sandbox/offers", params={"hour": hour}).status_code == 400


def test_every_failing_shop_names_its_reason(start: Callable[..., WorldServer], web: httpx.Client) -> None:
    server = start(shops=90)
    shops = {told["shop"]: told for told in web.get(f"{server.channel_url}/sandbox/shops").json()}
    assert len(shops) == 90
    failing = {key for key, told in shops.items() if told["misbehaviour"]}
    assert failing == set(server.world.misbehaving()) == {"shop-033", "shop-066", "shop-083"}
    assert shops["shop-033"]["expected_reason"] == "http_503"
    assert shops["shop-083"]["expected_reason"] == "too_large"
    assert shops["shop-001"]["expected_reason"] is None
    assert shops["shop-050"]["shape"] == "javascript"


def test_every_way_to_fail_for_good_has_a_reason() -> None:
    assert set(EXPECTED_REASONS) == set(Misbehaviour)
    for shop in World(shops=500).shops:
        assert (expected_reason(shop, None) is None) == (shop.failure is None)

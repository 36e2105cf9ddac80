"""Prices and stock over world time."""

from __future__ import annotations

from itertools import pairwise

from arb_pipelines.sandbox.locales import LOCALES
from arb_pipelines.sandbox.pricing import DRIFT, SHELF_CONDITIONS
from arb_pipelines.sandbox.world import World

WORLD = World(seed=7, shops=500)
ITEMS = [item for shop in WORLD.shops for item in WORLD.items_of(shop)]
HOURS = (0.0, 333.0, 5000.0)


def _ratio(item, hour: float) -> float:
    """The shelf price as a share of the market value."""
    locale = LOCALES[item.shop.locale]
    value = WORLD.market_value_usd(item.product, hour, SHELF_CONDITIONS[item.condition])
    return WORLD.shelf(item, hour).price_minor / 10**locale.digits / locale.a_usd / value


def test_same_seed_and_hour_same_shelves() -> None:
    other = World(seed=7, shops=500)
    again = [item for shop in other.shops for item in other.items_of(shop)]
    assert [other.shelf(item, 77.7) for item in again] == [WORLD.shelf(item, 77.7) for item in ITEMS]


def test_prices_are_near_the_market_or_far_below_it() -> None:
    for hour in HOURS:
        for item in ITEMS:
            ratio = _ratio(item, hour)
            # Price tags end in 9 and the market drifts within a spell, so the bounds carry some slack.
            low, high = (0.34, 0.74) if WORLD.shelf(item, hour).on_sale else (0.76, 1.28)
            assert low < ratio < high, (item.sku, hour, ratio)


def test_a_few_per_cent_are_on_sale_and_some_out_of_stock_at_any_time() -> None:
    for hour in HOURS:
        shelves = [WORLD.shelf(item, hour) for item in ITEMS]
        assert 0.02 < sum(shelf.on_sale for shelf in shelves) / len(shelves) < 0.07
        assert 0.05 < sum(shelf.units == 0 for shelf in shelves) / len(shelves) < 0.13


def test_prices_hold_still_for_hours_and_move_over_weeks() -> None:
    def prices(hour: float) -> list[int]:
        return [WORLD.shelf(item, hour).price_minor for item in ITEMS]

    moved_in_an_hour = sum(a != b for a, b in zip(prices(50), prices(51), strict=True))
    moved_in_a_month = sum(a != b for a, b in zip(prices(50), prices(770), strict=True))
    assert moved_in_an_hour / len(ITEMS) < 0.03
    assert moved_in_a_month / len(ITEMS) > 0.8


def test_a_sale_starts_and_ends_at_the_hours_it_names() -> None:
    reduced = [item for item in ITEMS if WORLD.shelf(item, 333).on_sale]
    assert len(reduced) > 20
    for item in reduced:
        sale = WORLD.shelf(item, 333)
        assert sale.sale_starts_h is not None
        assert sale.sale_ends_h is not None
        assert sale.sale_starts_h <= 333 < sale.sale_ends_h
        assert WORLD.shelf(item, sale.sale_ends_h - 0.01).price_minor == sale.price_minor
        after = WORLD.shelf(item, sale.sale_ends_h + 0.01)
        assert (after.on_sale, after.sale_ends_h) == (False, None)


def test_stock_outs_end() -> None:
    empty = [item for item in ITEMS if WORLD.shelf(item, 0).units == 0]
    refilled = sum(WORLD.shelf(item, 800).units > 0 for item in empty)
    assert refilled / len(empty) > 0.7


def test_a_sale_names_the_regular_price_as_list_price() -> None:
    for item in ITEMS:
        shelf = WORLD.shelf(item, 0)
        assert shelf.list_price_minor >= shelf.price_minor
        if not shelf.on_sale:
            assert shelf.list_price_minor == shelf.price_minor


def test_market_value_drifts_slowly_around_its_base() -> None:
    for product in WORLD.products:
        day_by_day = [WORLD.market_value_usd(product, 24.0 * day) for day in range(120)]
        assert all(abs(value / product.base_usd - 1) <= DRIFT for value in day_by_day)
        steps = [abs(b / a - 1) for a, b in pairwise(day_by_day)]
        assert 0 < max(steps) < 0.01

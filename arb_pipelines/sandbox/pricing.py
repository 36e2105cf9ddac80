"""How market values, shelf prices and stock move in world time.

What belongs here: pure functions of seed, product, shop and world hour. A shelf price holds still within a spell,
as in a real shop; a sale is a spell far below the market, which is what the resale loop looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor, pi, sin

from arb_pipelines.sandbox.assortment import StockedItem
from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.draws import draw, draw_between, draw_int
from arb_pipelines.sandbox.locales import LOCALES

HOURS_A_DAY = 24.0
PRICE_SPELL_H = 168.0
SALE_SPELL_H = 480.0
STOCK_SPELL_H = 360.0
SALE_SHARE = 0.055  # of the offers at the start of a sale spell; they end within it one by one
OUT_OF_STOCK_SHARE = 0.09
MOST_UNITS = 6
DRIFT = 0.07  # the market value swings by this share around its base
LOWEST_PRICE_USD = 3.0
CACHED = 16_384  # draws: a few for each offer of the largest world

CONDITION_FACTORS = {
    "NEW": 1.0,
    "LIKE_NEW": 0.86,
    "NEW_OTHER": 0.88,
    "USED_EXCELLENT": 0.78,
    "USED_VERY_GOOD": 0.72,
    "USED_GOOD": 0.62,
    "USED_ACCEPTABLE": 0.48,
}
OTHER_CONDITION_FACTOR = 0.55
SHELF_CONDITIONS = {"New": "NEW", "Used - Very Good": "USED_VERY_GOOD"}


@dataclass(frozen=True, slots=True)
class ShelfState:
    """What a shop asks for one item at one moment, in minor units of the shop's currency.

    `stock_spell` names the delivery that filled the shelf: what was bought since then is gone from `units`.
    `sale_starts_h` and `sale_ends_h` are the world hours of the sale that is on, if one is.
    """

    price_minor: int
    list_price_minor: int
    on_sale: bool
    units: int
    stock_spell: int
    sale_starts_h: float | None = None
    sale_ends_h: float | None = None


def market_value_usd(seed: int, product: Product, hour: float) -> float:
    """Return what the product is worth new; it drifts by a few per cent over weeks and months."""
    day = hour / HOURS_A_DAY
    slow_phase, quick_phase = _swing(seed, product.index)
    slow = sin(2 * pi * (day / 160 + slow_phase))
    quick = sin(2 * pi * (day / 37 + quick_phase))
    return product.base_usd * (1 + DRIFT * (0.7 * slow + 0.3 * quick))


def condition_factor(condition: str) -> float:
    """Return the share of the new value that an item of this condition (the channel's word) brings."""
    return CONDITION_FACTORS.get(condition, OTHER_CONDITION_FACTOR)


def shelf_state(seed: int, item: StockedItem, hour: float) -> ShelfState:
    """Return price and stock of `item` at world `hour`, before anything that was bought."""
    key = (seed, item.shop.number, item.product.index)
    regular_phase, sale_phase, stock_phase = _phases(*key)
    regular_spell, regular_start = _spell(PRICE_SPELL_H, hour, regular_phase)
    sale_spell, sale_start = _spell(SALE_SPELL_H, hour, sale_phase)
    stock_spell, _ = _spell(STOCK_SPELL_H, hour, stock_phase)
    regular = _worth_usd(seed, item, regular_start) * _regular_share(*key, regular_spell)
    sale_length_h, sale_share = _sale(*key, sale_spell)
    on_sale = hour - sale_start < sale_length_h
    price = _worth_usd(seed, item, sale_start) * sale_share if on_sale else regular
    return ShelfState(
        price_minor=_price_tag(price, item),
        list_price_minor=_price_tag(max(regular, price), item),
        on_sale=on_sale,
        units=_delivered_units(*key, stock_spell),
        stock_spell=stock_spell,
        sale_starts_h=sale_start if on_sale else None,
        sale_ends_h=sale_start + sale_length_h if on_sale else None,
    )


def _worth_usd(seed: int, item: StockedItem, hour: float) -> float:
    return market_value_usd(seed, item.product, hour) * condition_factor(SHELF_CONDITIONS[item.condition])


def _spell(length_h: float, hour: float, phase: float) -> tuple[int, float]:
    """Return the number of the spell that `hour` falls into and its first hour; each item has its own phase."""
    number = floor(hour / length_h + phase)
    return number, (number - phase) * length_h


# The draws below change with the spell at most, while a page is asked for many times within one.
@lru_cache(maxsize=CACHED)
def _swing(seed: int, product: int) -> tuple[float, float]:
    return draw(seed, "slow", product), draw(seed, "quick", product)


@lru_cache(maxsize=CACHED)
def _phases(seed: int, shop: int, product: int) -> tuple[float, float, float]:
    regular, sale, stock = (draw(seed, shop, product, name, "phase") for name in ("regular", "sale", "stock"))
    return regular, sale, stock


@lru_cache(maxsize=CACHED)
def _regular_share(seed: int, shop: int, product: int, spell: int) -> float:
    return draw_between(0.86, 1.15, seed, shop, product, "price", spell)


@lru_cache(maxsize=CACHED)
def _sale(seed: int, shop: int, product: int, spell: int) -> tuple[float, float]:
    """Return how long the sale of this spell lasts (0: there is none) and its share of the market value."""
    key = (seed, shop, product)
    if draw(*key, "on sale", spell) >= SALE_SHARE:
        return 0.0, 1.0
    length_h = SALE_SPELL_H * draw_between(0.5, 1.0, *key, "sale length", spell)
    return length_h, draw_between(0.40, 0.65, *key, "discount", spell)


@lru_cache(maxsize=CACHED)
def _delivered_units(seed: int, shop: int, product: int, spell: int) -> int:
    if draw(seed, shop, product, "out", spell) < OUT_OF_STOCK_SHARE:
        return 0
    return 1 + draw_int(seed, shop, product, "units", spell) % MOST_UNITS


def _price_tag(usd: float, item: StockedItem) -> int:
    """Return the amount as shops write it, ending in 9 (in 8 where there are no minor units)."""
    locale = LOCALES[item.shop.locale]
    amount = max(usd, LOWEST_PRICE_USD) * locale.a_usd
    if locale.digits == 0:
        return int(amount / 10) * 10 + 8
    if amount >= 20:
        return int(amount) * 100 + 99
    return int(amount * 10) * 10 + 9

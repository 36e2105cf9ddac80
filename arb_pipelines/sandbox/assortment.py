"""The shops of the sandbox and what they stock.

What belongs here: which shop has which page shape, which one misbehaves, and the dealing of products to shops.
Prices and stock move in `pricing.py`; page shapes are drawn in `pages/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import gcd

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.catalogue_words import PLACE_WORDS, TRADE_WORDS
from arb_pipelines.sandbox.draws import draw, draw_int, pick

MISBEHAVING_EVERY = 33  # 15 of 500 shops
EUROPEAN_EVERY, EUROPEAN_AT = 50, 25  # 10 of 500
JAVASCRIPT_EVERY, JAVASCRIPT_AT = 100, 50  # 5 of 500
SHIPPING_MINOR = (0, 0, 0, 399, 499, 599, 749)
USED_SHARE = 0.13


class PageShape(StrEnum):
    """How a shop states its offer; each has a function in `pages/`."""

    JSON_LD = "json-ld"
    JSON_LD_GRAPH = "json-ld-graph"
    MICRODATA = "microdata"
    OPEN_GRAPH = "open-graph"
    PLAIN = "plain"
    EMBEDDED_STATE = "embedded-state"
    WAS_NOW = "was-now"
    TABLE = "table"
    UNIT_PRICE = "unit-price"
    INSTALMENTS = "instalments"
    RELATED = "related"
    EUROPEAN = "european"
    JAVASCRIPT = "javascript"


COMMON_SHAPES = tuple(shape for shape in PageShape if shape not in (PageShape.EUROPEAN, PageShape.JAVASCRIPT))


class Misbehaviour(StrEnum):
    """How a shop fails, on every path but `/robots.txt`; a visit to it is expected to bring no offer."""

    UNAVAILABLE = "unavailable"  # always 503
    THROTTLED = "throttled"  # always 429 with Retry-After
    ROBOTS_DISALLOW = "robots_disallow"  # robots.txt closes the whole shop
    REFUSED = "connection_refused"  # nothing listens
    HANGS = "hangs"  # accepts and never answers
    EMPTY_SHELL = "empty_shell"  # 200 without any product or link
    CHALLENGE = "challenge"  # a CAPTCHA page
    REDIRECT_LOOP = "redirect_loop"
    HUGE_BODY = "huge_body"  # tens of megabytes
    TRUNCATED = "truncated"  # the connection ends before the announced length


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop. `number` counts from 1."""

    number: int
    key: str
    name: str
    shape: PageShape
    misbehaviour: Misbehaviour | None
    currency: str
    shipping_minor: int


@dataclass(frozen=True, slots=True)
class StockedItem:
    """A product in a shop's range: its wording there, its article number and its condition."""

    shop: Shop
    product: Product
    sku: str
    slug: str
    name: str
    condition: str

    @property
    def path(self) -> str:
        """The address of its page within the shop."""
        return f"/p/{self.slug}"


def build_shops(seed: int, count: int, misbehaving_every: int) -> tuple[Shop, ...]:
    """Return `count` shops; every `misbehaving_every`-th fails in one of the ways, in turn (0: none does)."""
    return tuple(_build_shop(seed, number, misbehaving_every) for number in range(1, count + 1))


def _build_shop(seed: int, number: int, misbehaving_every: int) -> Shop:
    shape = _shape_of(number)
    name = f"{pick(PLACE_WORDS, seed, 'place', number)} {pick(TRADE_WORDS, seed, 'trade', number)} {number}"
    return Shop(
        number=number,
        key=f"shop-{number:03d}",
        name=name,
        shape=shape,
        misbehaviour=_misbehaviour_of(number, misbehaving_every),
        currency="EUR" if shape is PageShape.EUROPEAN else "USD",
        shipping_minor=pick(SHIPPING_MINOR, seed, "shipping", number),
    )


def _shape_of(number: int) -> PageShape:
    if number % JAVASCRIPT_EVERY == JAVASCRIPT_AT:
        return PageShape.JAVASCRIPT
    if number % EUROPEAN_EVERY == EUROPEAN_AT:
        return PageShape.EUROPEAN
    return COMMON_SHAPES[number % len(COMMON_SHAPES)]


def _misbehaviour_of(number: int, every: int) -> Misbehaviour | None:
    if every == 0 or number % every:
        return None
    kinds = tuple(Misbehaviour)
    return kinds[(number // every - 1) % len(kinds)]


def deal_products(seed: int, shops: Sequence[Shop], products: Sequence[Product]) -> dict[str, tuple[StockedItem, ...]]:
    """Return what each shop stocks, by shop key: 2 to 4 products, every product in about as many shops."""
    dealt: dict[str, tuple[StockedItem, ...]] = {}
    position = 0
    for shop in shops:
        wanted = min(2 + draw_int(seed, "range", shop.number) % 3, len(products))
        slots = range(position, position + wanted)
        position += wanted
        chosen = dict.fromkeys(_product_at(seed, slot, products).index for slot in slots)
        dealt[shop.key] = tuple(_stocked(seed, shop, products[index]) for index in chosen)
    return dealt


def _product_at(seed: int, slot: int, products: Sequence[Product]) -> Product:
    """Walk through the products round after round, each round in another order."""
    size = len(products)
    turn, place = divmod(slot, size)
    # A step without a common divisor with `size` visits every product once a round.
    step = 1 + draw_int(seed, "step", turn) % max(size - 1, 1)
    while gcd(step, size) != 1:
        step += 1
    return products[(draw_int(seed, "start", turn) + place * step) % size]


def _stocked(seed: int, shop: Shop, product: Product) -> StockedItem:
    used = draw(seed, "condition", shop.number, product.index) < USED_SHARE
    return StockedItem(
        shop=shop,
        product=product,
        sku=f"S{shop.number:03d}-{product.index:04d}",
        slug=product.slug,
        name=_wording(seed, shop, product),
        condition="Used - Very Good" if used else "New",
    )


def _wording(seed: int, shop: Shop, product: Product) -> str:
    if product.category == "books":
        book_forms = (product.title, product.model, f"{product.model} - {product.feature} - {product.brand}")
        return pick(book_forms, seed, "wording", shop.number, product.index)
    brand, model, noun, feature = product.brand, product.model, product.noun, product.feature
    forms = (
        f"{brand} {model} {noun} {feature}",
        f"{brand} {noun} {model}",
        f"{brand} {noun} {feature} ({model})",
        f"{noun} {brand} {model}, {feature}",
        f"{brand.upper()} {model} {feature} {noun}",
    )
    return pick(forms, seed, "wording", shop.number, product.index)

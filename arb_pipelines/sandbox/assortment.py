"""The shops of the sandbox and what they stock.

What belongs here: which shop has which page shape, which one misbehaves, and the dealing of products to shops.
Prices and stock move in `pricing.py`; page shapes are drawn in `pages/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import gcd, inf

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.catalogue_words import PLACE_WORDS, TRADE_WORDS
from arb_pipelines.sandbox.draws import draw, draw_between, draw_int, pick
from arb_pipelines.sandbox.locales import FOREIGN, LOCALES

MISBEHAVING_EVERY = 33  # 15 of 500 shops
EUROPEAN_EVERY, EUROPEAN_AT = 50, 25  # 10 of 500
HOSTILE_EVERY, HOSTILE_AT = 125, 83  # 4 of 500
HOSTILE_KINDS = ("gzip_bomb", "endless_pagination", "nested_divs", "redirect_to_file")  # of `hostile/attacks.py`
JAVASCRIPT_EVERY, JAVASCRIPT_AT = 100, 50  # 5 of 500
LOCAL_EVERY, LOCAL_AT = 25, 12  # 20 of 500
REDESIGN_SHARE = 0.2
REDESIGN_H = (480.0, 4800.0)  # within the first 200 world days
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
    RDFA = "rdfa"
    NEXT_DATA = "next-data"
    NUXT_STATE = "nuxt-state"
    SHOPIFY_LIKE = "shopify-like"
    WOOCOMMERCE_LIKE = "woocommerce-like"
    MAGENTO_LIKE = "magento-like"
    PRESTASHOP_LIKE = "prestashop-like"
    SEARCH = "search"
    LOCAL_TEXT = "local-text"


RARE_SHAPES = (PageShape.EUROPEAN, PageShape.JAVASCRIPT, PageShape.LOCAL_TEXT)
COMMON_SHAPES = tuple(shape for shape in PageShape if shape not in RARE_SHAPES)
# Where a redesigned shop goes: its own site file knows nothing of these, yet each states the offer for machines.
REDESIGNS = (
    PageShape.JSON_LD,
    PageShape.JSON_LD_GRAPH,
    PageShape.MICRODATA,
    PageShape.RDFA,
    PageShape.NEXT_DATA,
    PageShape.OPEN_GRAPH,
    PageShape.WOOCOMMERCE_LIKE,
)


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
    """One shop. `number` counts from 1; at world hour `redesigned_h` its pages change to `later_shape`."""

    number: int
    key: str
    name: str
    shape: PageShape
    misbehaviour: Misbehaviour | None
    currency: str
    shipping_minor: int
    locale: str = "us"
    town: str = ""
    redesigned_h: float = inf
    later_shape: PageShape | None = None
    hostile: str | None = None  # attacks its visitors in this way instead of selling

    @property
    def failure(self) -> str | None:
        """How the shop fails for good, if it does: its misbehaviour or `hostile_` and its attack."""
        if self.hostile is not None:
            return f"hostile_{self.hostile}"
        return None if self.misbehaviour is None else self.misbehaviour.value

    def shape_at(self, hour: float) -> PageShape:
        """Return the shape of its product pages at a world hour; addresses never change."""
        return self.shape if self.later_shape is None or hour < self.redesigned_h else self.later_shape


PATH_STYLES = {
    PageShape.NEXT_DATA: "/product/{slug}",
    PageShape.NUXT_STATE: "/detail/{slug}",
    PageShape.SHOPIFY_LIKE: "/products/{slug}",
    PageShape.WOOCOMMERCE_LIKE: "/product/{slug}/",
    PageShape.MAGENTO_LIKE: "/{slug}.html",
    PageShape.PRESTASHOP_LIKE: "/{department}/{number}-{slug}.html",
    PageShape.SEARCH: "/item/{number}",
}


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
        style = PATH_STYLES.get(self.shop.shape, "/p/{slug}")
        return style.format(slug=self.slug, number=self.number, department=self.product.department.lower())

    @property
    def number(self) -> int:
        """The shop's own number of the article, for addresses and scripts."""
        return 100_000 + self.shop.number * 1000 + self.product.index


def build_shops(seed: int, count: int, misbehaving_every: int, *, calm: bool = False) -> tuple[Shop, ...]:
    """Return `count` shops; every `misbehaving_every`-th fails in one of the ways, in turn (0: none does).

    With `calm` none needs a browser and none is redesigned.
    """
    return tuple(_build_shop(seed, number, misbehaving_every, calm) for number in range(1, count + 1))


def _build_shop(seed: int, number: int, misbehaving_every: int, calm: bool) -> Shop:
    shape = _shape_of(number, calm)
    town = pick(PLACE_WORDS, seed, "place", number)
    locale = _locale_of(number, shape)
    later = None if calm else _later_shape(seed, number, shape)
    return Shop(
        number=number,
        key=f"shop-{number:03d}",
        name=f"{town} {pick(TRADE_WORDS, seed, 'trade', number)} {number}",
        shape=shape,
        misbehaviour=_misbehaviour_of(number, misbehaving_every),
        currency=LOCALES[locale].currency,
        shipping_minor=pick(SHIPPING_MINOR, seed, "shipping", number),
        locale=locale,
        town=town,
        redesigned_h=inf if later is None else draw_between(*REDESIGN_H, seed, "redesign hour", number),
        later_shape=later,
        hostile=_hostile_of(number, misbehaving_every),
    )


def _shape_of(number: int, calm: bool) -> PageShape:
    if number % JAVASCRIPT_EVERY == JAVASCRIPT_AT and not calm:
        return PageShape.JAVASCRIPT
    if number % EUROPEAN_EVERY == EUROPEAN_AT:
        return PageShape.EUROPEAN
    if number % LOCAL_EVERY == LOCAL_AT:
        return PageShape.LOCAL_TEXT
    return COMMON_SHAPES[number % len(COMMON_SHAPES)]


def _locale_of(number: int, shape: PageShape) -> str:
    if shape is PageShape.EUROPEAN:
        return "de"
    return FOREIGN[number // LOCAL_EVERY % len(FOREIGN)] if shape is PageShape.LOCAL_TEXT else "us"


def _later_shape(seed: int, number: int, shape: PageShape) -> PageShape | None:
    """Return what a shop turns into; foreign and JavaScript shops and marketplaces stay as they are."""
    if shape in RARE_SHAPES or shape is PageShape.SEARCH or draw(seed, "redesign", number) >= REDESIGN_SHARE:
        return None
    return pick([other for other in REDESIGNS if other is not shape], seed, "redesign shape", number)


def _misbehaviour_of(number: int, every: int) -> Misbehaviour | None:
    if every == 0 or number % every:
        return None
    kinds = tuple(Misbehaviour)
    return kinds[(number // every - 1) % len(kinds)]


def _hostile_of(number: int, every: int) -> str | None:
    if every == 0 or number % HOSTILE_EVERY != HOSTILE_AT or number % every == 0:
        return None
    return HOSTILE_KINDS[number // HOSTILE_EVERY % len(HOSTILE_KINDS)]


def deal_products(
    seed: int, shops: Sequence[Shop], products: Sequence[Product], pages_a_shop: int | None = None
) -> dict[str, tuple[StockedItem, ...]]:
    """Return what each shop stocks, by shop key: 2 to 4 products (or `pages_a_shop`), every product in about as many.

    Two slots of one shop may hold the same product where one round of dealing ends: that shop has one less, unless
    `pages_a_shop` asks for an exact number.
    """
    dealt: dict[str, tuple[StockedItem, ...]] = {}
    position = 0
    for shop in shops:
        wanted = min(pages_a_shop or 2 + draw_int(seed, "range", shop.number) % 3, len(products))
        chosen: dict[int, None] = {}
        end = position + wanted
        while position < end or (pages_a_shop is not None and len(chosen) < wanted):
            chosen[_product_at(seed, position, products).index] = None
            position += 1
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

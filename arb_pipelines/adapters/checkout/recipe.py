"""How one shop's checkout is walked: addresses and selectors from a TOML file, no code.

What belongs here: the fields of a recipe and the checks that make a wrong file one plain sentence. A recipe that
lacks a field is not used at all: half a recipe would stop in the middle of an order.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

# What stands on pages that ask whether a person is there. Found: stop, never solve.
CHALLENGES = (
    "iframe[src*='captcha' i]",
    "iframe[src*='challenge' i]",
    "[id*='captcha' i]:not(input[type=hidden])",
    "[class*='captcha' i]:not(input[type=hidden])",
)


class RecipeError(ValueError):
    """A recipe that cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Login:
    """The sign-in page. `signed_in` is shown only to a signed-in customer, on every page of the shop."""

    url: str
    user: str
    password: str
    submit: str
    signed_in: str


@dataclass(frozen=True, slots=True)
class Product:
    """The product page. `sku` is read from `sku_attribute` of its element, or from its text."""

    sku: str
    price: str
    quantity: str
    add: str
    in_stock: str
    out_of_stock: str
    sku_attribute: str = ""
    shipping: str = ""  # with `tax`: the quote is read here; without, at the last page
    tax: str = ""


@dataclass(frozen=True, slots=True)
class Cart:
    """The cart. `empty` is shown only while nothing is in it."""

    url: str
    line: str
    empty: str
    checkout: str
    remove: str
    sku: str
    quantity: str
    sku_attribute: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The last page. `submits_to` is the path that the final button sends the order to."""

    line: str
    sku: str
    quantity: str
    unit_price: str
    shipping: str
    tax: str
    total: str
    submit: str
    submits_to: str
    sku_attribute: str = ""
    reference: str = ""  # a field for the customer's own note, where the shop keeps one


@dataclass(frozen=True, slots=True)
class History:
    """The order history. `placed_at` and `delivered_at` are read from `time_attribute`, or from the text."""

    url: str
    list: str  # shown whenever the history could be read, also when it is empty
    order: str
    order_id: str
    sku: str
    quantity: str
    total: str
    placed_at: str
    time_attribute: str = ""
    time_format: str = ""
    sku_attribute: str = ""
    reference: str = ""
    delivered_at: str = ""
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One shop's checkout. `steps` are clicked one after the other between cart and last page."""

    shop_url: str
    currencies: Mapping[str, str]
    login: Login
    product: Product
    cart: Cart
    review: Review
    history: History
    decimal_mark: str = "."
    steps: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # besides the shop's own, where its pages may load from
    challenges: tuple[str, ...] = CHALLENGES
    masks: tuple[str, ...] = ()  # what no evidence shows: address, card

    def address(self, path: str) -> str:
        """Return the full address of a path of the shop."""
        return urljoin(self.shop_url, path)

    def allows(self, url: str) -> bool:
        """Whether a page or request may go there: the shop's own origin, or https on one of its other hosts."""
        own, other = urlsplit(self.shop_url), urlsplit(url)
        return (own.scheme, own.netloc) == (other.scheme, other.netloc) or (
            other.scheme == "https" and other.hostname in self.hosts
        )


_PARTS: dict[str, type] = {"login": Login, "product": Product, "cart": Cart, "review": Review, "history": History}
_LISTS = ("steps", "hosts", "challenges", "masks")


def load_recipe(path: Path, shop_url: str) -> Recipe:
    """Read a recipe for the shop at `shop_url`.

    Raises:
        RecipeError: the file is missing or not usable; nothing is bought there then.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecipeError(
            f"{path}: cannot be read ({error.strerror}): a site with buyer = 'browser' needs it"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not valid TOML ({error}): correct that line") from error
    try:
        return build_recipe(raw, shop_url)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def build_recipe(raw: Mapping[str, Any], shop_url: str) -> Recipe:
    """Return the recipe of a parsed file.

    Raises:
        RecipeError: a field is missing, unknown or of the wrong kind.
    """
    known = {*_PARTS, *_LISTS, "currencies", "decimal_mark"}
    if unknown := sorted(set(raw) - known):
        raise RecipeError(f"unknown field {unknown[0]!r}: remove it or correct its name")
    currencies = raw.get("currencies")
    if (
        not isinstance(currencies, dict)
        or not currencies
        or not all(isinstance(code, str) for code in currencies.values())
    ):
        raise RecipeError('[currencies] must say what its signs mean, such as "$" = "USD"')
    mark = raw.get("decimal_mark", ".")
    if mark not in (".", ","):
        raise RecipeError('decimal_mark must be "." or ","')
    parts: dict[str, Any] = {name: _part(kind, name, raw.get(name)) for name, kind in _PARTS.items()}
    lists: dict[str, Any] = {name: _texts(name, raw[name]) for name in _LISTS if name in raw}
    if "challenges" in lists:
        lists["challenges"] = (*CHALLENGES, *lists["challenges"])
    recipe = Recipe(shop_url=shop_url, currencies=currencies, decimal_mark=mark, **parts, **lists)
    if recipe.review.submit in (*recipe.steps, recipe.cart.checkout, recipe.product.add):
        raise RecipeError("review.submit must stand on the last page alone, not among the steps before it")
    if not recipe.review.submits_to.startswith("/"):
        raise RecipeError("review.submits_to must be a path such as /checkout/place")
    return recipe


def _part(kind: type, name: str, raw: object) -> Any:
    if not isinstance(raw, dict):
        raise RecipeError(f"the table [{name}] is missing")
    names = {each.name: each for each in fields(kind)}
    for key, value in raw.items():
        if key not in names or not isinstance(value, str):
            raise RecipeError(f"{name}.{key} is not a known field with a text")
    for key, each in names.items():
        if each.default is MISSING and not str(raw.get(key, "")).strip():
            raise RecipeError(f"{name}.{key} is missing")
    return kind(**raw)


def _texts(name: str, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) and each for each in raw):
        raise RecipeError(f"{name} must be a list of texts")
    return tuple(raw)

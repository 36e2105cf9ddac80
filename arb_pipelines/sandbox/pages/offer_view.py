"""What a product page has to say, before any shape puts it into markup.

What belongs here: the record that every shape draws, and how amounts are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape

from arb_pipelines.sandbox.assortment import PageShape, StockedItem
from arb_pipelines.sandbox.catalogue_words import PROSE
from arb_pipelines.sandbox.draws import pick
from arb_pipelines.sandbox.locales import LOCALES, amount_text, decimal_text
from arb_pipelines.sandbox.pricing import ShelfState

FEW_UNITS = 2


@dataclass(frozen=True, slots=True)
class OfferView:
    """One offer as its page shows it; `units` are those left after purchases.

    `now_shape` is the shop's shape after a redesign, `sale_until` the last day of the sale that is on.
    """

    item: StockedItem
    shelf: ShelfState
    units: int
    base_url: str
    now_shape: PageShape | None = None
    sale_until: date | None = None

    @property
    def shape(self) -> PageShape:
        """The shape in which the page is drawn."""
        return self.now_shape or self.item.shop.shape

    @property
    def url(self) -> str:
        """The full address of the page."""
        return self.base_url + self.item.path

    @property
    def image_url(self) -> str:
        """The full address of the product's picture."""
        return f"{self.base_url}/img/{self.item.slug}.svg"

    @property
    def name(self) -> str:
        """The shop's wording, safe for markup."""
        return escape(self.item.name)

    @property
    def in_stock(self) -> bool:
        """Whether at least one unit is left."""
        return self.units > 0

    @property
    def stock_text(self) -> str:
        """Stock as a visitor reads it."""
        if not self.in_stock:
            return "Out of stock"
        return f"Only {self.units} left in stock" if self.units <= FEW_UNITS else "In stock"

    @property
    def schema_availability(self) -> str:
        """Stock in schema.org's words."""
        return "https://schema.org/InStock" if self.in_stock else "https://schema.org/OutOfStock"

    @property
    def schema_condition(self) -> str:
        """Condition in schema.org's words."""
        return f"https://schema.org/{'New' if self.item.condition == 'New' else 'Used'}Condition"

    @property
    def price(self) -> str:
        """The price as a decimal with a dot and without currency."""
        return self.decimal(self.shelf.price_minor)

    @property
    def price_text(self) -> str:
        """The price as a visitor reads it."""
        return self.money(self.shelf.price_minor)

    @property
    def reduced(self) -> bool:
        """Whether the shelf price is below the list price."""
        return self.shelf.list_price_minor > self.shelf.price_minor

    @property
    def list_price(self) -> str | None:
        """The list price as a decimal, None when the item is not reduced."""
        return self.decimal(self.shelf.list_price_minor) if self.reduced else None

    def decimal(self, minor: int) -> str:
        """Return an amount of the shop's currency as a decimal with a dot."""
        return decimal_text(minor, LOCALES[self.item.shop.locale].digits)

    def money(self, minor: int) -> str:
        """Return an amount of the shop's currency as its visitors read it."""
        return amount_text(minor, self.item.shop.locale)

    @property
    def shipping_text(self) -> str:
        """What sending one order costs, as a visitor reads it."""
        minor = self.item.shop.shipping_minor
        return "Free shipping" if minor == 0 else f"Shipping: {self.money(minor)}"

    @property
    def description(self) -> str:
        """A few sentences."""
        chosen = [pick(PROSE, "prose", self.item.sku, n) for n in range(6)]
        return f"{self.name}: " + "; ".join(dict.fromkeys(chosen)) + "."

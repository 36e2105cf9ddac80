"""The last page before an order: what it says, and what of it forbids the order.

What belongs here: the comparison of that page with the purchase that was approved. Reading the page is
`adapters/checkout/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import OrderRefused, Purchase


@dataclass(frozen=True, slots=True)
class LastPage:
    """One order as the shop is about to take it. None means that the page does not say, or not plainly."""

    lines: int
    sku: str | None
    quantity: int | None
    unit_price: Money | None
    shipping: Money | None
    tax: Money | None
    total: Money | None

    @property
    def amounts(self) -> tuple[Money | None, ...]:
        """Every amount of the page."""
        return (self.unit_price, self.shipping, self.tax, self.total)


def refuse_last_page(purchase: Purchase, page: LastPage, price: Money) -> OrderRefused | None:
    """Return why this page must not be submitted, or None.

    Args:
        purchase: what was approved; `reserved` is the most that the whole order may cost.
        page: what the shop is about to take.
        price: the unit price on the product page, read a moment ago.
    """
    if page.lines != 1 or page.sku != purchase.sku:
        return OrderRefused("checkout_item_differs", f"{page.lines} lines, item {page.sku}; approved {purchase.sku}")
    if page.quantity != purchase.quantity:
        return OrderRefused("checkout_quantity_differs", f"{page.quantity} on the page, {purchase.quantity} approved")
    if page.unit_price is None or page.shipping is None or page.tax is None or page.total is None:
        return OrderRefused("checkout_amount_unreadable", f"price, shipping, tax, total: {_told(page)}")
    if {amount.currency for amount in page.amounts if amount} != {purchase.reserved.currency}:
        return OrderRefused("checkout_currency_differs", f"{_told(page)}; approved in {purchase.reserved.currency}")
    if page.unit_price != price:
        return OrderRefused("checkout_price_changed", f"{page.unit_price} a unit, {price} on the product page")
    if page.unit_price * purchase.quantity + page.shipping + page.tax != page.total:
        return OrderRefused("checkout_sum_differs", f"price, shipping and tax do not add up: {_told(page)}")
    if page.total > purchase.reserved:
        return OrderRefused("checkout_over_ceiling", f"{page.total} in all, at most {purchase.reserved} approved")
    return None


def _told(page: LastPage) -> str:
    return ", ".join(str(amount) if amount else "unread" for amount in page.amounts)

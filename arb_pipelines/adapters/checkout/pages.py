"""What the pages of a shop say, read by its recipe: product, cart, last page, order history.

What belongs here: page to value. A field that is missing, hidden or there twice is None; an order history that cannot
be read in full is an error, because an order that is overlooked would be bought again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from arb_pipelines.adapters.checkout.amounts import read_money, read_quantity, read_time
from arb_pipelines.adapters.checkout.recipe import Cart, History, Recipe, Review
from arb_pipelines.adapters.checkout.session import ShopSession, SurpriseError
from arb_pipelines.domain.checkout import LastPage
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import PlacedOrder

MOST_PAGES = 20
Fields = dict[str, str | None]
Group = tuple[str, dict[str, tuple[str, str]]]  # a row's selector ("": the page), and of each field selector, attribute
# A field is told by exactly one element, a visible one unless an attribute is read.
_READ = """groups => groups.map(([rows, fields]) => {
    const visible = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility === 'visible';
    const text = e => /^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) ? e.value : e.innerText;
    const read = (root, [selector, attribute]) => {
        if (!selector) return null;
        const found = [...root.querySelectorAll(selector)].filter(e => attribute || visible(e));
        if (found.length !== 1) return null;
        return ((attribute ? found[0].getAttribute(attribute) : text(found[0])) || '').trim() || null;
    };
    const roots = rows ? [...document.querySelectorAll(rows)] : [document];
    const all = root => Object.entries(fields).map(([name, field]) => [name, read(root, field)]);
    return roots.map(root => Object.fromEntries(all(root)));
})"""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """What the product page says; None where it does not."""

    sku: str | None
    price: Money | None
    in_stock: bool | None
    shipping: Money | None
    tax: Money | None


def read_groups(page: Any, *groups: Group) -> list[list[Fields]]:
    """Return, for each group, its fields below each element that its row selector finds (the page without one).

    All is read in one moment: a page that changes meanwhile is read before or after, never half.
    """
    found: list[list[Fields]] = page.evaluate(_READ, [list(group) for group in groups])
    return found


def read_amount(text: str | None, recipe: Recipe) -> Money | None:
    """Return the one amount a text states."""
    return None if text is None else read_money(text, recipe.currencies, recipe.decimal_mark)


def read_count(text: str | None) -> int | None:
    """Return the one whole number a text states."""
    return None if text is None else read_quantity(text)


def read_product(session: ShopSession) -> ProductPage:
    """Read the product page before us."""
    recipe, product = session.recipe, session.recipe.product
    amounts = {name: (getattr(product, name), "") for name in ("price", "shipping", "tax")}
    [[told]] = read_groups(session.page, ("", amounts | {"sku": (product.sku, product.sku_attribute)}))
    has, has_not = session.shows(product.in_stock), session.shows(product.out_of_stock)
    return ProductPage(
        sku=told["sku"],
        price=read_amount(told["price"], recipe),
        in_stock=has if has != has_not else None,
        shipping=read_amount(told["shipping"], recipe),
        tax=read_amount(told["tax"], recipe),
    )


def read_cart(session: ShopSession) -> list[tuple[str | None, int | None]]:
    """Return item and quantity of each line of the cart before us.

    Raises:
        SurpriseError: `cart_unreadable`: neither lines nor the word that there are none, or both.
    """
    cart = session.recipe.cart
    [lines] = read_groups(session.page, _lines(cart))
    if bool(lines) is session.shows(cart.empty):
        raise SurpriseError("cart_unreadable", "the cart shows neither what is in it nor that it is empty")
    return [(line["sku"], read_count(line["quantity"])) for line in lines]


def read_last_page(session: ShopSession) -> LastPage:
    """Read the page before us as the last one before an order."""
    recipe, review = session.recipe, session.recipe.review
    rows, fields = _lines(review)
    amounts = {name: (getattr(review, name), "") for name in ("shipping", "tax", "total")}
    lines, [page] = read_groups(session.page, (rows, fields | {"unit_price": (review.unit_price, "")}), ("", amounts))
    line = lines[0] if len(lines) == 1 else {}
    return LastPage(
        lines=len(lines),
        sku=line.get("sku"),
        quantity=read_count(line.get("quantity")),
        unit_price=read_amount(line.get("unit_price"), recipe),
        shipping=read_amount(page["shipping"], recipe),
        tax=read_amount(page["tax"], recipe),
        total=read_amount(page["total"], recipe),
    )


def _lines(part: Cart | Review) -> Group:
    return part.line, {"sku": (part.sku, part.sku_attribute), "quantity": (part.quantity, "")}


def read_history(session: ShopSession, since: datetime | None = None) -> list[PlacedOrder]:
    """Return the account's orders since then, all when None, in the shop's order.

    Raises:
        SurpriseError: `history_unreadable`, `session_expired`, or what opening a page raises.
    """
    history = session.recipe.history
    session.open(history.url)
    orders: list[PlacedOrder] = []
    for _ in range(MOST_PAGES):
        session.require_signed_in()
        if not session.shows(history.list):
            raise SurpriseError("history_unreadable", "the page of orders shows no list of orders")
        [rows] = read_groups(session.page, (history.order, _order_fields(history)))
        page_orders = [_read_order(row, session.recipe) for row in rows]
        orders += page_orders
        if not history.next_page or not session.shows(history.next_page) or _is_past(page_orders, since):
            return [order for order in orders if since is None or order.placed_at >= since]
        following = session.page.locator(history.next_page).get_attribute("href")
        session.open(urljoin(session.page.url, following or ""))
    raise SurpriseError("history_unreadable", f"the order history is longer than {MOST_PAGES} pages")


def _is_past(orders: list[PlacedOrder], since: datetime | None) -> bool:
    """Whether a newest-first history has passed `since`; one in another order is read to its end."""
    times = [order.placed_at for order in orders]
    return since is not None and len(times) > 1 and times == sorted(times, reverse=True) and times[-1] < since


def _order_fields(history: History) -> dict[str, tuple[str, str]]:
    fields = {name: (getattr(history, name), "") for name in ("order_id", "quantity", "total", "reference")}
    times = {name: (getattr(history, name), history.time_attribute) for name in ("placed_at", "delivered_at")}
    return fields | times | {"sku": (history.sku, history.sku_attribute)}


def _read_order(row: Fields, recipe: Recipe) -> PlacedOrder:
    order_id, sku = row["order_id"], row["sku"]
    quantity, total = read_count(row["quantity"]), read_amount(row["total"], recipe)
    placed_at, delivered_at = (_moment(row[name], recipe) for name in ("placed_at", "delivered_at"))
    if order_id is None or sku is None or quantity is None or total is None or placed_at is None:
        raise SurpriseError("history_unreadable", f"order {order_id}: a field of it cannot be read")
    return PlacedOrder(order_id, row["reference"], sku, quantity, total, placed_at, delivered_at)


def _moment(text: str | None, recipe: Recipe) -> datetime | None:
    return None if text is None else read_time(text, recipe.history.time_format or None)

"""The pages of the checkout shop as HTML forms.

What belongs here: markup from values. What a page shows is decided in `shop.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

RECIPE = """decimal_mark = "."
[currencies]
"$" = "USD"
"€" = "EUR"
[login]
url = "/login"
user = "input[name=email]"
password = "input[name=password]"
submit = "#sign-in"
signed_in = "#account"
[product]
sku = "#item"
sku_attribute = "data-sku"
price = "#price"
quantity = "input[name=quantity]"
add = "#add"
in_stock = ".in-stock"
out_of_stock = ".sold-out"
[cart]
url = "/cart"
line = ".line"
empty = "#cart-empty"
checkout = "#to-checkout"
remove = "#remove"
sku = ".sku"
quantity = ".quantity"
[review]
line = ".line"
sku = ".sku"
quantity = ".quantity"
unit_price = ".unit-price"
shipping = "#shipping"
tax = "#tax"
total = "#total"
submit = "#place-order"
submits_to = "/checkout/place"
reference = "input[name=note]"
[history]
url = "/orders"
list = "#orders"
order = ".order"
order_id = ".order-id"
reference = ".note"
sku = ".sku"
quantity = ".quantity"
total = ".total"
placed_at = "time"
time_attribute = "datetime"
"""


_SEND = "fetch('/checkout/place', {method: 'POST', body: new URLSearchParams(new FormData(final))})"
_WHEN = "const final = document.querySelector('#final'); final.addEventListener('{}', () => {{ {} }});"
# What the last page does by itself, by the name of its quirk.
SCRIPTS = {
    "sends_twice": _WHEN.format("submit", _SEND),
    "sends_ahead": _WHEN.format("input", _SEND),
    "total_moves": _WHEN.format("input", "document.querySelector('#total').textContent = '$1.00'"),
}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of a cart, a last page or an order."""

    sku: str
    quantity: int
    unit_price: str = ""


def page(title: str, body: str, *, signed_in: bool = False) -> str:
    """Return a page; a signed-in customer sees the account link."""
    account = '<a id="account" href="/orders">Your orders</a>' if signed_in else '<a href="/login">Sign in</a>'
    head = f"<head><title>{escape(title)}</title></head>"
    return f"<!doctype html><html>{head}<body><nav>{account}</nav>{body}</body></html>"


def login_form() -> str:
    """Return the sign-in form."""
    return (
        '<form method="post" action="/login"><input type="email" name="email"><input type="password" name="password">'
        '<button id="sign-in">Sign in</button></form>'
    )


def product(sku: str, name: str, price: str, *, in_stock: bool) -> str:
    """Return a product with its form."""
    stock = '<p class="in-stock">In stock</p>' if in_stock else '<p class="sold-out">Sold out</p>'
    return (
        f'<h1 id="item" data-sku="{escape(sku)}">{escape(name)}</h1><p id="price">{price}</p>{stock}'
        f'<form method="post" action="/cart/add"><input type="hidden" name="sku" value="{escape(sku)}">'
        '<input name="quantity" value="1"><button id="add">Add to cart</button></form>'
    )


def cart(lines: Sequence[ShownLine]) -> str:
    """Return the cart."""
    if not lines:
        return '<p id="cart-empty">Your cart is empty.</p>'
    return (
        _lines(lines)
        + '<form action="/checkout"><button id="to-checkout">Checkout</button></form>'
        + '<form method="post" action="/cart/clear"><button id="remove">Remove</button></form>'
    )


def last_page(lines: Sequence[ShownLine], shipping: str, tax: str, total: str, script: str = "") -> str:
    """Return the last page, with a script of its own."""
    return (
        f'{_lines(lines)}<p>Shipping <span id="shipping">{shipping}</span></p><p>Tax <span id="tax">{tax}</span></p>'
        f'<p>Total <b id="total">{total}</b></p><form id="final" method="post" action="/checkout/place">'
        f'<input name="note"><button id="place-order">Place order</button></form><script>{script}</script>'
    )


def challenge() -> str:
    """Return a page that asks whether a person is there."""
    return '<div id="captcha-box">Tell us that you are a person <input type="checkbox"></div>'


def orders(entries: Sequence[tuple[str, str, ShownLine, str, str]]) -> str:
    """Return the order history of (order id, note, line, total, time)."""
    shown = "".join(
        f'<div class="order"><span class="order-id">{order_id}</span> <span class="note">{escape(note)}</span> '
        f'<span class="sku">{escape(line.sku)}</span> <span class="quantity">{line.quantity}</span> '
        f'<span class="total">{total}</span> <time datetime="{placed_at}">{placed_at}</time></div>'
        for order_id, note, line, total, placed_at in entries
    )
    return f'<section id="orders"><h1>Orders</h1>{shown}</section>'


def _lines(lines: Sequence[ShownLine]) -> str:
    return "".join(
        f'<div class="line"><span class="sku">{escape(line.sku)}</span> <span class="quantity">{line.quantity}</span> '
        f'<span class="unit-price">{line.unit_price}</span></div>'
        for line in lines
    )

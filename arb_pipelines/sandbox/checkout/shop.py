"""A shop that is ordered from by hand: login, product, cart, last page, order history, and what can go wrong there.

What belongs here: its behaviour. It keeps everything in memory, and like real shops it takes the same order twice.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from aiohttp import web

from arb_pipelines.sandbox.checkout import pages
from arb_pipelines.sandbox.checkout.pages import ShownLine

SKU, OTHER_SKU, NAME = "KET-1", "KET-2", "Blue Kettle"
EMAIL, PASSWORD = "buyer@shop.example", "open&sesame<1>"  # of a loopback toy, no secret
PRICE_MINOR, SHIPPING_MINOR, TAX_MINOR = 1250, 300, 100


class Quirk(StrEnum):
    """What the shop does besides selling."""

    PRICE_CHANGED = "price_changed"  # dearer on the last page than on the product page
    TOTAL_ADDED = "total_added"  # a charge that no line names
    ITEM_SWAPPED = "item_swapped"
    QUANTITY_CHANGED = "quantity_changed"
    CURRENCY_CHANGED = "currency_changed"
    SHIPPING_UNSAID = "shipping_unsaid"
    CART_NOT_EMPTY = "cart_not_empty"
    CAPTCHA = "captcha"  # at the last page
    CAPTCHA_AFTER = "captcha_after"  # in place of the order history once an order was taken
    SESSION_EXPIRED = "session_expired"  # once, on the way to the last page
    SESSION_NEVER_LASTS = "session_never_lasts"
    ADDS_MORE = "adds_more"  # puts one more into the cart than was asked for
    TOTAL_MOVES = "total_moves"  # the last page changes its total while it is filled in
    SENDS_AHEAD = "sends_ahead"  # the last page sends the order while it is filled in
    SENDS_TWICE = "sends_twice"  # as a double click would
    SLOW_CONFIRMATION = "slow_confirmation"
    ANSWER_LOST = "answer_lost"  # takes the order, then closes the connection
    ORDER_LOST = "order_lost"  # closes the connection and takes nothing
    ORDER_HIDDEN = "order_hidden"  # takes the order and does not show it
    FAILS = "fails"  # the last page is answered 500
    SOLD_OUT = "sold_out"


@dataclass(slots=True)
class Order:
    """An order that the shop took."""

    order_id: str
    note: str
    line: ShownLine
    total: str
    placed_at: datetime


@dataclass(slots=True)
class CheckoutShop:
    """One shop with one customer; `quirks` may be changed at any time. `slow_s` is how long a slow answer takes."""

    quirks: set[Quirk] = field(default_factory=set)
    slow_s: float = 1.0
    orders: list[Order] = field(default_factory=list)
    cart: dict[str, int] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    final_requests: int = 0

    def application(self) -> web.Application:
        """Return the shop as a web application."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/login", self._login_page),
                web.post("/login", self._sign_in),
                web.get("/p/{sku}", self._product),
                web.post("/cart/add", self._add),
                web.post("/cart/clear", self._clear),
                web.get("/cart", self._cart),
                web.get("/checkout", self._last_page),
                web.post("/checkout/place", self._place),
                web.get("/orders", self._history),
            ]
        )
        return app

    def reset(self, *quirks: Quirk) -> None:
        """Forget everything and behave like this from now on."""
        self.quirks = set(quirks)
        self.orders.clear()
        self.cart = {OTHER_SKU: 1} if Quirk.CART_NOT_EMPTY in self.quirks else {}
        self.sessions.clear()
        self.logins = self.final_requests = 0

    def _knows(self, request: web.Request) -> bool:
        return request.cookies.get("session", "") in self.sessions

    async def _login_page(self, request: web.Request) -> web.Response:
        return _html(pages.page("Sign in", pages.login_form(), signed_in=self._knows(request)))

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("email"), form.get("password")) != (EMAIL, PASSWORD):
            return _html(pages.page("Sign in", "<p>That is not right.</p>" + pages.login_form()))
        session = secrets.token_hex(8)
        self.sessions.add(session)
        self.logins += 1
        answer = _to("/orders")
        answer.set_cookie("session", session)
        return answer

    async def _product(self, request: web.Request) -> web.Response:
        sku, in_stock = request.match_info["sku"], Quirk.SOLD_OUT not in self.quirks
        body = pages.product(sku, NAME, _usd(PRICE_MINOR), in_stock=in_stock)
        return _html(pages.page(NAME, body, signed_in=self._knows(request)))

    async def _add(self, request: web.Request) -> web.Response:
        form = await request.post()
        sku = str(form["sku"])
        self.cart[sku] = self.cart.get(sku, 0) + int(str(form["quantity"]))
        self.cart[sku] += Quirk.ADDS_MORE in self.quirks
        return _to("/cart")

    async def _clear(self, request: web.Request) -> web.Response:
        self.cart.clear()
        return _to("/cart")

    async def _cart(self, request: web.Request) -> web.Response:
        lines = [ShownLine(sku, quantity, _usd(PRICE_MINOR)) for sku, quantity in self.cart.items()]
        return _html(pages.page("Cart", pages.cart(lines), signed_in=self._knows(request)))

    async def _last_page(self, request: web.Request) -> web.Response:
        if Quirk.FAILS in self.quirks:
            return web.Response(status=500, text="broken")
        if Quirk.CAPTCHA in self.quirks:
            return _html(pages.page("One moment", pages.challenge()))
        if self.quirks & {Quirk.SESSION_EXPIRED, Quirk.SESSION_NEVER_LASTS}:
            self.quirks.discard(Quirk.SESSION_EXPIRED)
            self.sessions.clear()
        if not self._knows(request):
            return _to("/login")
        line, shipping, tax, total = self._shown_order()
        script = next((pages.SCRIPTS[quirk] for quirk in sorted(self.quirks) if quirk in pages.SCRIPTS), "")
        body = pages.last_page([line], shipping, tax, total, script)
        return _html(pages.page("Your order", body, signed_in=True))

    def _shown_order(self) -> tuple[ShownLine, str, str, str]:
        sku, quantity = next(iter(self.cart.items()))
        price = PRICE_MINOR + (200 if Quirk.PRICE_CHANGED in self.quirks else 0)
        quantity += Quirk.QUANTITY_CHANGED in self.quirks
        sku = OTHER_SKU if Quirk.ITEM_SWAPPED in self.quirks else sku
        say = _eur if Quirk.CURRENCY_CHANGED in self.quirks else _usd
        total = price * quantity + SHIPPING_MINOR + TAX_MINOR + (50 if Quirk.TOTAL_ADDED in self.quirks else 0)
        shipping = "told later" if Quirk.SHIPPING_UNSAID in self.quirks else say(SHIPPING_MINOR)
        return ShownLine(sku, quantity, say(price)), shipping, say(TAX_MINOR), say(total)

    async def _place(self, request: web.Request) -> web.StreamResponse:
        self.final_requests += 1
        form = await request.post()
        if not self._knows(request):
            return _to("/login")
        if Quirk.ORDER_LOST not in self.quirks:
            line, _, _, total = self._shown_order() if self.cart else (ShownLine(SKU, 1), "", "", _usd(0))
            number = f"C-{len(self.orders) + 1:04d}"
            self.orders.append(Order(number, str(form.get("note", "")), line, total, datetime.now(UTC)))
        if self.quirks & {Quirk.ANSWER_LOST, Quirk.ORDER_LOST} and request.transport is not None:
            request.transport.close()
        if Quirk.SLOW_CONFIRMATION in self.quirks:
            await asyncio.sleep(self.slow_s)
        if Quirk.SENDS_TWICE not in self.quirks:
            self.cart.clear()
        return _html(pages.page("Thank you", "<h1>Thank you</h1>", signed_in=True))

    async def _history(self, request: web.Request) -> web.Response:
        if Quirk.CAPTCHA_AFTER in self.quirks and self.orders:
            return _html(pages.page("One moment", pages.challenge()))
        if not self._knows(request):
            return _to("/login")
        shown = [] if Quirk.ORDER_HIDDEN in self.quirks else reversed(self.orders)
        entries = [(o.order_id, o.note, o.line, o.total, o.placed_at.isoformat()) for o in shown]
        return _html(pages.page("Orders", pages.orders(entries), signed_in=True))


def _usd(minor: int) -> str:
    return f"${minor // 100}.{minor % 100:02d}"


def _eur(minor: int) -> str:
    return f"€{minor // 100}.{minor % 100:02d}"


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})

"""Ordering in a shop's own pages with a browser, by a recipe.

What belongs here: the order of steps of the `Buyer` port. Everything up to the final click can be repeated and costs
nothing, so whatever goes wrong there is a refusal. The final click happens once; from then on only the shop's order
history says what happened, and without it the outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from arb_pipelines.adapters.checkout.evidence import Evidence
from arb_pipelines.adapters.checkout.pages import (
    ProductPage,
    read_cart,
    read_history,
    read_last_page,
    read_product,
)
from arb_pipelines.adapters.checkout.recipe import Recipe
from arb_pipelines.adapters.checkout.session import (
    Account,
    BrowserThread,
    BrowserUnusableError,
    ShopSession,
    SignedOutError,
    SurpriseError,
    Waiting,
)
from arb_pipelines.domain.checkout import refuse_last_page
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import BuyQuote, OrderRefused, OutcomeUnknownError, PlacedOrder, Purchase

PATIENT = Waiting()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to put into the cart."""

    url: str
    sku: str
    quantity: int


class BrowserBuyer:
    """Our account at one shop, used through its pages."""

    def __init__(
        self,
        site: str,
        recipe: Recipe,
        account: Account,
        thread: BrowserThread,
        evidence_dir: Path,
        *,
        user_agent: str,
        waiting: Waiting = PATIENT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Order by `recipe`; what the pages looked like is kept in `evidence_dir`."""
        self._recipe = recipe
        self._account = account
        self._thread = thread
        self._evidence = Evidence(evidence_dir, site, (account.user, account.password), recipe.masks)
        self._user_agent = user_agent
        self._waiting = waiting
        self._now = now
        self._cookies: Any = None

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        """Read what one unit costs now: on the product page, or at the last page of an order that is not sent.

        Raises:
            ConnectionError: the shop's pages cannot be read to their end.
        """
        return self._thread.run(lambda browser: self._fetch(browser, lambda visit: self._quote(visit, url, sku)))

    def fetch_orders(self, since: datetime) -> list[PlacedOrder]:
        """Return the account's orders since then, from its order history.

        Raises:
            ConnectionError: the order history cannot be read in full.
        """
        return self._thread.run(lambda browser: self._fetch(browser, lambda visit: read_history(visit, since)))

    def place(self, purchase: Purchase) -> PlacedOrder | OrderRefused:
        """Order once. A refusal means that the final button was not clicked.

        Raises:
            OutcomeUnknownError: it was, and the order history does not show one new order of it.
        """
        try:
            return self._thread.run(lambda browser: self._place(browser, purchase))
        except BrowserUnusableError as error:
            return OrderRefused("browser_unusable", str(error))

    @contextmanager
    def _visit(self, browser: Any) -> Iterator[ShopSession]:
        stopped = self._evidence.stopped()
        if stopped:
            raise SurpriseError("site_stopped", stopped)
        visit = ShopSession(browser, self._recipe, self._waiting, self._user_agent, self._cookies)
        try:
            yield visit
        finally:
            visit.close()

    def _fetch(self, browser: Any, read: Callable[[ShopSession], Any]) -> Any:
        from playwright.sync_api import Error

        try:
            with self._visit(browser) as visit:
                try:
                    return self._twice(visit, read)
                except SurpriseError as surprise:
                    self._note(visit, "reading", surprise)
                    raise
        except (SurpriseError, Error) as error:
            raise ConnectionError(self._evidence.scrub(_first_line(error))) from None

    def _twice(self, visit: ShopSession, steps: Callable[[ShopSession], Any]) -> Any:
        """Go through `steps`; where the shop has forgotten us, sign in once and go through them again."""
        if self._cookies is None:
            self._sign_in(visit)
        try:
            return steps(visit)
        except SignedOutError:
            self._sign_in(visit)
            return steps(visit)

    def _sign_in(self, visit: ShopSession) -> None:
        visit.sign_in(self._account)
        self._cookies = visit.cookies()

    def _quote(self, visit: ShopSession, url: str, sku: str) -> BuyQuote:
        visit.open(url)
        shown = read_product(visit)
        if shown.sku != sku or not shown.in_stock:
            return BuyQuote(shown.sku or "", None, shown.in_stock)
        if self._recipe.product.shipping and self._recipe.product.tax:
            return BuyQuote(sku, _sum(shown), True)
        self._fill_cart(visit, Wanted(url, sku, 1))
        last = read_last_page(visit)
        visit.open(self._recipe.cart.url)
        visit.press(self._recipe.cart.remove, self._recipe.cart.empty)
        return BuyQuote(last.sku or "", last.total, True)

    def _place(self, browser: Any, purchase: Purchase) -> PlacedOrder | OrderRefused:
        from playwright.sync_api import Error

        try:
            with self._visit(browser) as visit:
                try:
                    known = self._prepare(visit, purchase)
                except SurpriseError as surprise:
                    saved = self._note(visit, purchase.purchase_id, surprise)
                    return OrderRefused(surprise.code, self._evidence.scrub(f"{surprise.detail} ({_seen(saved)})"))
                except Error as error:
                    saved = self._evidence.save(visit.page, purchase.purchase_id, "checkout_failed", self._now())
                    detail = self._evidence.scrub(f"{_first_line(error)} ({_seen(saved)})")
                    return OrderRefused("checkout_failed", detail)
                try:
                    return self._send(visit, purchase, known)
                except (Error, SurpriseError) as error:
                    raise OutcomeUnknownError(self._evidence.scrub(_first_line(error))) from None
        except SurpriseError as surprise:
            return OrderRefused(surprise.code, surprise.detail)

    def _prepare(self, visit: ShopSession, purchase: Purchase) -> frozenset[str]:
        """Go to the last page and find nothing wrong with it; return the orders that the account had before."""
        if purchase.sku is None:
            raise SurpriseError("sku_unknown", "the purchase names no item number, so no page can be compared with it")
        wanted = Wanted(purchase.url, purchase.sku, purchase.quantity)
        known = frozenset(order.shop_order_id for order in self._twice(visit, read_history))
        price = self._twice(visit, lambda again: self._fill_cart(again, wanted))
        last = read_last_page(visit)
        refused = refuse_last_page(purchase, last, price)
        if refused:
            raise SurpriseError(refused.code, refused.detail)
        if self._recipe.review.reference:
            visit.page.locator(self._recipe.review.reference).fill(purchase.purchase_id)
        self._evidence.save(visit.page, purchase.purchase_id, "before_order", self._now())
        visit.page.locator(self._recipe.review.submit).click(trial=True)
        visit.check()
        if read_last_page(visit) != last:
            raise SurpriseError("checkout_moved", "the last page changed while it was being read")
        if visit.gate.held_back:
            raise SurpriseError("checkout_ahead", "a page tried to send the order before the final click")
        return known

    def _fill_cart(self, visit: ShopSession, wanted: Wanted) -> Money:
        """Put what is wanted into the empty cart and go to the last page; return the unit price on the way.

        A cart that this very visit filled before the shop forgot us is gone on with.
        """
        cart, recipe = self._recipe.cart, self._recipe
        exactly = [(wanted.sku, wanted.quantity)]
        held = self._open_cart(visit)
        if held and not (visit.has_filled_cart and held == exactly):
            raise SurpriseError("cart_not_empty", f"{len(held)} lines are in the cart already: empty it yourself")
        price = self._open_product(visit, wanted)
        if not held:
            _set_quantity(visit, recipe.product.quantity, wanted.quantity)
            visit.has_filled_cart = True
            visit.press(recipe.product.add)
        held = self._open_cart(visit)
        if held != exactly:
            raise SurpriseError("cart_differs", f"the cart holds {held}, wanted was {exactly}")
        stages = (cart.checkout, *recipe.steps, recipe.review.submit)
        for stage, following in pairwise(stages):
            visit.press(stage, following)
            visit.require_signed_in()
        return price

    def _open_cart(self, visit: ShopSession) -> list[tuple[str | None, int | None]]:
        visit.open(self._recipe.cart.url)
        visit.require_signed_in()
        return read_cart(visit)

    def _open_product(self, visit: ShopSession, wanted: Wanted) -> Money:
        visit.open(wanted.url)
        shown = read_product(visit)
        if shown.sku != wanted.sku:
            raise SurpriseError("product_differs", f"the page shows item {shown.sku}, wanted was {wanted.sku}")
        if not shown.in_stock or shown.price is None:
            raise SurpriseError("product_unreadable", f"price {shown.price}, in stock: {shown.in_stock}")
        return shown.price

    def _send(self, visit: ShopSession, purchase: Purchase, known: frozenset[str]) -> PlacedOrder:
        """Click, once, and look for the order; nothing but the order itself is a success."""
        visit.send_order(self._waiting.submit_s)
        saved = self._evidence.save(visit.page, purchase.purchase_id, "after_order", self._now())
        why = "the order history does not show it"
        waited_s = 0.0
        while True:
            try:
                visit.begin_page()
                found = [order for order in read_history(visit) if _is_ours(order, purchase, known)]
            except SurpriseError as surprise:
                self._note(visit, purchase.purchase_id, surprise)
                raise OutcomeUnknownError(self._evidence.scrub(f"{surprise} ({_seen(saved)})")) from None
            except Exception as error:  # noqa: BLE001 - whatever the browser says, the order may exist
                why, found = _first_line(error), []
            if len(found) == 1:
                return found[0]
            if found or waited_s >= self._waiting.history_s:
                why = f"{len(found)} new orders fit" if found else why
                raise OutcomeUnknownError(self._evidence.scrub(f"{why} ({_seen(saved)})"))
            visit.page.wait_for_timeout(self._waiting.poll_s * 1000)
            waited_s += self._waiting.poll_s

    def _note(self, visit: ShopSession, name: str, surprise: SurpriseError) -> Path | None:
        """Keep what a surprise looked like; a challenge stops the site until a person has looked."""
        now = self._now()
        if surprise.code == "challenge":
            self._evidence.stop(surprise.code, surprise.detail, now)
        return self._evidence.save(visit.page, name, surprise.code, now)


def _is_ours(order: PlacedOrder, purchase: Purchase, known: frozenset[str]) -> bool:
    """Whether an order of the history is the one just sent: by our reference, else new, of the item and number."""
    if order.shop_order_id in known:
        return False
    if order.reference is not None:
        return order.reference == purchase.purchase_id
    return (order.sku, order.quantity) == (purchase.sku, purchase.quantity)


def _set_quantity(visit: ShopSession, selector: str, quantity: int) -> None:
    """Type or choose the quantity, whichever the field is for."""
    chosen = visit.page.locator(selector)
    if chosen.evaluate("e => e.tagName") == "SELECT":
        chosen.select_option(str(quantity))
    else:
        chosen.fill(str(quantity))


def _sum(shown: ProductPage) -> Money | None:
    if shown.price is None or shown.shipping is None or shown.tax is None:
        return None
    same = {shown.price.currency, shown.shipping.currency, shown.tax.currency}
    return shown.price + shown.shipping + shown.tax if len(same) == 1 else None


def _seen(saved: Path | None) -> str:
    return f"see {saved}" if saved else "no evidence could be saved"


def _first_line(error: Exception) -> str:
    """Return the first line of an error: the rest of Playwright's repeats what was typed."""
    return str(error).partition("\n")[0][:300]

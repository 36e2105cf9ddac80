"""Ordering in a shop's own pages, with a real Chromium against a shop on loopback."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.adapters.checkout.browser import BrowserBuyer
from arb_pipelines.adapters.checkout.recipe import build_recipe
from arb_pipelines.adapters.checkout.session import Account, BrowserThread, Waiting
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import (
    BuyQuote,
    OrderRefused,
    OutcomeUnknownError,
    PlacedOrder,
    Purchase,
    PurchaseState,
)
from arb_pipelines.sandbox.checkout.pages import RECIPE
from arb_pipelines.sandbox.checkout.running import run_checkout_shop
from arb_pipelines.sandbox.checkout.shop import EMAIL, PASSWORD, SKU, CheckoutShop, Quirk
from arb_pipelines.settings import BrowserEngine, find_browser
from arb_pipelines_tests.conftest import skip_or_fail

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
QUICK = Waiting(page_s=20.0, submit_s=20.0, history_s=0.2, poll_s=0.1)
Opener = Callable[..., BrowserBuyer]


@pytest.fixture(scope="module")
def shop() -> CheckoutShop:
    return CheckoutShop()


@pytest.fixture(scope="module")
def shop_url(shop: CheckoutShop) -> Iterator[str]:
    with run_checkout_shop(shop) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserThread]:
    found = find_browser(BrowserEngine.CHROMIUM)
    if found is None:
        skip_or_fail("no chromium on the PATH: apt install chromium")
    thread = BrowserThread(str(found))
    yield thread
    thread.close()


@pytest.fixture
def open_buyer(chromium: BrowserThread, shop_url: str, tmp_path: Path) -> Opener:
    def opened(password: str = PASSWORD, waiting: Waiting = QUICK, without_reference: bool = False) -> BrowserBuyer:
        raw = tomllib.loads(RECIPE)
        if without_reference:
            del raw["history"]["reference"]
            del raw["review"]["reference"]
        return BrowserBuyer(
            "kettles",
            build_recipe(raw, shop_url),
            Account(EMAIL, password),
            chromium,
            tmp_path,
            user_agent="arb_pipelines/0.1 (+x)",
            waiting=waiting,
            now=lambda: NOW,
        )

    return opened


def purchase_of(shop_url: str, ceiling: str = "60.00", quantity: int = 2, sku: str | None = SKU) -> Purchase:
    return Purchase(
        purchase_id="pu-1",
        approval_id="ap-1",
        opportunity_id="op-1",
        offer_key="kettles|KET-1",
        site="kettles",
        url=f"{shop_url}/p/{SKU}",
        sku=sku,
        product_id="p-1",
        condition="new",
        title="Blue Kettle",
        quantity=quantity,
        reserved=Money.of(ceiling, "USD"),
        state=PurchaseState.SUBMITTING,
        claimed_at=NOW,
        changed_at=NOW,
    )


def test_an_order_is_found_in_the_history(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener, tmp_path: Path
) -> None:
    shop.reset()
    buyer = open_buyer()
    placed = buyer.place(purchase_of(shop_url))
    assert isinstance(placed, PlacedOrder), placed
    assert (placed.reference, placed.sku, placed.quantity) == ("pu-1", SKU, 2)
    assert placed.total == Money.of("29.00", "USD")
    assert (len(shop.orders), shop.final_requests, shop.logins) == (1, 1, 1)
    assert buyer.fetch_orders(LONG_AGO) == [placed]
    assert buyer.fetch_orders(datetime.now(UTC) + timedelta(hours=1)) == []
    assert shop.logins == 1
    saved = "".join(path.read_text() for path in tmp_path.rglob("*.html"))
    assert "place-order" in saved
    assert list(tmp_path.rglob("*before_order*.png"))
    assert PASSWORD not in saved
    assert EMAIL not in saved


REFUSED = [
    (Quirk.PRICE_CHANGED, "checkout_price_changed"),
    (Quirk.ITEM_SWAPPED, "checkout_item_differs"),
    (Quirk.QUANTITY_CHANGED, "checkout_quantity_differs"),
    (Quirk.CURRENCY_CHANGED, "checkout_currency_differs"),
    (Quirk.CART_NOT_EMPTY, "cart_not_empty"),
    (Quirk.ADDS_MORE, "cart_differs"),
    (Quirk.TOTAL_MOVES, "checkout_moved"),
    (Quirk.SENDS_AHEAD, "checkout_ahead"),
    (Quirk.SESSION_NEVER_LASTS, "session_expired"),
    (Quirk.SOLD_OUT, "product_unreadable"),
]


@pytest.mark.parametrize(("quirk", "code"), REFUSED, ids=[quirk.value for quirk, _ in REFUSED])
def test_a_surprise_before_the_final_click_is_a_refusal(
    quirk: Quirk, code: str, shop: CheckoutShop, shop_url: str, open_buyer: Opener, tmp_path: Path
) -> None:
    shop.reset(quirk)
    answer = open_buyer().place(purchase_of(shop_url))
    assert isinstance(answer, OrderRefused)
    assert answer.code == code, answer
    assert (shop.final_requests, shop.orders) == (0, [])
    assert [path.suffix for path in sorted(tmp_path.rglob(f"*{code}*"))] == [".html", ".png"]


def test_more_than_the_ceiling_is_refused(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset()
    answer = open_buyer().place(purchase_of(shop_url, ceiling="28.99"))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "checkout_over_ceiling"
    assert shop.final_requests == 0


def test_a_challenge_stops_the_site_until_a_person_looked(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener, tmp_path: Path
) -> None:
    shop.reset(Quirk.CAPTCHA)
    answer = open_buyer().place(purchase_of(shop_url))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "challenge"
    shop.reset()
    answer = open_buyer().place(purchase_of(shop_url))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "site_stopped"
    assert "remove" in answer.detail
    with pytest.raises(ConnectionError, match="site_stopped"):
        open_buyer().fetch_orders(LONG_AGO)
    assert (shop.final_requests, shop.logins) == (0, 0)
    (tmp_path / "kettles" / "STOPPED.json").unlink()
    assert open_buyer().fetch_orders(LONG_AGO) == []


def test_a_session_that_ends_on_the_way_is_renewed_once(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset(Quirk.SESSION_EXPIRED)
    assert isinstance(open_buyer().place(purchase_of(shop_url)), PlacedOrder)
    assert (shop.logins, shop.final_requests, shop.orders[0].line.quantity) == (2, 1, 2)


def test_a_page_that_sends_the_order_twice_orders_once(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset(Quirk.SENDS_TWICE)
    assert isinstance(open_buyer().place(purchase_of(shop_url)), PlacedOrder)
    assert (shop.final_requests, len(shop.orders)) == (1, 1)


def test_a_slow_confirmation_is_waited_for(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset(Quirk.SLOW_CONFIRMATION)
    assert isinstance(open_buyer().place(purchase_of(shop_url)), PlacedOrder)
    assert len(shop.orders) == 1


def click_plainly(browser: Any, shop_url: str) -> None:
    """Order as anyone would with a browser under control: fill in, click."""
    from playwright.sync_api import Error

    visit = browser.new_context().new_page()
    visit.goto(f"{shop_url}/login")
    visit.fill("input[name=email]", EMAIL)
    visit.fill("input[name=password]", PASSWORD)
    visit.click("#sign-in")
    visit.wait_for_selector("#orders")
    visit.goto(f"{shop_url}/p/{SKU}")
    for button, following in (("#add", "#to-checkout"), ("#to-checkout", "#place-order")):
        visit.click(button)
        visit.wait_for_selector(following)
    with suppress(Error):
        visit.click("#place-order")
    with suppress(Error):
        visit.goto(f"{shop_url}/orders")
    visit.context.close()


def test_a_plain_click_orders_twice_when_the_answer_is_lost(
    shop: CheckoutShop, shop_url: str, chromium: BrowserThread
) -> None:
    """The baseline: Chromium repeats a request by itself when a used connection is closed without an answer."""
    shop.reset(Quirk.ANSWER_LOST)
    chromium.run(lambda browser: click_plainly(browser, shop_url))
    assert (shop.final_requests, len(shop.orders)) == (2, 2)


def test_an_answer_lost_after_the_order_is_found_in_the_history(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener
) -> None:
    shop.reset(Quirk.ANSWER_LOST)
    placed = open_buyer(without_reference=True).place(purchase_of(shop_url))
    assert isinstance(placed, PlacedOrder)
    assert (shop.final_requests, len(shop.orders)) == (1, 1)


@pytest.mark.parametrize("quirk", [Quirk.ORDER_LOST, Quirk.ORDER_HIDDEN])
def test_an_order_that_the_history_does_not_show_is_unknown(
    quirk: Quirk, shop: CheckoutShop, shop_url: str, open_buyer: Opener
) -> None:
    shop.reset(quirk)
    with pytest.raises(OutcomeUnknownError, match="does not show it"):
        open_buyer().place(purchase_of(shop_url))
    assert shop.final_requests == 1
    shop.quirks.clear()
    assert len(open_buyer().fetch_orders(LONG_AGO)) == (quirk is Quirk.ORDER_HIDDEN)


def test_a_challenge_after_the_order_is_unknown_and_stops_the_site(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener, tmp_path: Path
) -> None:
    shop.reset(Quirk.CAPTCHA_AFTER)
    with pytest.raises(OutcomeUnknownError, match="challenge"):
        open_buyer().place(purchase_of(shop_url))
    assert shop.final_requests == 1
    assert (tmp_path / "kettles" / "STOPPED.json").exists()


def test_a_page_that_breaks_down_is_refused(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset(Quirk.FAILS)
    answer = open_buyer(waiting=Waiting(page_s=2.0, submit_s=2.0)).place(purchase_of(shop_url))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "checkout_failed"
    assert shop.final_requests == 0


def test_a_wrong_login_is_said_without_showing_it(shop: CheckoutShop, shop_url: str, open_buyer: Opener) -> None:
    shop.reset()
    wrong = "not-the-password"
    answer = open_buyer(password=wrong, waiting=Waiting(page_s=2.0)).place(purchase_of(shop_url))
    assert isinstance(answer, OrderRefused)
    assert answer.code == "login_refused"
    assert wrong not in answer.detail


def test_addresses_of_others_and_items_without_a_number_are_refused(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener
) -> None:
    shop.reset()
    elsewhere = purchase_of("https://other.example")
    nameless, foreign = (open_buyer().place(each) for each in (purchase_of(shop_url, sku=None), elsewhere))
    assert isinstance(nameless, OrderRefused)
    assert isinstance(foreign, OrderRefused)
    assert (nameless.code, foreign.code) == ("sku_unknown", "address_foreign")
    other_item = open_buyer().place(purchase_of(shop_url, sku="KET-9"))
    assert isinstance(other_item, OrderRefused)
    assert other_item.code == "product_differs"


def test_a_quote_is_the_last_page_of_an_order_that_is_not_sent(
    shop: CheckoutShop, shop_url: str, open_buyer: Opener
) -> None:
    shop.reset()
    assert open_buyer().fetch_quote(f"{shop_url}/p/{SKU}", SKU) == BuyQuote(SKU, Money.of("16.50", "USD"), True)
    assert (shop.cart, shop.final_requests, shop.orders) == ({}, 0, [])
    with pytest.raises(ConnectionError, match="page_refused"):
        open_buyer().fetch_quote(f"{shop_url}/none", SKU)
    shop.reset(Quirk.SOLD_OUT)
    assert open_buyer().fetch_quote(f"{shop_url}/p/{SKU}", SKU) == BuyQuote(SKU, None, False)


def test_a_browser_that_does_not_start_orders_nothing(shop: CheckoutShop, shop_url: str, tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="install the extra [browser]")
    shop.reset()
    thread = BrowserThread(str(tmp_path / "none"))
    recipe = build_recipe(tomllib.loads(RECIPE), shop_url)
    buyer = BrowserBuyer("kettles", recipe, Account(EMAIL, PASSWORD), thread, tmp_path, user_agent="x")
    with pytest.raises(ConnectionError, match="cannot be started"):
        buyer.fetch_orders(LONG_AGO)
    refused = buyer.place(purchase_of(shop_url))
    assert isinstance(refused, OrderRefused)
    assert refused.code == "browser_unusable"
    thread.close()

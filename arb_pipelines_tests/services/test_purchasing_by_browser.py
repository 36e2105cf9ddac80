"""From an approval to an order through a real Chromium: claimed, bought once, settled, found again by reconciling."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arb_pipelines.adapters.checkout.browser import BrowserBuyer
from arb_pipelines.adapters.checkout.recipe import build_recipe
from arb_pipelines.adapters.checkout.session import Account, BrowserThread, Waiting
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.sandbox.checkout.pages import RECIPE
from arb_pipelines.sandbox.checkout.running import run_checkout_shop
from arb_pipelines.sandbox.checkout.shop import EMAIL, PASSWORD, SKU, CheckoutShop, Quirk
from arb_pipelines.services.purchasing import PurchaseOutcome, buy_approved
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines.settings import BrowserEngine, find_browser
from arb_pipelines_tests.conftest import skip_or_fail
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd

LIMITS = [SpendLimit("order", usd(2_500), None), SpendLimit("total", usd(2_500), timedelta(days=1))]
QUICK = Waiting(page_s=20.0, submit_s=20.0, history_s=0.2, poll_s=0.1)


class Now:
    """The wall clock: the shop dates its orders by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class OneShop:
    """Buyers of a single shop."""

    def __init__(self, buyer: BrowserBuyer) -> None:
        self._buyer = buyer

    def buyer_for(self, site: str) -> BrowserBuyer | None:
        return self._buyer if site == "kettles" else None


@pytest.fixture(scope="module")
def shop() -> CheckoutShop:
    return CheckoutShop()


@pytest.fixture(scope="module")
def shop_url(shop: CheckoutShop) -> Iterator[str]:
    with run_checkout_shop(shop) as url:
        yield url


@pytest.fixture(scope="module")
def buyers(shop_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneShop]:
    found = find_browser(BrowserEngine.CHROMIUM)
    if found is None:
        skip_or_fail("no chromium on the PATH: apt install chromium")
    thread, evidence = BrowserThread(str(found)), tmp_path_factory.mktemp("evidence")
    recipe, account = build_recipe(tomllib.loads(RECIPE), shop_url), Account(EMAIL, PASSWORD)
    agent = "arb_pipelines/0.1 (+x)"
    yield OneShop(BrowserBuyer("kettles", recipe, account, thread, evidence, user_agent=agent, waiting=QUICK))
    thread.close()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[SqlBooks]:
    opened = open_books(f"sqlite:///{tmp_path}/books.sqlite")
    opened.migrate()
    yield opened
    opened.close()


def approved(books: SqlBooks, shop_url: str, ceiling_minor: int = 2_000) -> Approval:
    """Keep a decision on the shop's kettle, and leave to buy it."""
    now = datetime.now(UTC)
    offer = {"offer_key": f"kettles|{SKU}", "site": "kettles", "url": f"{shop_url}/p/{SKU}", "sku": SKU}
    found = opportunity(1, **offer, observed_at=now, decided_at=now)
    books.opportunities.store([found], [])
    leave = approval(found, now, ceiling=usd(ceiling_minor))
    assert books.approvals.insert(leave)
    return leave


def buy(books: SqlBooks, buyers: OneShop, leave: Approval) -> PurchaseOutcome:
    (outcome,) = buy_approved([leave], books, buyers, LIMITS, Now())
    return outcome


def test_an_approval_becomes_one_order_and_running_again_none(
    books: SqlBooks, buyers: OneShop, shop: CheckoutShop, shop_url: str
) -> None:
    shop.reset()
    leave = approved(books, shop_url)
    outcome = buy(books, buyers, leave)
    assert (outcome.code, outcome.state, outcome.total) == ("bought", PurchaseState.BOUGHT, usd(1_650)), outcome
    again = buy(books, buyers, leave)
    assert (again.code, again.state) == ("approval_used", None)
    (order,) = shop.orders
    (kept,) = books.purchases.load()
    assert (kept.shop_order_id, shop.final_requests) == (order.order_id, 1)
    assert books.ledger.balances()["inventory", "USD"] == 1_650
    assert books.ledger.balances().get(("reserved", "USD"), 0) == 0
    assert books.broken_invariants() == {}


def test_a_hidden_order_is_uncertain_never_sent_again_and_found_later(
    books: SqlBooks, buyers: OneShop, shop: CheckoutShop, shop_url: str
) -> None:
    shop.reset()
    leave = approved(books, shop_url)
    shop.quirks.add(Quirk.ORDER_HIDDEN)
    outcome = buy(books, buyers, leave)
    assert (outcome.code, outcome.state) == ("uncertain", PurchaseState.UNCERTAIN)
    assert buy(books, buyers, leave).code == "approval_used"
    shop.quirks.clear()
    found = reconcile(books, buyers, Now())
    assert found.settled == [outcome.purchase_id]
    (kept,) = books.purchases.load()
    assert (kept.state, kept.total, shop.final_requests) == (PurchaseState.BOUGHT, usd(1_650), 1)
    assert books.broken_invariants() == {}

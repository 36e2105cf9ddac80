"""Numbered cases that every marketplace passes for what its README's table claims; found on disk, named nowhere.

L listing, P prices, W withdrawing, O orders, S shipments, H bad answers, N what is not claimed, T the table itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.contracts.outlet_stand import Stand, Wire, order_of, price_of
from arb_pipelines_tests.contracts.vendor_faults import Fault, NoAnswer, Page, Slow, Status, Truncated, Unreachable
from arb_pipelines_tests.fakes.clock import START

PACKAGE = Path(__file__).parents[2] / "arb_pipelines" / "adapters" / "marketplaces"
MARKETS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
CAPABILITIES = (
    "list",
    "price update",
    "read own prices",
    "withdraw",
    "orders",
    "shipment",
    "sold prices of everybody",
)
LATER = timedelta(days=400)


@dataclass
class Held:
    """A stand that stays open for all cases of its marketplace, and fresh SKUs for each."""

    market: str
    wire: Wire
    stand: Stand
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def sku(self) -> str:
        return f"{self.market.strip('_')}-{next(self._numbers)}"

    def listed(self, quantity: int = 1) -> str:
        """List something new and return its SKU."""
        sku = self.sku()
        self.stand.seller.list_item(self.stand.listing(sku, quantity))
        return sku

    @contextmanager
    def broken_by(self, fault: Fault, only_act: int | None = None) -> Iterator[None]:
        self.wire.break_by(fault, only_act)
        try:
            yield
        finally:
            self.wire.heal()


@cache
def capabilities_of(market: str) -> dict[str, bool]:
    """Return what a marketplace's README claims, by capability."""
    page = PACKAGE / market / "README.md"
    rows = re.findall(r"^\| *([^|]+?) *\|.*\| *([^|]+?) *\|$", page.read_text() if page.exists() else "", re.M)
    return {name: can.startswith("yes") for name, can in rows if can.startswith(("yes", "no"))}


@pytest.fixture(scope="module")
def stands() -> Iterator[Callable[[str], Held]]:
    """Open each marketplace's stand once."""
    opened: dict[str, Held] = {}
    with ExitStack() as stack:

        def open_one(market: str) -> Held:
            if market not in opened:
                wire = Wire()
                contract = import_module(f"arb_pipelines_tests.adapters.marketplaces.{market}.contract")
                opened[market] = Held(market, wire, stack.enter_context(contract.open_stand(wire)))
            return opened[market]

        yield open_one


Case = Callable[[Held], None]
CASES: list[tuple[str, tuple[str, ...], Case]] = []


def case(number: str, *needed: str) -> Callable[[Case], Case]:
    """Number a case; it holds for the marketplaces that claim everything `needed`."""

    def keep(check: Case) -> Case:
        CASES.append((f"{number}_{check.__name__}", needed, check))
        return check

    return keep


@case("L01", "list")
def a_listing_has_an_id_and_is_offered(held: Held) -> None:
    sku = held.sku()
    assert held.stand.seller.list_item(held.stand.listing(sku, 2))
    assert held.stand.offered(sku) == 2


@case("L02", "list")
def the_same_sku_again_is_the_same_listing(held: Held) -> None:
    listing = held.stand.listing(held.sku())
    first, acts = held.stand.seller.list_item(listing), held.wire.acts
    assert held.stand.seller.list_item(replace(listing, quantity=5)) == first
    assert (held.wire.acts, held.stand.offered(listing.sku)) == (acts, 1)


@case("L03", "list")
def what_was_sold_is_not_brought_back(held: Held) -> None:
    listing = held.stand.listing(held.sku(), 3)
    held.stand.seller.list_item(listing)
    held.stand.sell_one(listing.sku)
    left = held.stand.offered(listing.sku)
    with suppress(OutletRefusedError):  # sold out, and the marketplace has ended the listing
        held.stand.seller.list_item(listing)
    assert held.stand.offered(listing.sku) == left < 3


@case("L04", "list")
def an_answer_lost_at_any_act_makes_no_second_listing(held: Held) -> None:
    for act in range(1, 4):
        listing = held.stand.listing(held.sku())
        with suppress(OSError, ValueError), held.broken_by(NoAnswer(done=True), only_act=act):
            held.stand.seller.list_item(listing)
        assert held.stand.seller.list_item(listing) == held.stand.seller.list_item(listing)
        assert held.stand.offered(listing.sku) == 1


@case("L05", "list")
def an_unknown_condition_is_refused_before_any_act(held: Held) -> None:
    listing, acts = replace(held.stand.listing(held.sku()), condition="shiny"), held.wire.acts
    with pytest.raises(OutletRefusedError):
        held.stand.seller.list_item(listing)
    assert held.wire.acts == acts


@case("L06", "list")
def what_sold_out_is_not_put_up_again(held: Held) -> None:
    listing = held.stand.listing(held.sku())
    held.stand.seller.list_item(listing)
    held.stand.sell_one(listing.sku)
    with suppress(OutletRefusedError):
        held.stand.seller.list_item(listing)
    assert held.stand.offered(listing.sku) == 0


@case("P01", "list", "price update", "read own prices")
def a_price_is_set_and_read(held: Held) -> None:
    sku = held.listed(2)
    price = price_of(742, held.stand.listing(sku))
    held.stand.seller.update_price(sku, price)
    assert held.stand.seller.fetch_prices([sku]) == {sku: price}
    assert held.stand.offered(sku) == 2


@case("P02", "price update")
def a_price_of_nothing_is_refused(held: Held) -> None:
    with pytest.raises(OutletRefusedError):
        held.stand.seller.update_price("no-such-sku", price_of(742, held.stand.listing("no-such-sku")))


@case("P03", "read own prices")
def what_is_not_live_has_no_price(held: Held) -> None:
    assert held.stand.seller.fetch_prices(["no-such-sku"]) == {}


@case("W01", "list", "withdraw", "read own prices")
def a_listing_is_ended_and_ending_it_again_is_fine(held: Held) -> None:
    sku = held.listed()
    held.stand.seller.withdraw(sku)
    assert (held.stand.offered(sku), held.stand.seller.fetch_prices([sku])) == (0, {})
    held.stand.seller.withdraw(sku)


@case("O01", "list", "orders")
def a_sale_comes_as_an_order_line(held: Held) -> None:
    sku = held.listed()
    held.stand.sell_one(sku)
    [line] = [line for line in held.stand.seller.fetch_orders(None) if line.sku == sku]
    assert (line.outlet, line.quantity, line.shipped) == (held.stand.seller.outlet, 1, False)
    assert line.item_price.minor > 0
    assert line.ordered_at.tzinfo is not None


@case("O02", "orders")
def orders_of_the_future_are_none(held: Held) -> None:
    assert held.stand.seller.fetch_orders(START + LATER) == []


@case("S01", "list", "orders", "shipment")
def a_shipment_is_told_once_and_telling_it_again_is_fine(held: Held) -> None:
    sku = held.listed()
    held.stand.sell_one(sku)
    [line] = [line for line in held.stand.seller.fetch_orders(None) if line.sku == sku]
    for _ in range(2):
        held.stand.seller.confirm_shipment(order_of(line), "TRACK1", line.ordered_at)
    [line] = [line for line in held.stand.seller.fetch_orders(None) if line.sku == sku]
    assert line.shipped


@case("T01")
def nothing_secret_is_in_its_text(held: Held) -> None:
    assert "canary" not in repr(held.stand.seller) + str(held.stand.seller)


FAULTS: dict[str, Fault] = {
    "H01_a_page_with_200": Page(200),
    "H02_a_truncated_answer": Truncated(200),
    "H03_forbidden": Status(403),
    "H04_a_page_with_503": Page(503),
    "H05_busy": Status(429),
    "H06_slow": Slow(seconds=1e9),
    "H07_no_answer": NoAnswer(),
    "H08_unreachable": Unreachable(),
    "H09_an_empty_answer": Page(200, ""),
}


def calls(held: Held) -> dict[str, Callable[[], Any]]:
    """Return one call for each capability."""
    seller, listing = held.stand.seller, held.stand.listing(held.sku())
    price = price_of(742, listing)
    order = _some_order(held)
    return {
        "list": lambda: seller.list_item(listing),
        "price update": lambda: seller.update_price(listing.sku, price),
        "read own prices": lambda: seller.fetch_prices([listing.sku]),
        "withdraw": lambda: seller.withdraw(listing.sku),
        "orders": lambda: seller.fetch_orders(None),
        "shipment": lambda: seller.confirm_shipment(order, "TRACK2", START),
        "sold prices of everybody": lambda: seller.fetch_sold_prices(START),
    }


def _some_order(held: Held) -> Any:
    from arb_pipelines_tests.reports.test_profit_and_loss import order

    sold = order(1, 0, 5_000, 672, 2_000)
    return replace(sold, outlet=held.stand.seller.outlet, outlet_order_id="no-such-order", line_item_id="1")


def _numbered() -> list[Any]:
    found = []
    for market in MARKETS:
        can = capabilities_of(market)
        for name, needed, check in CASES:
            if all(can.get(each, False) for each in needed):
                found.append(pytest.param(market, check, id=f"{name}-{market}"))
    return found


@pytest.mark.parametrize("market, check", _numbered())
def test_case(market: str, check: Case, stands: Callable[[str], Held]) -> None:
    """What is claimed is done."""
    check(stands(market))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("market", MARKETS)
def test_a_bad_answer_is_never_success(market: str, fault: Fault, stands: Callable[[str], Held]) -> None:
    """To anything that is claimed; and when it is over, everything is as it was."""
    held, can = stands(market), capabilities_of(market)
    for capability, call in calls(held).items():
        if not can[capability]:
            continue
        with held.broken_by(fault), pytest.raises((OSError, ValueError)):
            call()
            pytest.fail(f"{market}: {capability} took a bad answer for success")
    if can["list"]:
        assert held.stand.offered(held.listed()) == 1


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("market", MARKETS)
def test_n01_what_is_not_claimed_is_refused(market: str, capability: str, stands: Callable[[str], Held]) -> None:
    """With its reason: an empty answer would be taken for "nothing sold"."""
    if capabilities_of(market)[capability]:
        return
    held = stands(market)
    with pytest.raises(OutletRefusedError) as caught:
        calls(held)[capability]()
    assert caught.value.code == "not_supported"


@pytest.mark.parametrize("market", MARKETS)
def test_t02_the_table_names_every_capability(market: str) -> None:
    """Each with yes or no."""
    assert set(CAPABILITIES) <= set(capabilities_of(market))

"""Each guard trips just past its bound and never before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.guards import (
    LEAST_SALES,
    MOST_UNITS,
    refuse_quantity,
    refuse_realised_loss,
    refuse_repeated_falls,
    refuse_strange_orders,
)
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.domain.repricing import PriceChange, refuse_move
from arb_pipelines.domain.return_case import ReturnCase, ReturnState
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

MINUTE = timedelta(minutes=1)


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def sale(profit: int, days_ago: float = 1.0, currency: str = "USD") -> Order:
    """Return a sale of 100.00 that brought this profit."""
    at = START - timedelta(days=days_ago)
    money = [Money(minor, currency) for minor in (10_000, 0, 10_000 - profit)]
    return Order("o", "x", "o", "1", "s", "p", 1, money[0], money[1], False, money[2], OrderState.NEW, at)


def listed(repriced_ago: timedelta | None) -> Listing:
    """Return an active listing, repriced so long ago or never."""
    days_ago = START - timedelta(days=2)
    at = days_ago if repriced_ago is None else START - repriced_ago
    names = ("l", "s", "lot", "p", "x", "Thing", "", "new", None, 1)
    return Listing(*names, usd(900), usd(500), usd(2_000), ListingState.ACTIVE, None, days_ago, at)


def test_quantity() -> None:
    """A typed quantity has a cap that no limit of money replaces."""
    assert refuse_quantity(MOST_UNITS) is None
    assert code(refuse_quantity(MOST_UNITS + 1)) == "quantity_cap"


@pytest.mark.parametrize(
    "strange, purchases, expected",
    [(2, 0, None), (3, 0, "strange_orders"), (3, 29, "strange_orders"), (3, 30, None), (9, 89, "strange_orders")],
)
def test_strange_orders(strange: int, purchases: int, expected: str | None) -> None:
    """A few by hand among many purchases are alarms; more are a second program."""
    assert code(refuse_strange_orders(strange, purchases)) == expected


def test_realised_loss() -> None:
    """Ten sales of thirty days that lost together; older ones and other currencies do not count."""
    losing = [sale(-1)] * LEAST_SALES
    assert code(refuse_realised_loss(losing, START)) == "realised_loss"
    assert refuse_realised_loss(losing[1:], START) is None
    assert refuse_realised_loss([*losing, sale(LEAST_SALES)], START) is None
    assert refuse_realised_loss([*losing[1:], sale(-9, days_ago=31)], START) is None
    assert refuse_realised_loss([*losing[1:], sale(-9, currency="EUR")], START) is None


def test_a_refunded_sale_is_a_loss() -> None:
    """What came back to the buyer was not earned; a return that nobody refunded yet changes nothing."""
    earned = [replace(sale(100), order_id=f"o{number}") for number in range(LEAST_SALES)]
    case = ReturnCase("r", "o0", 1, "broken", ReturnState.REQUESTED, usd(9_900), START)
    refunded = replace(case, refund=usd(1_000), fee_back=usd(0), refunded_at=START)
    assert refuse_realised_loss(earned, START, [case, refunded]) is None
    assert code(refuse_realised_loss(earned, START, [replace(refunded, refund=usd(1_001))])) == "realised_loss"
    restocked = replace(case, state=ReturnState.RESTOCKED)
    assert refuse_realised_loss([replace(one, fee=usd(200)) for one in earned], START, [restocked]) is not None


def test_a_move() -> None:
    """Fifteen percent and the rounding, both ways."""
    assert refuse_move(PriceChange("s", usd(1_000), usd(849), "")) is None
    assert code(refuse_move(PriceChange("s", usd(1_000), usd(848), ""))) == "move_too_large"
    assert code(refuse_move(PriceChange("s", usd(1_000), usd(1_152), ""))) == "move_too_large"
    assert code(refuse_move(PriceChange("s", usd(1_000), usd(1), ""))) == "move_too_large"


def test_repeated_falls() -> None:
    """A second fall within the hour, of three listings and a twentieth; a fresh listing has not fallen yet."""
    down, up = PriceChange("s", usd(900), usd(890), ""), PriceChange("s", usd(900), usd(910), "")
    recent = [(listed(59 * MINUTE), down)] * 3
    assert code(refuse_repeated_falls(recent, 59, START)) == "falls_too_fast"
    assert refuse_repeated_falls(recent, 60, START) is None
    assert refuse_repeated_falls(recent[:2], 2, START) is None
    assert refuse_repeated_falls([*recent[:2], (listed(59 * MINUTE), up)], 3, START) is None
    assert refuse_repeated_falls([*recent[:2], (listed(60 * MINUTE), down)], 3, START) is None
    assert refuse_repeated_falls([*recent[:2], (listed(None), down)], 3, START) is None
    just_listed = replace(listed(MINUTE), listed_at=START - MINUTE)
    assert refuse_repeated_falls([(just_listed, down)] * 3, 3, START) is None


def test_falls_are_counted_in_selling_hours() -> None:
    """In a world that runs 60 times faster an hour is a minute."""
    recent = [(listed(2 * MINUTE), PriceChange("s", usd(900), usd(890), ""))] * 3
    assert refuse_repeated_falls(recent, 3, START, days_a_day=60) is None
    assert code(refuse_repeated_falls(recent, 3, START, days_a_day=20)) == "falls_too_fast"

"""Repricing: stored before it is told, repaired after a crash, stopped before it runs wild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.repricing import MarketSignals
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.listing import receive_delivered
from arb_pipelines.services.repricing import Repriced, RepriceRules, reprice
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.dying import Death, Mortal, MortalBooks, WorkerKilled
from arb_pipelines_tests.fakes.outlet import FakeOutlet
from arb_pipelines_tests.services.selling_desk import TERMS, SellingDesk


def listed_desk(lots: int = 1) -> SellingDesk:
    """Return a desk whose lots are listed at 50.00."""
    desk = SellingDesk(lots=lots)
    desk.list_all()
    return desk


def run(desk: SellingDesk, death: Death | None = None) -> Repriced:
    """Reprice, perhaps to the worker's death."""
    end = death or Death(0)
    return reprice(MortalBooks(desk.books, end), Mortal(desk.outlet, end), desk.books.predictions.load(), desk.clock)


def test_a_new_target_moves_books_and_outlet() -> None:
    """The change is logged with its reason."""
    desk = listed_desk()
    desk.predict(middle=5_500)
    done = run(desk)
    assert [(change.old, change.new) for change in done.changed] == [(usd(5_000), usd(5_500))]
    (listing,) = desk.listings()
    assert desk.outlet.prices[listing.sku] == listing.price == usd(5_500)
    assert desk.books.listings.changes[0][3].endswith("target 55.00 USD")


def test_an_abstaining_model_leaves_the_price() -> None:
    """Also when an old middle is still there."""
    desk = listed_desk()
    desk.predict(middle=5_500, abstained="too_few_sales")
    assert run(desk).summary() == {"changed": 0, "suggested": 0, "repaired": 0, "not_done": 0, "stopped": 0}
    desk.books.predictions.rows.clear()
    assert run(desk).changed == []


def test_the_price_never_falls_below_the_floor() -> None:
    """However deep the market falls, over many runs."""
    desk = listed_desk()
    desk.predict(100, 200, 300)
    for _ in range(20):
        run(desk)
    (listing,) = desk.listings()
    assert listing.price == listing.floor == desk.outlet.prices[listing.sku]


def test_too_many_falls_stop_the_run_before_its_first_change() -> None:
    """A wrong model must not lower the whole catalogue."""
    desk = listed_desk(lots=5)
    desk.predict(3_000, 4_000, 5_000)
    done = run(desk)
    assert done.stopped is not None
    assert done.stopped.code == "reprice_breaker"
    assert done.changed == []
    assert {listing.price for listing in desk.listings()} == {usd(5_000)}
    assert "update_price" not in desk.outlet.calls


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_books_and_outlet_agree_in_the_end(after: bool) -> None:
    """A price that was stored but never told is told by the next run."""
    desk = listed_desk(lots=2)
    desk.predict(middle=5_500)
    death = Death(0)
    run(desk, death)
    for at in range(1, death.calls + 1):
        desk = listed_desk(lots=2)
        desk.predict(middle=5_500)
        with pytest.raises(WorkerKilled):
            run(desk, Death(at, after))
        run(desk)
        run(desk)
        assert {desk.outlet.prices[listing.sku] for listing in desk.listings()} == {usd(5_500)}
        assert {listing.price for listing in desk.listings()} == {usd(5_500)}


def test_a_price_changed_by_hand_at_the_outlet_is_put_right() -> None:
    """Our books hold the price with its reason."""
    desk = listed_desk()
    (listing,) = desk.listings()
    desk.outlet.prices[listing.sku] = usd(1)
    assert run(desk).repaired == [listing.sku]
    assert desk.outlet.prices[listing.sku] == usd(5_000)


def test_a_listing_that_vanished_is_never_put_up_again() -> None:
    """Absent usually means sold."""
    desk = listed_desk()
    (listing,) = desk.listings()
    desk.outlet.units[listing.sku] = 0
    assert [left.code for left in run(desk).not_done] == ["absent_at_outlet"]
    assert desk.outlet.calls == ["list_item", "fetch_prices"]


def test_an_unreadable_outlet_stops_the_run() -> None:
    """Nothing is changed blindly."""
    desk = listed_desk()
    desk.predict(middle=5_500)
    desk.outlet.failing = {"fetch_prices"}
    done = run(desk)
    assert done.stopped is not None
    assert done.stopped.code == "outlet_unreadable"
    assert desk.books.listings.changes == []


def test_a_failed_update_is_repaired_by_the_next_run() -> None:
    """The books already hold the new price."""
    desk = listed_desk()
    desk.predict(middle=5_500)
    desk.outlet.failing = {"update_price"}
    assert [left.code for left in run(desk).not_done] == ["outlet_unreadable"]
    desk.outlet.failing = set()
    assert len(run(desk).repaired) == 1


def test_halted_means_no_price_moves() -> None:
    """Neither in the books nor at the outlet."""
    desk = listed_desk()
    desk.predict(middle=5_500)
    desk.books.switches.put(Action.REPRICE, ActionState.HALTED, "stop", "test", desk.clock.now())
    done = run(desk)
    assert done.stopped is not None
    assert done.stopped.code == "halted"
    assert desk.books.listings.changes == []


def test_the_floor_is_checked_once_more_before_the_outlet() -> None:
    """A price below the floor that somehow got into the books is not told to anybody."""
    desk = listed_desk()
    (listing,) = desk.listings()
    desk.books.listings.rows[listing.listing_id] = replace(listing, price=usd(100))
    assert [left.code for left in run(desk).not_done] == ["below_floor"]
    assert desk.outlet.prices[listing.sku] == usd(5_000)


SCHEDULES = load_schedules()


def by_rule(desk: SellingDesk, outlet: FakeOutlet | None = None, **changes: Any) -> Repriced:
    """Reprice under the rules of an outlet."""
    rules = RepriceRules(replace(TERMS, **changes), SCHEDULES, "rule-1")
    return reprice(desk.books, outlet or desk.outlet, desk.books.predictions.load(), desk.clock, rules=rules)


def test_the_first_run_of_a_rule_only_suggests() -> None:
    """The second acts; a run without a change to suggest is not the first."""
    desk = listed_desk()
    assert by_rule(desk).summary()["suggested"] == 0
    desk.predict(middle=5_500)
    first = by_rule(desk)
    assert [(change.old, change.new) for change in first.suggested] == [(usd(5_000), usd(5_500))]
    assert first.changed == []
    assert "update_price" not in desk.outlet.calls
    assert desk.books.suggestions.load("sandbox", "rule-1") == first.suggested
    second = by_rule(desk)
    assert (second.suggested, [change.new for change in second.changed]) == ([], [usd(5_500)])


def test_without_known_fees_the_price_stays() -> None:
    """No fee, no way to know what a price nets."""
    desk = listed_desk()
    desk.predict(middle=5_500)
    done = by_rule(desk, other_category=None)
    assert [left.code for left in done.not_done] == ["fee_unknown"]
    assert (done.changed, done.suggested) == ([], [])


class Telling(FakeOutlet):
    """An outlet that tells what others ask."""

    def fetch_signals(self, skus: Sequence[str]) -> dict[str, MarketSignals]:
        self._call("fetch_signals")
        return {sku: MarketSignals(featured_offer=usd(4_700)) for sku in skus}


def test_what_an_outlet_tells_moves_the_price() -> None:
    """And stands in the reason; what cannot be read stops the run."""
    desk = SellingDesk()
    desk.outlet = Telling()
    desk.deliver(1)
    receive_delivered(desk.books, desk.clock)
    desk.list_all()
    done = run(desk)
    assert [change.new for change in done.changed] == [usd(4_700)]
    assert "featured offer 47.00 USD" in desk.books.listings.changes[0][3]
    desk.outlet.failing = {"fetch_signals"}
    stopped = run(desk).stopped
    assert stopped is not None
    assert stopped.code == "outlet_unreadable"

"""Mistakes in receiving, listing, repricing, importing and shipping, each a small patch with a name.

What belongs here: one mutant a rule of "Selling" in `docs/trade.md`.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import Any

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services import fulfilment, listing, listing_drafts, repricing
from arb_pipelines_tests.fakes import sale_books
from arb_pipelines_tests.simulation.mutation import mutant, put

BOUGHT = PurchaseState.BOUGHT


@mutant
def order_applied_twice(stack: ExitStack) -> None:
    numbers = count()
    put(stack, sale_books.FakeOrders, "id_of", lambda self, order: f"{order.outlet_order_id}-{next(numbers)}")


@mutant
def cross_listing(stack: ExitStack) -> None:
    real = listing._publish

    def publish(one: Any, books: Any, seller: Any, done: Any) -> None:
        real(one, books, seller, done)
        if one.sku in done.listed:
            seller.twin.relist(one)

    put(stack, listing, "_publish", publish)


@mutant
def relist_if_absent(stack: ExitStack) -> None:
    real = repricing._repair

    def repair(active: Any, shown: Any, books: Any, seller: Any, done: Any) -> Any:
        for one in active:
            if one.sku not in shown:
                seller.relist(one)
        return real(active, shown, books, seller, done)

    put(stack, repricing, "_repair", repair)


@mutant
def ignore_list_switch(stack: ExitStack) -> None:
    put(stack, listing, "halted", lambda books, action: None)


@mutant
def switch_read_once_a_run(stack: ExitStack) -> None:
    real, answers = repricing.halted, {}

    def halted(books: Any, action: Any) -> Refusal | None:
        key = id(books)
        if key not in answers:
            answers[key] = (books, real(books, action))
        return answers[key][1]

    put(stack, repricing, "halted", halted)


@mutant
def floor_ignored_in_repricing(stack: ExitStack) -> None:
    real = repricing.decide_price

    def decide(one: Any, target: Any, now: Any, **rest: Any) -> Any:
        return real(replace(one, floor=Money(1, "USD")), target, now, **rest)

    def push(one: Any, price: Any, books: Any, seller: Any, done: Any) -> bool:
        repricing.halted(books, repricing.Action.REPRICE)
        seller.update_price(one.sku, price)
        return True

    put(stack, repricing, "decide_price", decide)
    put(stack, repricing, "_push", push)
    put(stack, sale_books.FakeListings, "_check_bounds", staticmethod(lambda price, one: None))


@mutant
def blank_floor_is_a_cent(stack: ExitStack) -> None:
    put(stack, listing_drafts, "floor_price", lambda *args, **rest: Money(1, "USD"))


@mutant
def floor_without_fees(stack: ExitStack) -> None:
    put(stack, listing_drafts, "floor_price", lambda curve, cost, **rest: Money(cost.minor * 11 // 10, cost.currency))


@mutant
def ship_twice(stack: ExitStack) -> None:
    numbers = count()
    put(stack, fulfilment, "tracking_number_for", lambda order: f"T{next(numbers)}")


@mutant
def stock_before_it_arrives(stack: ExitStack) -> None:
    def receive(books: Any, clock: Any) -> Any:
        for p in books.purchases.load((BOUGHT,)):
            lot = listing.lot_of(p, clock.now())
            if not isinstance(lot, Refusal):
                books.inventory.receive(lot)

    put(stack, listing, "receive_delivered", receive)


@mutant
def received_twice(stack: ExitStack) -> None:
    numbers = count()

    def receive(self: Any, lot: Any) -> bool:
        self.rows[f"{lot.lot_id}-{next(numbers)}"] = lot
        return True

    put(stack, sale_books.FakeInventory, "receive", receive)

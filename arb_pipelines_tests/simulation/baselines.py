"""What everybody writes first, in the same world: each must fail where the real code does not.

What belongs here: the order of steps of three naive buyers. A zero of the simulator is worth as much as these are
caught.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.purchase import OrderRefused, PlacedOrder, Purchase, PurchaseState, claim_of, purchase_id_for
from arb_pipelines_tests.simulation.terms import LIMITS
from arb_pipelines_tests.simulation.world import World


class BuyThenRecord(World):
    """Orders first and keeps the purchase when the answer is there."""

    def _buy(self, books: Any, worker: Any) -> None:
        buyers = self._buyers(worker)
        for leave, intent, buyer in _wanted(self, books, buyers):
            if leave.refuse_at(self.now()) is not None:
                continue
            order = _ask(buyer, intent)
            if isinstance(order, PlacedOrder) and books.purchases.claim(intent, LIMITS, self.now()) is None:
                _step(self, books, intent, PurchaseState.CLAIMED, PurchaseState.SUBMITTING)
                _settle(self, books, intent, order)


class RetryOnTimeout(World):
    """Keeps an intent, and sends the order again when no answer comes."""

    def _buy(self, books: Any, worker: Any) -> None:
        _claim_and(self, books, self._buyers(worker), lambda buyer, intent: _ask(buyer, intent) or _ask(buyer, intent))


class BuyAgainIfNotFound(World):
    """Keeps an intent, looks into the history at once when no answer comes, and orders again if it shows nothing."""

    def _buy(self, books: Any, worker: Any) -> None:
        def look_and_ask_again(buyer: Any, intent: Purchase) -> PlacedOrder | OrderRefused | None:
            answer = _ask(buyer, intent)
            if answer is not None:
                return answer
            try:
                found = buyer.fetch_orders(intent.claimed_at)
            except ConnectionError:
                return None
            mine = [order for order in found if order.sku == intent.sku]
            return mine[0] if mine else _ask(buyer, intent)

        _claim_and(self, books, self._buyers(worker), look_and_ask_again)


BASELINES: dict[str, type[World]] = {
    "buy_then_record": BuyThenRecord,
    "retry_on_timeout": RetryOnTimeout,
    "buy_again_if_not_found": BuyAgainIfNotFound,
}

Ask = Callable[[Any, Purchase], PlacedOrder | OrderRefused | None]


def _claim_and(world: World, books: Any, buyers: Any, ask: Ask) -> None:
    for _, intent, buyer in _wanted(world, books, buyers):
        if books.purchases.claim(intent, LIMITS, world.now()) is not None:
            continue
        _step(world, books, intent, PurchaseState.CLAIMED, PurchaseState.SUBMITTING)
        answer = ask(buyer, intent)
        if isinstance(answer, PlacedOrder):
            _settle(world, books, intent, answer)
        elif isinstance(answer, OrderRefused):
            _step(world, books, intent, PurchaseState.SUBMITTING, PurchaseState.REFUSED)


def _wanted(world: World, books: Any, buyers: Any) -> list[tuple[Approval, Purchase, Any]]:
    usable = books.approvals.load_usable(world.now())
    return [
        (leave, claim_of(leave, purchase_id_for(leave), world.now()), buyers.buyer_for(leave.site)) for leave in usable
    ]


def _ask(buyer: Any, intent: Purchase) -> PlacedOrder | OrderRefused | None:
    try:
        answer: PlacedOrder | OrderRefused = buyer.place(intent)
    except Exception:  # noqa: BLE001 - the baseline takes every failure for "not ordered"
        return None
    return answer


def _step(world: World, books: Any, intent: Purchase, old: PurchaseState, new: PurchaseState) -> None:
    books.purchases.advance(intent.purchase_id, expected=(old,), state=new, now=world.now())


def _settle(world: World, books: Any, intent: Purchase, order: PlacedOrder) -> None:
    books.purchases.advance(
        intent.purchase_id,
        expected=(PurchaseState.SUBMITTING,),
        state=PurchaseState.BOUGHT,
        now=world.now(),
        shop_order_id=order.shop_order_id,
        total=order.total,
    )

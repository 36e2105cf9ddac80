"""Mistakes in claiming, sending, settling and reconciling, each a small patch with a name.

What belongs here: one mutant a rule of "Buying exactly once" in `docs/trade.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from arb_pipelines.domain import purchase as purchase_rules
from arb_pipelines.domain import reconciliation
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.reconciliation import Patience
from arb_pipelines.domain.spend_limit import Action, Refusal
from arb_pipelines.services import purchasing, reconciling
from arb_pipelines_tests.fakes import buying_books
from arb_pipelines_tests.simulation.mutation import mutant, put

CLAIMED, SUBMITTING, BOUGHT = PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.BOUGHT
REFUSED, UNCERTAIN, NOT_PLACED = PurchaseState.REFUSED, PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED
Purchases = buying_books.FakePurchases


@mutant
def no_unique_key(stack: ExitStack) -> None:
    put(stack, Purchases, "_refuse_taken", lambda self, purchase: None)


@mutant
def approval_used_again(stack: ExitStack) -> None:
    numbers = count()
    put(stack, Purchases, "_use_approval", lambda self, purchase, now: None)
    put(stack, Purchases, "_refuse_taken", lambda self, purchase: None)
    # Twelve purchases of one approval need twelve ids, which is what a random id would give.
    real = purchase_rules.claim_of
    put(stack, purchasing, "claim_of", lambda leave, key, now: real(leave, f"{key}-{next(numbers)}", now))
    put(stack, purchasing, "_buy", _buy_under_the_claims_own_id)


def _buy_under_the_claims_own_id(approval: Any, _: str, books: Any, buyer: Any, limits: Any, clock: Any) -> Any:
    purchase = purchasing.claim_of(approval, _, clock.now())
    refusal = books.purchases.claim(purchase, limits, clock.now())
    if refusal:
        return purchasing._refused(approval, refusal)
    books.purchases.advance(purchase.purchase_id, expected=(CLAIMED,), state=SUBMITTING, now=clock.now())
    return purchasing._send(replace(purchase, state=SUBMITTING), books, buyer, clock)


@mutant
def mark_after_send(stack: ExitStack) -> None:
    def buy(approval: Any, key: str, books: Any, buyer: Any, limits: Any, clock: Any) -> Any:
        purchase = purchasing.claim_of(approval, key, clock.now())
        refusal = books.purchases.claim(purchase, limits, clock.now())
        if refusal:
            return purchasing._refused(approval, refusal)
        outcome = buyer.place(purchase)
        books.purchases.advance(key, expected=(CLAIMED,), state=SUBMITTING, now=clock.now())
        return outcome

    put(stack, purchasing, "_buy", buy)


@mutant
def timeout_is_refusal(stack: ExitStack) -> None:
    real = purchasing._record

    def record(purchase: Any, state: Any, *rest: Any) -> Any:
        return real(purchase, REFUSED if state is UNCERTAIN else state, *rest)

    put(stack, purchasing, "_record", record)


class _Insistent:
    """A buyer that sends an order again, at once or after a look that found nothing."""

    def __init__(self, buyer: Any, *, looks: bool) -> None:
        self._buyer, self._looks = buyer, looks

    def place(self, purchase: Any) -> Any:
        try:
            return self._buyer.place(purchase)
        except Exception:  # noqa: BLE001 - the mistake is to take every failure for "not ordered"
            if self._looks:
                found = self._buyer.fetch_orders(purchase.claimed_at - timedelta(hours=1))
                mine = [order for order in found if order.sku == purchase.sku]
                if mine:
                    return mine[0]
            return self._buyer.place(purchase)


def _send_insistently(stack: ExitStack, *, looks: bool) -> None:
    real = purchasing._send

    def send(purchase: Any, books: Any, buyer: Any, clock: Any) -> Any:
        return real(purchase, books, _Insistent(buyer, looks=looks), clock)

    put(stack, purchasing, "_send", send)


@mutant
def retry_on_timeout(stack: ExitStack) -> None:
    _send_insistently(stack, looks=False)


@mutant
def buy_again_if_not_found(stack: ExitStack) -> None:
    _send_insistently(stack, looks=True)


@mutant
def settle_twice(stack: ExitStack) -> None:
    real = Purchases.advance
    put(stack, buying_books.FakeLedger, "post_once", _post_under_a_new_id())

    def advance(self: Any, key: str, *, expected: Any, state: Any, now: Any, **rest: Any) -> bool:
        was = self.rows.get(key)
        if was is not None and was.state is BOUGHT and state is BOUGHT:
            self._settle(replace(was, state=SUBMITTING), state, rest["total"], now)
            return True
        return real(self, key, expected=expected, state=state, now=now, **rest)

    put(stack, Purchases, "advance", advance)


def _post_under_a_new_id() -> Callable[[Any, Any], None]:
    numbers = count()

    def post(self: Any, transaction: Any) -> None:
        self.post(replace(transaction, transaction_id=f"{transaction.transaction_id}#{next(numbers)}"))

    return post


@mutant
def budget_leak(stack: ExitStack) -> None:
    put(stack, buying_books, "post_release", _release_nothing)


def _release_nothing(key: str, reserved: Money, now: Any) -> Any:
    return buying_books.post_adopted(key, Money(0, reserved.currency), now)


@mutant
def reservation_not_counted(stack: ExitStack) -> None:
    def used(self: Any, limit: Any, now: Any) -> int:
        bought = [p for p in self.rows.values() if p.state is BOUGHT and self._counts(p, limit)]
        return sum(p.total.minor for p in bought if self._inside(self.committed[p.purchase_id][1], limit, now))

    put(stack, Purchases, "used", used)


@mutant
def calendar_day_limit(stack: ExitStack) -> None:
    def inside(reserved_at: Any, limit: Any, now: Any) -> bool:
        return limit.window is None or reserved_at.date() == now.date()

    put(stack, Purchases, "_inside", staticmethod(inside))


@mutant
def future_spending_not_counted(stack: ExitStack) -> None:
    def inside(reserved_at: Any, limit: Any, now: Any) -> bool:
        return limit.window is None or now - limit.window < reserved_at <= now

    put(stack, Purchases, "_inside", staticmethod(inside))


@mutant
def short_quiet_period(stack: ExitStack) -> None:
    real = reconciling.reconcile_site
    short = Patience(timedelta(seconds=1), timedelta(seconds=30))

    def reconcile_site(site: str, books: Any, buyer: Any, clock: Any, patience: Any, result: Any) -> None:
        real(site, books, buyer, clock, short, result)

    put(stack, reconciling, "reconcile_site", reconcile_site)


@mutant
def submitting_released(stack: ExitStack) -> None:
    def leftovers(purchases: Sequence[Any], now: Any, patience: Any) -> list[Any]:
        old = [p for p in purchases if p.state in (CLAIMED, SUBMITTING) and now - p.changed_at >= patience.quiet]
        ends = {CLAIMED: PurchaseState.RELEASED, SUBMITTING: NOT_PLACED}
        return [reconciliation.Step(p, ends[p.state], None, "left over") for p in old]

    put(stack, reconciling, "leftover_claims", leftovers)


@mutant
def narrow_history(stack: ExitStack) -> None:
    put(stack, reconciling, "HISTORY_OVERLAP", timedelta(0))
    put(stack, reconciliation, "HISTORY_OVERLAP", timedelta(0))


@mutant
def blind_state_write(stack: ExitStack) -> None:
    real = Purchases.advance

    def advance(self: Any, key: str, *, expected: Any, state: Any, **rest: Any) -> bool:
        was = self.rows.get(key)
        if was is not None and state is UNCERTAIN:
            self.rows[key] = replace(was, state=state)
            return True
        return real(self, key, expected=expected, state=state, **rest)

    put(stack, Purchases, "advance", advance)


@mutant
def check_then_act(stack: ExitStack) -> None:
    put(stack, Purchases, "_refuse_limits", lambda self, purchase, limits, now: None)
    real = purchasing._buy

    def buy(approval: Any, key: str, books: Any, buyer: Any, limits: Any, clock: Any) -> Any:
        wanted = purchasing.claim_of(approval, key, clock.now())
        store = books.purchases._parts[0]
        refusal = _REAL_LIMITS(store, wanted, limits, clock.now())
        # The sum is read in one step, the purchase inserted in a later one.
        books.purchases.load()
        books.switches.state_of(Action.BUY)
        return purchasing._refused(approval, refusal) if refusal else real(approval, key, books, buyer, limits, clock)

    put(stack, purchasing, "_buy", buy)


_REAL_LIMITS = Purchases._refuse_limits


@mutant
def ignore_buy_switch(stack: ExitStack) -> None:
    put(stack, Purchases, "_refuse_switch", lambda self: None)


@mutant
def ignore_approval_expiry(stack: ExitStack) -> None:
    put(stack, Approval, "refuse_at", lambda self, now: Refusal("approval_used", "") if self.used_at else None)


@mutant
def reserve_expected_price(stack: ExitStack) -> None:
    real = purchase_rules.claim_of

    def claim(leave: Any, key: str, now: Any) -> Any:
        whole = real(leave, key, now)
        return replace(whole, reserved=Money(whole.reserved.minor * 95 // 100, whole.reserved.currency))

    put(stack, purchasing, "claim_of", claim)


@mutant
def orphan_order_ignored(stack: ExitStack) -> None:
    real = reconciling.pair_orders

    def pair(site: str, purchases: Any, orders: Any) -> Any:
        paired, alarms = real(site, purchases, orders)
        return paired, [alarm for alarm in alarms if alarm.code != "orphan_order"]

    put(stack, reconciling, "pair_orders", pair)


@mutant
def history_outage_ignored(stack: ExitStack) -> None:
    real = purchasing.refuse_unreconciled

    def refuse(*args: Any) -> Refusal | None:
        refusal = real(*args)
        return None if refusal and refusal.code == "reconcile_impossible" else refusal

    put(stack, purchasing, "refuse_unreconciled", refuse)


@mutant
def no_second_look_at_the_price(stack: ExitStack) -> None:
    put(stack, purchasing, "_refuse_now", lambda approval, buyer: None)


@mutant
def uncertain_never_looked_at_again(stack: ExitStack) -> None:
    put(stack, reconciliation, "ADOPTABLE", (SUBMITTING,))

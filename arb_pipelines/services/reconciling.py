"""Keeping purchases and the shops' order histories equal: read each history, apply what it says, report the rest.

What belongs here: the order of steps over the ports. What a history means for a purchase is decided in
`domain/reconciliation.py`. Running it again changes nothing: every step is compare-and-set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from arb_pipelines.domain.ports import Buyers, Clock, OrderHistory
from arb_pipelines.domain.purchase import OPEN_STATES, PlacedOrder, Purchase, PurchaseState
from arb_pipelines.domain.reconciliation import (
    ADOPTABLE,
    HISTORY_OVERLAP,
    Alarm,
    Patience,
    Step,
    decide_steps,
    leftover_claims,
    pair_orders,
)
from arb_pipelines.domain.stores import Books

QUIET_S = 120
# Half an hour more than a day: a clock that jumps a day ahead must not end the wait for an order still in flight.
HORIZON_S = 88_200


@dataclass(slots=True)
class Reconciliation:
    """What reconciling changed (purchase ids by new state) and what it could not settle."""

    settled: list[str] = field(default_factory=list)
    not_placed: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    unreadable_sites: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    def summary(self) -> dict[str, int]:
        """Return the length of each list, for a log line or run metadata."""
        return {name: len(getattr(self, name)) for name in self.__slots__}


def reconcile(
    books: Books,
    buyers: Buyers,
    clock: Clock,
    *,
    quiet_s: float = QUIET_S,
    horizon_s: float = HORIZON_S,
    sites: Sequence[str] = (),
) -> Reconciliation:
    """Reconcile every shop with a purchase that may still change, and the shops named in `sites`.

    Args:
        books: our books.
        buyers: finds the buyer of a site.
        clock: the time.
        quiet_s: how long an act may still be under way, in seconds.
        horizon_s: how long an uncertain purchase waits for its order before it counts as not placed.
        sites: further shops whose history is compared (an order there without an intent is an alarm).
    """
    patience = Patience(timedelta(seconds=quiet_s), timedelta(seconds=horizon_s))
    now = clock.now()
    live = {p.site for p in books.purchases.load() if _is_live(p, now, patience)}
    result = Reconciliation()
    for site in sorted(live.union(sites)):
        buyer = buyers.buyer_for(site)
        if buyer is None:
            detail = "purchases are open at a site that has no buyer"
            result.alarms += [Alarm("no_buyer", site, detail)] if site in live else []
            continue
        try:
            reconcile_site(site, books, buyer, clock, patience, result)
        except (OSError, ValueError) as error:
            result.unreadable_sites.append(site)
            result.alarms += _overdue(site, books, now, patience, str(error))
    return result


def reconcile_site(
    site: str, books: Books, buyer: OrderHistory, clock: Clock, patience: Patience, result: Reconciliation
) -> None:
    """Reconcile one shop into `result`.

    Raises:
        OSError: the order history cannot be read (a ConnectionError by the port's contract).
        ValueError: the order history cannot be understood.
    """
    now = clock.now()
    purchases = [p for p in books.purchases.load() if p.site == site]
    _apply(leftover_claims(purchases, now, patience), books, now, result)
    live = [p.claimed_at for p in purchases if _is_live(p, now, patience)]
    orders = buyer.fetch_orders(min([*live, now - patience.horizon]) - HISTORY_OVERLAP)
    # Read after the history: a purchase that another worker made meanwhile must not look like an orphan.
    purchases = [p for p in books.purchases.load() if p.site == site]
    paired, unpaired = pair_orders(site, purchases, orders)
    steps, alarms = decide_steps(purchases, paired, now, patience)
    result.alarms += [*unpaired, *alarms]
    _apply(steps, books, now, result)
    _mark_delivered(purchases, paired, books, result)


def _is_live(purchase: Purchase, now: datetime, patience: Patience) -> bool:
    in_transit = purchase.state is PurchaseState.BOUGHT and purchase.delivered_at is None
    late = now - purchase.changed_at <= patience.horizon
    return purchase.state in OPEN_STATES or in_transit or late


def _apply(steps: Sequence[Step], books: Books, now: datetime, result: Reconciliation) -> None:
    lists = {
        PurchaseState.BOUGHT: result.settled,
        PurchaseState.NOT_PLACED: result.not_placed,
        PurchaseState.UNCERTAIN: result.uncertain,
        PurchaseState.RELEASED: result.released,
    }
    for step in steps:
        changed = books.purchases.advance(
            step.purchase.purchase_id,
            expected=(step.purchase.state,),
            state=step.state,
            now=now,
            shop_order_id=step.order.shop_order_id if step.order else None,
            total=step.order.total if step.order else None,
            reason=step.reason,
        )
        if changed:
            lists[step.state].append(step.purchase.purchase_id)


def _mark_delivered(
    purchases: Sequence[Purchase], paired: dict[str, PlacedOrder], books: Books, result: Reconciliation
) -> None:
    for purchase in purchases:
        order = paired.get(purchase.purchase_id)
        if order is None or order.delivered_at is None or purchase.delivered_at is not None:
            continue
        bought = purchase.state is PurchaseState.BOUGHT or purchase.state in ADOPTABLE
        if bought and books.purchases.mark_delivered(purchase.purchase_id, order.delivered_at):
            result.delivered.append(purchase.purchase_id)


def _overdue(site: str, books: Books, now: datetime, patience: Patience, error: str) -> list[Alarm]:
    open_states = (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
    return [
        Alarm("uncertain_overdue", site, f"the order history cannot be read: {error}", p.purchase_id)
        for p in books.purchases.load(open_states)
        if p.site == site and now - p.waiting_since() >= patience.horizon
    ]

"""The invariants I1 to I10 over the books and over the truth of shops and outlets, asked after every write.

What belongs here: what may never be so, with code of its own (limits are added up here again, from the moment of
each claim). The names begin with the number of the invariant in `docs/trade.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arb_pipelines.domain.fees import FeeSchedules
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.purchase import OPEN_STATES, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, SpendLimit, limits_for
from arb_pipelines_tests.fakes.book_invariants import OPEN_LISTINGS, broken_money, broken_rules
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.simulation.outlets import SimOutlet
from arb_pipelines_tests.simulation.scheduling import Worker
from arb_pipelines_tests.simulation.shops import Landed, SimShop

if TYPE_CHECKING:
    from arb_pipelines.services.reconciling import Reconciliation

GIVEN_UP = frozenset({PurchaseState.RELEASED, PurchaseState.REFUSED, PurchaseState.NOT_PLACED})
STUCK_AFTER = timedelta(hours=25)
LEAST_ROI = Decimal("0.10")


@dataclass(slots=True)
class _Budget:
    """A limit as its last claim saw it."""

    limit: int
    begins_at: datetime | None
    used: int = 0


class Judge:
    """Looks at one world and keeps what was wrong."""

    def __init__(
        self,
        books: InMemoryBooks,
        shops: Mapping[str, SimShop],
        outlets: Sequence[SimOutlet],
        limits: Sequence[SpendLimit],
        terms: OutletTerms,
        schedules: FeeSchedules,
    ) -> None:
        self.books, self.shops, self.outlets, self.limits = books, shops, outlets, limits
        self.violations = Counter[str]()
        self.alarmed: set[str] = set()
        self.checks = 0
        self._terms, self._schedules = terms, schedules
        self._reserved_at: dict[str, datetime] = {}
        self._budgets: dict[str, dict[timedelta | None, _Budget]] = {}
        self._floors: dict[str, bool] = {}

    def note(self, name: str, count: int = 1) -> None:
        """Keep a violation."""
        if count:
            self.violations[name] += count

    def judge_claim(self, purchase: Purchase, now: datetime) -> None:
        """Look at a claim in the moment it was granted."""
        if self.books.switches.state_of(Action.BUY) is not ActionState.ACTIVE:
            self.note("I10_claimed_while_halted")
        self._reserved_at[purchase.purchase_id] = now
        for limit in limits_for(purchase.site, purchase.product_id, self.limits):
            begins_at = None if limit.window is None else now - limit.window
            budget = _Budget(limit.limit.minor, begins_at)
            self._budgets.setdefault(limit.scope, {})[limit.window] = budget

    def judge_order_sent(self, worker: Worker, purchase: Purchase) -> None:
        """Look at an order in the moment it is sent."""
        if not worker.seen.get(f"history:{purchase.site}"):
            self.note("I8_sent_without_a_readable_history")
        kept = self.books.purchases.rows.get(purchase.purchase_id)
        if kept is None or kept.state is PurchaseState.CLAIMED:
            self.note("I1_sent_before_it_was_committed")

    def judge_outlet_act(self, worker: Worker, action: Action) -> None:
        """Look at an act on an outlet: the switch was read for it and was not halted."""
        state = worker.seen.pop(action, None)
        if state is None or state is ActionState.HALTED:
            self.note("I10_acted_without_reading_the_switch")

    def judge_reconciled(self, found: Reconciliation, began_at: datetime) -> None:
        """After a reconciliation nothing it could read is stuck, and what it could not explain is an alarm."""
        self.alarmed |= {alarm.shop_order_id for alarm in found.alarms if alarm.shop_order_id}
        for p in self.books.purchases.rows.values():
            unsettled = p.state in (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
            if p.site not in found.unreadable_sites and unsettled and p.changed_at < began_at - STUCK_AFTER:
                self.note("I7_stuck_after_reconciling")

    def judge_write(self, step: str, args: Sequence[Any]) -> None:
        """Look at what one write can have broken; everything is looked at when the workers of a cycle are done."""
        self.checks += 1
        if step in ("purchases.claim", "purchases.advance"):
            key = args[0].purchase_id if step == "purchases.claim" else args[0]
            touched = self.books.purchases.rows.get(key)
            if touched is not None:
                self._judge_purchase(touched)
                self._judge_limits()
        else:
            self._judge_stock()
        for name, count in broken_money(self.books).items():
            self.note(name, count)

    def judge_books(self) -> None:
        """Look at everything in the books, and at the shops and outlets beside them."""
        self.checks += 1
        for name, count in broken_rules(self.books, None).items():
            self.note(name, count)
        for p in self.books.purchases.rows.values():
            self._judge_purchase(p)
        self._judge_limits()
        self._judge_stock()

    def _judge_purchase(self, p: Purchase) -> None:
        orders = self.shops[p.site].orders_of(p.purchase_id)
        self.note("I1_double_order", max(len(orders) - 1, 0))
        if p.state in GIVEN_UP and orders:
            self.note("I8_given_up_but_ordered")
        if p.state is PurchaseState.BOUGHT:
            self._judge_bought(p, orders)

    def _judge_bought(self, p: Purchase, orders: Sequence[Landed]) -> None:
        true = {(one.order.shop_order_id, one.order.total) for one in orders}
        if (p.shop_order_id, p.total) not in true:
            self.note("I8_bought_but_not_ordered")
        if p.total is not None and p.total > p.reserved:
            self.note("I2_paid_more_than_reserved")

    def _judge_limits(self) -> None:
        """Add up each limit as its last claim saw it: no later purchase can be in that window."""
        for p in self.books.purchases.rows.values():
            minor = self._counted(p)
            if minor:
                reserved_at = self._reserved_at.get(p.purchase_id, p.claimed_at)
                for scope in ("total", f"site:{p.site}", f"product:{p.product_id}"):
                    for budget in self._budgets.get(scope, {}).values():
                        if budget.begins_at is None or reserved_at > budget.begins_at:
                            budget.used += minor
        for budgets in self._budgets.values():
            for budget in budgets.values():
                self.note("I2_limit_passed", budget.used > budget.limit)
                budget.used = 0

    @staticmethod
    def _counted(p: Purchase) -> int:
        if p.state in OPEN_STATES:
            return p.reserved.minor
        return p.total.minor if p.state is PurchaseState.BOUGHT and p.total else 0

    def _judge_stock(self) -> None:
        received = Counter[str]()
        for lot in self.books.inventory.rows.values():
            received[lot.sku] += lot.received
            bought = self.books.purchases.rows[lot.purchase_id]
            if bought.delivered_at is None or bought.quantity != lot.received:
                self.note("I5_stock_that_did_not_arrive")
        for sku, units in received.items():
            offered = sum(outlet.units.get(sku, 0) + outlet.sold[sku] for outlet in self.outlets)
            if offered > units:
                self.note("I5_offered_more_than_owned")
        orders = Counter(f"{one.outlet_order_id}/{one.line_item_id}" for one in self.books.orders.rows.values())
        self.note("I6_order_applied_twice", sum(count - 1 for count in orders.values()))
        for listing in self.books.listings.rows.values():
            self._judge_listing(listing)
        for outlet in self.outlets:
            self.note("I6_two_parcels", sum(len(numbers) - 1 for numbers in outlet.parcels.values()))

    def _judge_listing(self, listing: Listing) -> None:
        if listing.listing_id not in self._floors:
            self._floors[listing.listing_id] = self._covers(listing)
        if not self._floors[listing.listing_id]:
            self.note("I9_floor_below_cost_and_fees")
        if listing.state in OPEN_LISTINGS:
            shown = [o.prices[listing.sku] for o in self.outlets if o.units.get(listing.sku, 0) > 0]
            self.note("I9_shown_below_the_floor", sum(price < listing.floor for price in shown))

    def _covers(self, listing: Listing) -> bool:
        lot = self.books.inventory.rows.get(listing.lot_id)
        curve = self._terms.curve(self._schedules, listing.category, listing.listed_at.date())
        return lot is not None and curve.net(listing.floor.minor) >= lot.unit_cost.minor * (1 + LEAST_ROI)

    def judge_end(self) -> None:
        """Look at what must be true when everything has come to rest."""
        self.judge_books()
        rows = self.books.purchases.rows
        self.note("I7_open_for_ever", sum(p.state in OPEN_STATES for p in rows.values()))
        for shop in self.shops.values():
            for landed in shop.landed:
                self._judge_landed(landed)
        balances = self.books.ledger.balances()
        paid = sum(shop.spent_minor() for shop in self.shops.values())
        if -balances.get(("cash", "USD"), 0) != paid:
            self.note("I3_cash_differs_from_the_shops")
        lots = {lot.purchase_id for lot in self.books.inventory.rows.values()}
        bought = {p.purchase_id for p in rows.values() if p.state is PurchaseState.BOUGHT}
        self.note("I5_bought_but_never_received", len(bought - lots))
        self._judge_sales_end()

    def _judge_landed(self, landed: Landed) -> None:
        if landed.purchase_id is None:
            self.note("I8_foreign_order_unnoticed", landed.order.shop_order_id not in self.alarmed)
            return
        p = self.books.purchases.rows.get(landed.purchase_id)
        if p is None or p.state is not PurchaseState.BOUGHT or p.shop_order_id != landed.order.shop_order_id:
            self.note("I8_order_not_in_the_books")

    def _judge_sales_end(self) -> None:
        known: dict[tuple[str, str], Any] = {(o.outlet, o.outlet_order_id): o for o in self.books.orders.rows.values()}
        for outlet in self.outlets:
            for _, order in outlet.orders:
                kept = known.get((order.outlet, order.outlet_order_id))
                self.note("I6_sale_not_in_the_books", kept is None)
                self.note("I6_not_shipped_once", len(outlet.parcels.get(order.outlet_order_id, ())) != 1)

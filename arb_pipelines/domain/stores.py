"""The stores of the trade, from opportunity to ledger, and `Books`, which is all of them over one database.

What belongs here: typing protocols only; `adapters/sql` fulfils them. What the market shows is kept by the stores
of `domain/market_stores.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.access_stores import Access, AuditLog, Denials, WebhookEvents
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.eligibility import Eligibility
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.ledger import LedgerTransaction
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.locks import RiskLock, SaleResult
from arb_pipelines.domain.market_stores import (
    Predictions,
    PriceHistory,
    Products,
    SoldPrices,
    Visits,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.order import Order, OrderState, OutletOrder
from arb_pipelines.domain.pages import Pages
from arb_pipelines.domain.people_stores import Alerts, ApiBudgets, Negotiations, Outbox
from arb_pipelines.domain.purchase import Purchase, PurchaseState
from arb_pipelines.domain.sale_stores import PriceSuggestions, ProductSheets, Returns, Settlements
from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal, SpendLimit
from arb_pipelines.domain.trade_views import TradeViews


class Opportunities(Protocol):
    """Decisions taken on offers."""

    def load_offers(self, since: datetime) -> list[Offer]:
        """Return the latest reading of each offer seen since then, with its certain match."""

    def store(self, found: Sequence[Opportunity], refused: Sequence[RefusedOffer]) -> int:
        """Keep the decisions (an opportunity_id once); return how many opportunities were new."""

    def load_open(self, now: datetime) -> list[Opportunity]:
        """Return opportunities that have no approval yet and whose offer has no purchase, newest decision each.

        An offer that was refused since is not open.
        """

    def find_refusal(self, offer_key: str) -> RefusedOffer | None:
        """Return why an offer was refused after it was last found worth buying; None where it was not."""

    def load_one(self, opportunity_id: str) -> Opportunity | None:
        """Return one opportunity."""


class Approvals(Protocol):
    """Leave to spend."""

    def insert(self, approval: Approval, *, most_open: int | None = None) -> bool:
        """Keep an approval; False if the opportunity already has one, or `most_open` wait to be used already."""

    def sign(self, approval: Approval, now: datetime) -> Refusal | None:
        """Keep the first of two people's signatures, or with the second the approval (then None).

        Else `one_more_person`, `same_person`, `terms_differ` or `already_approved`. Compare-and-set.
        """

    def load_usable(self, now: datetime) -> list[Approval]:
        """Return unused approvals that have not expired, oldest first."""

    def count_open(self, now: datetime) -> int:
        """Return how many usable approvals there are."""


class Purchases(Protocol):
    """Purchases and the money reserved for them; each method is one transaction."""

    def claim(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        """Insert the intent, reserve its ceiling, use its approval and post the ledger line, all or nothing.

        Reads the kill switch, the approval and every limit inside the transaction. At most one open or bought
        purchase exists for an offer. Returns why it was refused, or None when claimed.
        """

    def advance(
        self,
        purchase_id: str,
        *,
        expected: Sequence[PurchaseState],
        state: PurchaseState,
        now: datetime,
        shop_order_id: str | None = None,
        total: Money | None = None,
        reason: str | None = None,
    ) -> bool:
        """Compare-and-set a state and post what it settles or releases; False if the state was another."""

    def mark_delivered(self, purchase_id: str, delivered_at: datetime) -> bool:
        """Record that the goods arrived; False if already recorded or not bought."""

    def load(self, states: Sequence[PurchaseState] = ()) -> list[Purchase]:
        """Return purchases, in the given states or all."""

    def load_in_transit(self) -> list[Purchase]:
        """Return bought purchases whose goods have not arrived."""


class Locks(Protocol):
    """Locks on buying that losses set."""

    def insert(self, locks: Sequence[RiskLock]) -> int:
        """Keep locks, each (scope, code, start) once; return how many were new."""

    def load_active(self, now: datetime) -> list[RiskLock]:
        """Return the locks that have not ended, the one that ends last first."""

    def load_results(self, since: datetime) -> list[SaleResult]:
        """Return what each sale since then brought, with the category it was bought in, oldest first.

        A sale whose buyer got money back counts once, with what is left of it, from the refund on.
        """


class EligibilityAnswers(Protocol):
    """What outlets let us sell."""

    def put(self, answers: Sequence[Eligibility]) -> None:
        """Keep an outlet's answers; a newer one replaces an older one."""

    def load(self) -> dict[tuple[str, str, str], Eligibility]:
        """Return the latest answers by (product_id, condition, outlet)."""


class Inventory(Protocol):
    """Lots we own."""

    def receive(self, lot: InventoryLot) -> bool:
        """Take a lot into stock; False if the purchase already has one."""

    def rename(self, lot_id: str, old_sku: str, new_sku: str) -> bool:
        """Give a lot another SKU; False if it has none of the old one any more, or an open listing offers it."""

    def load_unlisted(self) -> list[InventoryLot]:
        """Return lots with units on hand that no open listing offers."""

    def load(self) -> list[InventoryLot]:
        """Return all lots."""


class Listings(Protocol):
    """Our listings."""

    def insert(self, listing: Listing) -> bool:
        """Keep a pending listing; False if its SKU is offered already, or its units are not there any more."""

    def advance(
        self,
        sku: str,
        *,
        expected: Sequence[ListingState],
        state: ListingState,
        outlet_listing_id: str | None = None,
        outlet: str | None = None,
    ) -> bool:
        """Compare-and-set a state; False if the state was another. `outlet` tells shared listings apart."""

    def store_price(
        self, sku: str, old: Money, new: Money, reason: str, at: datetime, outlet: str | None = None
    ) -> bool:
        """Change the price and log the change with its reason; False if the price was no longer `old`."""

    def load(self, states: Sequence[ListingState] = ()) -> list[Listing]:
        """Return listings, in the given states or all."""


class Orders(Protocol):
    """Buyers' orders."""

    def import_order(self, outlet_order: OutletOrder, fee: Money, fee_estimated: bool) -> Order | None:
        """Allocate lot units first in first out, post the sale and close an emptied listing, in one transaction.

        Returns None if the order is already in the books.

        Raises:
            OutOfStockError: the SKU's lots hold fewer units.
            LookupError: the SKU is not ours.
        """

    def load_unshipped(self) -> list[Order]:
        """Return orders that the outlet does not know as shipped, oldest first."""

    def advance(self, order_id: str, *, expected: Sequence[OrderState], state: OrderState) -> bool:
        """Compare-and-set a state within the house (new, picked, packed); False if the state was another."""

    def dispatch(
        self, order_id: str, tracking_number: str, carrier: str | None, postage: Money | None, at: datetime
    ) -> bool:
        """Record that the carrier has the parcel and post its label; False if it left already."""

    def mark_shipped(self, order_id: str, tracking_number: str, at: datetime) -> bool:
        """Record that the outlet knows of the shipment; False if it was already recorded, or by another number."""

    def load(self) -> list[Order]:
        """Return all orders."""

    def newest_ordered_at(self, outlet: str) -> datetime | None:
        """Return when the newest imported order was made."""


class Ledger(Protocol):
    """The books."""

    def post(self, transaction: LedgerTransaction) -> bool:
        """Post a transaction; False if its id is already posted."""

    def balances(self) -> dict[tuple[str, str], int]:
        """Return minor units by (account, currency)."""


class Switches(Protocol):
    """The kill switch of each action."""

    def state_of(self, action: Action) -> ActionState:
        """Return the state; an action never set is ACTIVE in paper mode and HALTED in live mode."""

    def put(self, action: Action, state: ActionState, reason: str, by: str, at: datetime) -> None:
        """Set a state with its reason."""


class Books(Protocol):
    """Every repository over one database."""

    visits: Visits
    price_history: PriceHistory
    products: Products
    sold_prices: SoldPrices
    predictions: Predictions
    opportunities: Opportunities
    approvals: Approvals
    purchases: Purchases
    inventory: Inventory
    listings: Listings
    orders: Orders
    returns: Returns
    settlements: Settlements
    suggestions: PriceSuggestions
    sheets: ProductSheets
    ledger: Ledger
    switches: Switches
    locks: Locks
    eligibility: EligibilityAnswers
    alerts: Alerts
    outbox: Outbox
    negotiations: Negotiations
    api_budgets: ApiBudgets
    views: TradeViews
    pages: Pages
    access: Access
    audit: AuditLog
    denials: Denials
    webhook_events: WebhookEvents

    def broken_invariants(self) -> dict[str, int]:
        """Return the invariants that do not hold, with how many rows break them ({} = all hold)."""

    def totals(self) -> Mapping[str, int]:
        """Return running totals: offers (readings), opportunities, purchases (bought), listings, orders, sold_prices,
        profit_minor.
        """

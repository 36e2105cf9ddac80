"""Every repository over one database.

What belongs here: opening, migrating and closing the books, and what spans all repositories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text

from arb_pipelines.adapters.sql.access import SqlAccess
from arb_pipelines.adapters.sql.alerts import SqlAlerts
from arb_pipelines.adapters.sql.api_budgets import SqlApiBudgets
from arb_pipelines.adapters.sql.approvals import SqlApprovals
from arb_pipelines.adapters.sql.audit import SqlAuditLog
from arb_pipelines.adapters.sql.book_tables import book_mode
from arb_pipelines.adapters.sql.denials import SqlDenials, SqlWebhookEvents
from arb_pipelines.adapters.sql.eligibility import SqlEligibility
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.invariants import count_broken
from arb_pipelines.adapters.sql.invariants_evidence import unknown_orders
from arb_pipelines.adapters.sql.inventory import SqlInventory
from arb_pipelines.adapters.sql.ledger import SqlLedger
from arb_pipelines.adapters.sql.listings import SqlListings
from arb_pipelines.adapters.sql.locks import SqlLocks
from arb_pipelines.adapters.sql.negotiations import SqlNegotiations
from arb_pipelines.adapters.sql.opportunities import SqlOpportunities
from arb_pipelines.adapters.sql.orders import SqlOrders
from arb_pipelines.adapters.sql.outbox import SqlOutbox
from arb_pipelines.adapters.sql.pages import SqlPages
from arb_pipelines.adapters.sql.predictions import SqlPredictions
from arb_pipelines.adapters.sql.price_history import SqlPriceHistory
from arb_pipelines.adapters.sql.price_suggestions import SqlPriceSuggestions
from arb_pipelines.adapters.sql.product_sheets import SqlProductSheets
from arb_pipelines.adapters.sql.products import SqlProducts
from arb_pipelines.adapters.sql.purchases import SqlPurchases
from arb_pipelines.adapters.sql.returns import SqlReturns
from arb_pipelines.adapters.sql.settlements import SqlSettlements
from arb_pipelines.adapters.sql.sold_prices import SqlSoldPrices
from arb_pipelines.adapters.sql.switches import SqlSwitches
from arb_pipelines.adapters.sql.totals import count_totals
from arb_pipelines.adapters.sql.trade_views import SqlTradeViews
from arb_pipelines.adapters.sql.visits import SqlVisits
from arb_pipelines.domain.access_stores import Access, AuditLog, Denials, WebhookEvents
from arb_pipelines.domain.market_stores import Predictions, PriceHistory, Products, SoldPrices, Visits
from arb_pipelines.domain.pages import Pages
from arb_pipelines.domain.people_stores import Alerts, ApiBudgets, Negotiations, Outbox
from arb_pipelines.domain.purchase import PlacedOrder
from arb_pipelines.domain.sale_stores import PriceSuggestions, ProductSheets, Returns, Settlements
from arb_pipelines.domain.stores import (
    Approvals,
    EligibilityAnswers,
    Inventory,
    Ledger,
    Listings,
    Locks,
    Opportunities,
    Orders,
    Purchases,
    Switches,
)
from arb_pipelines.domain.trade_views import TradeViews

MIGRATION_LOCK = 4_727_665  # any number: PostgreSQL's name for "somebody is migrating these books"


class WrongModeError(RuntimeError):
    """The database holds the books of another mode: paper and live money must never meet."""


def open_books(url: str, *, mode: str = "paper", now: Callable[[], datetime] | None = None) -> SqlBooks:
    """Open the books at `sqlite:///path` or `postgresql://...`; call `migrate` once before the first use.

    Args:
        url: where the books are; the folder of a SQLite file is created.
        mode: `replay`, `paper`, `assist` or `live`; a database remembers the mode it was made for.
        now: the clock for "too old" in `broken_invariants`; default the wall clock.
    """
    engine = build_engine(url)
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    return SqlBooks(engine, mode, now or _wall_clock)


class SqlBooks:
    """Fulfils `domain.stores.Books`."""

    def __init__(self, engine: Engine, mode: str, now: Callable[[], datetime]) -> None:
        """Build every repository over the engine."""
        self._engine = engine
        self._mode = mode
        self._now = now
        self.visits: Visits = SqlVisits(engine)
        self.price_history: PriceHistory = SqlPriceHistory(engine)
        self.products: Products = SqlProducts(engine)
        self.sold_prices: SoldPrices = SqlSoldPrices(engine)
        self.predictions: Predictions = SqlPredictions(engine)
        self.opportunities: Opportunities = SqlOpportunities(engine)
        self.approvals: Approvals = SqlApprovals(engine)
        self.purchases: Purchases = SqlPurchases(engine, mode)
        self.inventory: Inventory = SqlInventory(engine)
        self.listings: Listings = SqlListings(engine)
        self.orders: Orders = SqlOrders(engine)
        self.returns: Returns = SqlReturns(engine)
        self.settlements: Settlements = SqlSettlements(engine)
        self.suggestions: PriceSuggestions = SqlPriceSuggestions(engine)
        self.sheets: ProductSheets = SqlProductSheets(engine)
        self.ledger: Ledger = SqlLedger(engine)
        self.switches: Switches = SqlSwitches(engine, mode)
        self.locks: Locks = SqlLocks(engine)
        self.eligibility: EligibilityAnswers = SqlEligibility(engine)
        self.alerts: Alerts = SqlAlerts(engine)
        self.outbox: Outbox = SqlOutbox(engine)
        self.negotiations: Negotiations = SqlNegotiations(engine)
        self.api_budgets: ApiBudgets = SqlApiBudgets(engine)
        self.views: TradeViews = SqlTradeViews(engine, mode)
        self.pages: Pages = SqlPages(engine)
        self.access: Access = SqlAccess(engine)
        self.audit: AuditLog = SqlAuditLog(engine)
        self.denials: Denials = SqlDenials(engine)
        self.webhook_events: WebhookEvents = SqlWebhookEvents(engine)

    def migrate(self) -> None:
        """Bring the tables up to date; safe to call at every start and from several processes at once.

        Raises:
            WrongModeError: the database holds the books of another mode.
        """
        with money_transaction(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _upgrade(connection)
            _claim_mode(connection, self._mode)

    def broken_invariants(self) -> dict[str, int]:
        """Return the invariants that do not hold, with how many rows break them ({} = all hold)."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                # One snapshot for all queries, or a purchase between two of them looks like a broken book.
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            return count_broken(connection, self._now())

    def unknown_orders(self, seen: Iterable[tuple[str, PlacedOrder]]) -> list[str]:
        """Return the orders (I8) among (site, order) pairs of shops' histories that no purchase of ours explains."""
        with self._engine.connect() as connection:
            return unknown_orders(connection, seen)

    def totals(self) -> dict[str, int]:
        """Return running totals: offers, opportunities, purchases, listings, orders, profit_minor."""
        with self._engine.connect() as connection:
            return count_totals(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _claim_mode(connection: Connection, mode: str) -> None:
    row = insert_into(connection, book_mode).values(only_row=1, mode=mode)
    connection.execute(row.on_conflict_do_nothing())
    kept = connection.scalar(select(book_mode.c.mode))
    if kept != mode:
        raise WrongModeError(f"this database holds the books of {kept} mode; give {mode} mode a database of its own")

"""What a worker does in one round: the real services over the real adapters, or a baseline in their place.

What belongs here: wiring one job from plain values. A job ends by itself, by its own error, or by SIGKILL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.marketplaces.sandbox.buyer import SandboxBuyers
from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN
from arb_pipelines.services.listing import list_unlisted, receive_delivered
from arb_pipelines.services.listing_drafts import ListingRules
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines_tests.faults.baselines import NewSkuSeller, buy_again_if_not_found, buy_then_record
from arb_pipelines_tests.faults.failpoints import Failpoints

TIMEOUT_S = 0.25
QUIET_S = 1.0  # longer than a timeout, a late commit and the lag of the order history together
RULES = ListingRules(OutletTerms(other_category="most"), min_roi=Decimal("0.10"))
BASELINES = {"buy_then_record": buy_then_record, "buy_again_if_not_found": buy_again_if_not_found}


@dataclass(frozen=True, slots=True)
class Job:
    """One round: `offset_s` sets the worker's clock forward, `kill_at` is the failpoint (0 none)."""

    act: str  # buy, reconcile or stock
    books: str
    market: str
    sites: tuple[str, ...]
    design: str = "ours"
    kill_at: int = 0
    offset_s: float = 0.0
    most: int = 3
    limit_minor: int = 10**9
    timeout_s: float = TIMEOUT_S


class OffsetClock:
    """The wall clock and a constant."""

    def __init__(self, offset_s: float) -> None:
        self._offset = timedelta(seconds=offset_s)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self._offset


def limits_of(limit_minor: int) -> list[SpendLimit]:
    """Return the limits of all rounds: one on everything, one on each shop, one on each order."""
    limit = Money(limit_minor, "USD")
    return [
        SpendLimit("total", limit, timedelta(days=1)),
        SpendLimit("site:*", limit, None),
        SpendLimit("order", limit, None),
    ]


def run_job(job: Job, points: Failpoints) -> Mapping[str, Any]:
    """Do one job and return what came of it."""
    books = open_books(job.books)
    points.plant_in_engine(books._engine)
    transport = points.transport()
    try:
        return ACTS[job.act](job, books, transport)
    finally:
        transport.close()
        books.close()


def _buyers(job: Job, transport: Any) -> SandboxBuyers:
    urls = {site: f"{job.market}/{site}" for site in job.sites}
    return SandboxBuyers(urls, SANDBOX_BUYER_TOKEN, job.timeout_s, transport=transport)


def _buy(job: Job, books: SqlBooks, transport: Any) -> Mapping[str, Any]:
    clock = OffsetClock(job.offset_s)
    usable = books.approvals.load_usable(clock.now())[: job.most]
    buyers, limits = _buyers(job, transport), limits_of(job.limit_minor)
    if job.design in BASELINES:
        BASELINES[job.design](usable, books, buyers, limits, clock)
        return {}
    outcomes = buy_approved(usable, books, buyers, limits, clock, quiet_s=QUIET_S)
    return {"codes": [one.code for one in outcomes]}


def _reconcile(job: Job, books: SqlBooks, transport: Any) -> Mapping[str, Any]:
    if job.design in BASELINES:
        return {}
    found = reconcile(books, _buyers(job, transport), OffsetClock(job.offset_s), quiet_s=QUIET_S, sites=job.sites)
    return found.summary() | {"alarms": [asdict(alarm) for alarm in found.alarms]}


def _stock(job: Job, books: SqlBooks, transport: Any) -> Mapping[str, Any]:
    clock = OffsetClock(job.offset_s)
    receipts = receive_delivered(books, clock)
    seller: Any = SandboxSeller(
        f"{job.market}/channel", "faults", "secret", SANDBOX_REFRESH_TOKEN, job.timeout_s, transport=transport
    )
    chosen: Any = NewSkuSeller(seller) if job.design == "new_sku_each_time" else seller
    low, middle, high = Money(4_000, "USD"), Money(5_000, "USD"), Money(6_000, "USD")
    answer = PricePrediction("product-1", "new", "sandbox", low, middle, high, 10.0, 0.9, "model-7", clock.now())
    done = list_unlisted(books, chosen, {("product-1", "new", "sandbox"): answer}, load_schedules(), RULES, clock)
    refused = [one.code for one in [*receipts.refused, *done.not_listed]]
    return {"received": len(receipts.received), "listed": len(done.listed), "refused": refused}


ACTS = {"buy": _buy, "reconcile": _reconcile, "stock": _stock}

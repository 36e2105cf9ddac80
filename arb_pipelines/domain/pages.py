"""Pages of what the books hold, bounded however much that is: for the API, its live feed and the desk.

What belongs here: the words and the typing protocol; `adapters/sql/pages.py` and `adapters/sql/history_samples.py`
fulfil it. A page begins exactly behind the last row of the one before (keyset), so nothing is skipped or shown twice
while rows are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity, per_dollar_day
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import Purchase, PurchaseState


class OpportunityOrder(StrEnum):
    """What opportunities are sorted by, always the highest first."""

    PROFIT_PER_DOLLAR_DAY = "profit_per_dollar_day"
    EXPECTED_PROFIT = "expected_profit"
    DECIDED_AT = "decided_at"


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order: what it is sorted by, and its key."""

    value: float | datetime
    key: str


@dataclass(frozen=True, slots=True)
class OpportunityFilter:
    """Which opportunities. `open_at`: only those that can still be approved then; None: all that were ever found.

    `min_profit_minor` is in the currency of the books; `title` is a part of it, in any case of letters.
    """

    order: OpportunityOrder = OpportunityOrder.PROFIT_PER_DOLLAR_DAY
    open_at: datetime | None = None
    site: str | None = None
    category: str | None = None
    outlet: str | None = None
    min_profit_minor: int | None = None
    decided_since: datetime | None = None
    title: str | None = None
    opportunity_id: str | None = None


@dataclass(frozen=True, slots=True)
class OpportunityPage:
    """Opportunities in order, without their decision records, and where the next page begins (None: nowhere)."""

    found: Sequence[Opportunity]
    next_place: Place | None


class ListedOpportunity(NamedTuple):
    """An opportunity as a list tells it: amounts in minor units of `currency`, the rest as in `Opportunity`.

    A page of 25 holds 150 amounts; as `Money` inside of `Opportunity` they took longer than reading the rows did.
    """

    opportunity_id: str
    site: str
    url: str
    title: str
    product_id: str
    condition: str
    category: str | None
    brand: str | None
    outlet: str
    currency: str
    item_price_minor: int
    landed_cost_minor: int
    expected_sale_minor: int
    expected_net_minor: int
    expected_profit_minor: int
    max_cost_minor: int
    days_to_sell: float
    horizon_days: int | None
    sold_within_horizon: float | None
    model_version: str
    roi: Decimal
    profit_per_day: Decimal
    observed_at: datetime
    decided_at: datetime
    risk_flags: Sequence[str]

    @property
    def amounts(self) -> tuple[int, ...]:
        """The six amounts in minor units, in the order of the fields."""
        prices = (self.item_price_minor, self.landed_cost_minor)
        expected = (self.expected_sale_minor, self.expected_net_minor, self.expected_profit_minor)
        return (*prices, *expected, self.max_cost_minor)

    @property
    def profit_per_dollar_day(self) -> Decimal:
        """See `Opportunity.profit_per_dollar_day`."""
        return per_dollar_day(self.profit_per_day, Money(self.landed_cost_minor, self.currency))

    @classmethod
    def of(cls, one: Opportunity) -> Self:
        """Return what a list tells of an opportunity."""
        minors = [name for name in cls._fields if name.endswith("_minor")]
        amounts = {name: getattr(one, name.removesuffix("_minor")).minor for name in minors}
        plain = {name: getattr(one, name) for name in cls._fields if name not in (*minors, "currency")}
        return cls(**plain, **amounts, currency=one.landed_cost.currency)


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of a list, and where the next one begins (None: nowhere)."""

    found: Sequence[ListedOpportunity]
    next_place: Place | None


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """Purchases, the newest first, and where the next page begins."""

    found: Sequence[Purchase]
    next_place: Place | None


@dataclass(frozen=True, slots=True)
class OfferHistory:
    """What one shop asked for a product: the last reading of each interval that has one, oldest first.

    `points` are (time, minor units of `currency`), which is that of the newest reading; None without points. Readings
    in another currency are left out.
    """

    offer_key: str
    site: str
    url: str
    currency: str | None
    points: Sequence[tuple[datetime, int]]


@dataclass(frozen=True, slots=True)
class ProductPrices:
    """A product's history over all matched offers, with the model's intervals beside it.

    `interval_s` is the width of the intervals of which the last readings are shown; `offers_left_out` counts offers
    beyond those that fit into the bound.
    """

    product_id: str
    title: str | None
    interval_s: float
    offers: Sequence[OfferHistory]
    offers_left_out: int
    predictions: Sequence[PricePrediction]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One UTC day of the trade in one currency; `spent` is of purchases made that day, the rest of orders."""

    day: date
    opportunities: int
    approvals: int
    purchases: int
    spent: Money
    orders: int
    units: int
    revenue: Money
    fees: Money
    cost_of_goods: Money

    @property
    def profit(self) -> Money:
        """What is left of the revenue."""
        return self.revenue - self.fees - self.cost_of_goods


class Pages(Protocol):
    """Bounded reads."""

    def load_opportunities(self, wanted: OpportunityFilter, limit: int, after: Place | None = None) -> OpportunityPage:
        """Return one page."""

    def load_list(self, wanted: OpportunityFilter, limit: int, after: Place | None = None) -> ListedPage:
        """Return one page as a list tells it."""

    def load_opportunities_since(self, after: Place, limit: int) -> list[Opportunity]:
        """Return the opportunities decided after a place (a time and a key), oldest first."""

    def newest_opportunity(self) -> Place | None:
        """Return the place of the opportunity that was decided last."""

    def load_purchases(self, states: Sequence[PurchaseState], limit: int, after: Place | None = None) -> PurchasePage:
        """Return one page."""

    def find_approval(self, opportunity_id: str) -> Approval | None:
        """Return the approval of an opportunity, used or not."""

    def load_history(self, product_id: str, start: datetime, end: datetime, most_points: int) -> ProductPrices | None:
        """Return a product's prices with start <= observed_at < end, `most_points` at most; None: no such product."""

    def load_days(self, first: date, last: date, currency: str) -> list[DayFigures]:
        """Return the figures of each day from first to last, both included."""

    def check(self) -> None:
        """Read one row, or raise what stands in the way."""

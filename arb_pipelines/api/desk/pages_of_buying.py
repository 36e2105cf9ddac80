"""What the pages about buying show: opportunities, one decision, refusals.

What belongs here: from the books to the values of a template. Acting is `acts.py`; the routes are `routes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from arb_pipelines.api.desk.charts_of_trade import chart_chances, chart_prices
from arb_pipelines.api.desk.wording import web_address
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.stores import Books

PAGE = 50
CHARTED = timedelta(days=90)
REFUSAL_HOURS = 24
VALID_CHOICES = ((900, "15 minutes"), (3600, "1 hour"), (14_400, "4 hours"), (86_400, "24 hours"))
SORTS: Mapping[str, tuple[str, Any]] = {
    "dollar_day": ("Profit a dollar-day", lambda one: one.profit_per_dollar_day),
    "profit": ("Profit", lambda one: one.expected_profit.minor),
    "roi": ("Return on cost", lambda one: one.roi),
    "speed": ("Days to sell", lambda one: -one.days_to_sell),
    "newest": ("Newest", lambda one: one.observed_at),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the opportunities is to be shown; an amount that is none counts as not given."""

    q: str = ""
    site: str = ""
    min_profit: str = ""
    sort: str = "dollar_day"
    page: int = 0

    @property
    def least_profit(self) -> Decimal | None:
        """The least expected profit, None where no amount was given."""
        try:
            amount = Decimal(self.min_profit.strip() or "x")
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.q or self.site or self.min_profit)

    def takes(self, one: Opportunity) -> bool:
        """Return whether an opportunity is among those wanted."""
        least = self.least_profit
        named = self.q.casefold() in one.title.casefold() and self.site.casefold() in one.site.casefold()
        return named and (least is None or one.expected_profit.amount >= least)

    def url_of_page(self, page: int) -> str:
        """Return the address of another page of the same list."""
        given = {"q": self.q, "site": self.site, "min_profit": self.min_profit, "sort": self.sort, "page": page}
        return f"/desk?{urlencode({name: value for name, value in given.items() if value})}"


def opportunities_page(books: Books, wanted: Wanted, now: datetime) -> dict[str, Any]:
    """Return the open opportunities that are wanted, best first."""
    sort = wanted.sort if wanted.sort in SORTS else "dollar_day"
    by = SORTS[sort][1]
    found = [one for one in books.opportunities.load_open(now) if wanted.takes(one)]
    found.sort(key=lambda one: (by(one), one.opportunity_id), reverse=True)
    start = max(wanted.page, 0) * PAGE
    return {
        "rows": found[start : start + PAGE],
        "locks": books.locks.load_active(now),
        "sorts": [(key, name) for key, (name, _) in SORTS.items()],
        "sort": sort,
        "q": wanted.q,
        "site": wanted.site,
        "min_profit": wanted.min_profit,
        "filtered": wanted.is_filtered,
        "next_url": wanted.url_of_page(max(wanted.page, 0) + 1) if len(found) > start + PAGE else None,
    }


def opportunity_page(books: Books, one: Opportunity, now: datetime, two_person_above: Money | None) -> dict[str, Any]:
    """Return one opportunity with its charts and what can be decided about it."""
    since = now - CHARTED
    is_open = any(open_one.opportunity_id == one.opportunity_id for open_one in books.opportunities.load_open(now))
    asks, sales = books.views.load_asks(one.product_id, since), books.views.load_sales(one.product_id, since)
    return {
        "one": one,
        "prices": chart_prices(one, asks, sales, now),
        "chances": chart_chances(one),
        "suggested": min(one.max_cost, one.landed_cost + _slack(one.landed_cost), key=lambda money: money.minor),
        "web_url": web_address(one.url),
        "closed": None if is_open else _why_closed(books, one, now),
        "valid_choices": VALID_CHOICES,
        "two_person_above": two_person_above,
    }


def refusals_page(books: Books, code: str, now: datetime) -> dict[str, Any]:
    """Return the reasons of the last day and the offers refused for one of them."""
    since = now - timedelta(hours=REFUSAL_HOURS)
    rows = books.views.load_refusals(since, code or None)
    return {"counts": books.views.count_refusals(since), "rows": rows, "code": code, "hours": REFUSAL_HOURS}


def _slack(cost: Money) -> Money:
    """A price may move by 2 % between the reading and the purchase, as the written policy also allows."""
    return Money(cost.minor * 2 // 100, cost.currency)


def _why_closed(books: Books, one: Opportunity, now: datetime) -> str:
    usable = [leave for leave in books.approvals.load_usable(now) if leave.offer_key == one.offer_key]
    if usable:
        leave = usable[0]
        return (
            f"Approved by {leave.approved_by}: {leave.quantity} at most {leave.ceiling} each, "
            f"usable until {leave.expires_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    bought = [purchase for purchase in books.purchases.load() if purchase.offer_key == one.offer_key]
    if bought:
        return (
            f"There is a purchase of this offer: {bought[-1].state} since {bought[-1].changed_at:%Y-%m-%d %H:%M} UTC."
        )
    return "It is no longer open: it was decided already, or a newer reading of the offer took its place."

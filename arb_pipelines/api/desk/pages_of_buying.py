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
from arb_pipelines.api.feed import FEED_ORDER
from arb_pipelines.api.words import cursor_of, place_of
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.pages import OpportunityFilter, OpportunityOrder
from arb_pipelines.domain.stores import Books

PAGE = 50
CHARTED = timedelta(days=90)
REFUSAL_HOURS = 24
VALID_CHOICES = ((900, "15 minutes"), (3600, "1 hour"), (14_400, "4 hours"), (86_400, "24 hours"))
SORTS: Mapping[OpportunityOrder, str] = {
    OpportunityOrder.PROFIT_PER_DOLLAR_DAY: "Profit a dollar-day",
    OpportunityOrder.EXPECTED_PROFIT: "Profit",
    OpportunityOrder.DECIDED_AT: "Newest",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the opportunities is to be shown; an amount that is none counts as not given."""

    q: str = ""
    site: str = ""
    min_profit: str = ""
    sort: OpportunityOrder = OpportunityOrder.PROFIT_PER_DOLLAR_DAY
    cursor: str = ""

    def filter_at(self, now: datetime, currency: str) -> OpportunityFilter:
        """Return what is asked of the books."""
        return OpportunityFilter(
            order=self.sort,
            open_at=now,
            site=self.site.strip() or None,
            min_profit_minor=_minor(self.min_profit, currency),
            title=self.q.strip() or None,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.q or self.site or self.min_profit)

    def url_behind(self, cursor: str) -> str:
        """Return the address of the next page of the same list."""
        given = {"q": self.q, "site": self.site, "min_profit": self.min_profit, "sort": self.sort.value}
        return f"/desk?{urlencode({name: value for name, value in given.items() if value} | {'cursor': cursor})}"


def opportunities_page(books: Books, wanted: Wanted, currency: str, now: datetime) -> dict[str, Any]:
    """Return the open opportunities that are wanted, best first."""
    after = place_of(wanted.sort, wanted.cursor or None, of_time=wanted.sort is OpportunityOrder.DECIDED_AT)
    page = books.pages.load_opportunities(wanted.filter_at(now, currency), PAGE, after)
    behind = cursor_of(wanted.sort, page.next_place)
    newest = books.pages.newest_opportunity()
    return {
        "rows": page.found,
        "locks": books.locks.load_active(now),
        "sorts": [(key.value, name) for key, name in SORTS.items()],
        "sort": wanted.sort.value,
        "q": wanted.q,
        "site": wanted.site,
        "min_profit": wanted.min_profit,
        "filtered": wanted.is_filtered,
        "next_url": wanted.url_behind(behind) if behind else None,
        "feed_cursor": cursor_of(FEED_ORDER, newest) or "",
    }


def opportunity_page(books: Books, one: Opportunity, now: datetime, two_person_above: Money | None) -> dict[str, Any]:
    """Return one opportunity with its charts and what can be decided about it."""
    since = now - CHARTED
    asks, sales = books.views.load_asks(one.product_id, since), books.views.load_sales(one.product_id, since)
    return {
        "one": one,
        "prices": chart_prices(one, asks, sales, now),
        "chances": chart_chances(one),
        "suggested": min(one.max_cost, one.landed_cost + _slack(one.landed_cost), key=lambda money: money.minor),
        "web_url": web_address(one.url),
        "closed": _why_closed(books, one, now),
        "valid_choices": VALID_CHOICES,
        "two_person_above": two_person_above,
    }


def refusals_page(books: Books, code: str, now: datetime) -> dict[str, Any]:
    """Return the reasons of the last day and the offers refused for one of them."""
    since = now - timedelta(hours=REFUSAL_HOURS)
    rows = books.views.load_refusals(since, code or None)
    return {"counts": books.views.count_refusals(since), "rows": rows, "code": code, "hours": REFUSAL_HOURS}


def _minor(amount: str, currency: str) -> int | None:
    try:
        return Money.of(Decimal(amount.strip()), currency).minor
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _slack(cost: Money) -> Money:
    """A price may move by 2 % between the reading and the purchase, as the written policy also allows."""
    return Money(cost.minor * 2 // 100, cost.currency)


def _why_closed(books: Books, one: Opportunity, now: datetime) -> str | None:
    """Return why nothing can be decided about an opportunity any more, None while it is open."""
    kept = books.pages.find_approval(one.opportunity_id)
    if kept is not None:
        until = "used" if kept.used_at else f"usable until {kept.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"Approved by {kept.approved_by}: {kept.quantity} at most {kept.ceiling} each, {until}."
    denial = books.denials.find(one.opportunity_id)
    if denial is not None:
        return f"Denied by {denial.denied_by}: {denial.reason}"
    if books.pages.load_opportunities(OpportunityFilter(open_at=now, opportunity_id=one.opportunity_id), 1).found:
        return None
    return "It is no longer open: a newer reading of the offer took its place, or the offer was decided elsewhere."

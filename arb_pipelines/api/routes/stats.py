"""`GET /api/stats/daily`: what each day brought.

What belongs here: the route and its document.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import context_of
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.pages import DayFigures

router = APIRouter(prefix="/api/stats", tags=["stats"])
USUAL_DAYS, MOST_DAYS = 30, 366
FIRST_YEAR, LAST_YEAR = 1971, 9000
COUNTS = ("day", "opportunities", "approvals", "purchases", "orders", "units")
AMOUNTS = ("spent", "revenue", "fees", "cost_of_goods", "profit")


class DayDocument(BaseModel):
    """One UTC day; amounts are decimal text in the list's currency."""

    day: date
    opportunities: int
    approvals: int
    purchases: int
    spent: str
    orders: int
    units: int
    revenue: str
    fees: str
    cost_of_goods: str
    profit: str


class DailyFigures(BaseModel):
    """Days from first to last, both included. Orders and purchases in other currencies are left out."""

    currency: str
    days: list[DayDocument]


@router.get("/daily", summary="What each day brought")
def daily(
    request: Request,
    _who: Annotated[Principal, Depends(require_for(Act.READ))],
    first: date | None = None,
    last: date | None = None,
) -> DailyFigures:
    """Show the days from `first` (30 days before) to `last` (today, UTC)."""
    context = context_of(request)
    end = last or context.now().date()
    if not FIRST_YEAR <= end.year <= LAST_YEAR:
        raise ProblemError(422, "bad_range", f"years from {FIRST_YEAR} to {LAST_YEAR}")
    start = first or end - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (end - start).days < MOST_DAYS:
        raise ProblemError(422, "bad_range", f"first lies before last, {MOST_DAYS} days at most")
    currency = context.settings.currency
    days = context.books.pages.load_days(start, end, currency)
    return DailyFigures(currency=currency, days=[_document(day) for day in days])


def _document(day: DayFigures) -> DayDocument:
    counts = {name: getattr(day, name) for name in COUNTS}
    return DayDocument(**counts, **{name: getattr(day, name).text for name in AMOUNTS})

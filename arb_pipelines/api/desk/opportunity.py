"""The page of one opportunity, shown alone and again after every decision on it."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from arb_pipelines.api.context import context_of
from arb_pipelines.api.desk.pages_of_buying import opportunity_page
from arb_pipelines.api.desk.showing import Said, show
from arb_pipelines.domain.access import Principal

NOT_THERE = {"heading": "No such opportunity", "text": "It may have been cleared away; the list shows what is open."}


def show_opportunity(
    request: Request, who: Principal, opportunity_id: str, said: Said | None = None, status: int = 200
) -> HTMLResponse:
    """Return the page of an opportunity with the sentence about what was just done, or 404."""
    context = context_of(request)
    one = context.books.opportunities.load_one(opportunity_id)
    if one is None:
        return show(request, "problem", who, NOT_THERE, status=404)
    settings = context.settings
    values = opportunity_page(context.books, one, context.clock.now(), settings.two_person_limit)
    return show(request, "opportunity", who, values | {"valid_s": settings.approval_valid_s}, said=said, status=status)

"""The desk's addresses: pages to look at. What changes something is `acts.py`.

What belongs here: one short function a page; what it shows is made in `pages_of_*.py`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from arb_pipelines.api.access import require
from arb_pipelines.api.context import context_of
from arb_pipelines.api.desk import acts, sign_in
from arb_pipelines.api.desk.files import router as files
from arb_pipelines.api.desk.opportunity import show_opportunity
from arb_pipelines.api.desk.pages_of_buying import Wanted, opportunities_page, refusals_page
from arb_pipelines.api.desk.pages_of_running import messages_page, sites_page, switches_page
from arb_pipelines.api.desk.pages_of_stock import listings_page, money_page, positions_page
from arb_pipelines.api.desk.showing import show
from arb_pipelines.domain.access import Principal, Role
from arb_pipelines.domain.pages import OpportunityOrder

router = APIRouter(include_in_schema=False)
router.include_router(files)
router.include_router(sign_in.router)
router.include_router(acts.router)

Viewer = Annotated[Principal, Depends(require(Role.VIEWER))]
Short = Annotated[str, Query(max_length=200)]


@router.get("/")
def front_door() -> RedirectResponse:
    """Lead to the opportunities."""
    return RedirectResponse("/desk", 303)


@router.get("/desk")
def opportunities(
    request: Request,
    who: Viewer,
    q: Short = "",
    site: Short = "",
    min_profit: Short = "",
    sort: OpportunityOrder = OpportunityOrder.PROFIT_PER_DOLLAR_DAY,
    cursor: Annotated[str, Query(max_length=600)] = "",
) -> HTMLResponse:
    """Show the open opportunities, best first."""
    context = context_of(request)
    wanted = Wanted(q, site, min_profit, sort, cursor)
    values = opportunities_page(context.books, wanted, context.settings.currency, context.clock.now())
    return show(request, "opportunities", who, values)


@router.get("/desk/opportunities/{opportunity_id}")
def opportunity(request: Request, who: Viewer, opportunity_id: str) -> HTMLResponse:
    """Show one opportunity with why and what can be decided."""
    return show_opportunity(request, who, opportunity_id)


@router.get("/desk/refusals")
def refusals(request: Request, who: Viewer, code: Short = "") -> HTMLResponse:
    """Show what was refused in the last day, and why."""
    context = context_of(request)
    return show(request, "refusals", who, refusals_page(context.books, code, context.clock.now()))


@router.get("/desk/positions")
def positions(request: Request, who: Viewer) -> HTMLResponse:
    """Show open purchases and stock."""
    context = context_of(request)
    values = positions_page(context.books, context.settings.currency, context.clock.now())
    return show(request, "positions", who, values)


@router.get("/desk/listings")
def listings(request: Request, who: Viewer) -> HTMLResponse:
    """Show our listings."""
    return show(request, "listings", who, listings_page(context_of(request).books))


@router.get("/desk/money")
def money(request: Request, who: Viewer) -> HTMLResponse:
    """Show profit and loss."""
    context = context_of(request)
    return show(request, "money", who, money_page(context.books, context.settings.currency))


@router.get("/desk/sites")
def sites(
    request: Request, who: Viewer, q: Short = "", show_only: Annotated[str, Query(alias="show")] = "all"
) -> HTMLResponse:
    """Show how every site did."""
    context = context_of(request)
    return show(request, "sites", who, sites_page(context.books, q, show_only, context.clock.now()))


@router.get("/desk/messages")
def messages(request: Request, who: Viewer) -> HTMLResponse:
    """Show alerts and messages."""
    return show(request, "messages", who, messages_page(context_of(request).books))


@router.get("/desk/switches")
def switches(request: Request, who: Viewer) -> HTMLResponse:
    """Show what is halted."""
    return show(request, "switches", who, switches_page(context_of(request).books))

"""`GET /api/opportunities`, one of them, and `POST /api/opportunities/scan`.

What belongs here: the routes. The pages come along indexes (`adapters/sql/pages.py`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import ApiContext, context_of
from arb_pipelines.api.hot_reads import LISTS
from arb_pipelines.api.opportunity_words import (
    OpportunityDocument,
    OpportunityRecord,
    listed_document,
    opportunity_document,
)
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.api.short_routes import JSON_TYPE, short_route
from arb_pipelines.api.words import Amount, Cursor, Id, Limit, Name, cursor_of, place_of, utc
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.pages import OpportunityFilter, OpportunityOrder

router = APIRouter(prefix="/api/opportunities", tags=["opportunities"])
Reader = Annotated[Principal, Depends(require_for(Act.READ))]


class OpportunityList(BaseModel):
    """One page, the highest first."""

    opportunities: list[OpportunityDocument]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class ScanOrder(BaseModel):
    """A scan takes no options."""

    model_config = ConfigDict(extra="forbid")


class ScanReport(BaseModel):
    """What a scan brought, or that a run was started which will."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"state": "done", "run_id": None, "offers": 41, "found": 2, "new": 1, "refused": {"low_roi": 39}}
        }
    )

    state: str = Field(description="`done`, or `started` where a Dagster run does it.")
    run_id: str | None = Field(description="The run, where one was started.")
    offers: int | None = Field(description="How many readings were looked at.")
    found: int | None = Field(description="How many passed every rule.")
    new: int | None = Field(description="How many of them were not known.")
    refused: dict[str, int] = Field(description="How many were refused, by reason code.")


class Wanted(BaseModel):
    """The query of the list."""

    model_config = ConfigDict(extra="forbid")

    sort: OpportunityOrder = OpportunityOrder.PROFIT_PER_DOLLAR_DAY
    state: Annotated[str, Field(pattern="^(open|all)$", description="`open`: can be approved now.")] = "open"
    site: Name | None = None
    category: Name | None = None
    outlet: Name | None = None
    min_profit: Amount | None = None
    decided_since: datetime | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


@short_route(router, "", methods=["GET"], summary="The best opportunities", response_model=OpportunityList)
def list_opportunities(request: Request, wanted: Annotated[Wanted, Query()], _who: Reader) -> Response:
    """Show one page of opportunities; go on with `cursor`."""
    context = context_of(request)
    text = context.hot.get(LISTS, f"opportunities?{wanted.model_dump_json()}", lambda: _page(context, wanted))
    return Response(text, media_type=JSON_TYPE)


def _page(context: ApiContext, wanted: Wanted) -> str:
    least = wanted.min_profit and Money.of(Decimal(wanted.min_profit), context.settings.currency).minor
    chosen = OpportunityFilter(
        order=wanted.sort,
        open_at=context.clock.now() if wanted.state == "open" else None,
        site=wanted.site,
        category=wanted.category,
        outlet=wanted.outlet,
        min_profit_minor=least or None,
        decided_since=utc(wanted.decided_since) if wanted.decided_since else None,
    )
    after = place_of(wanted.sort, wanted.cursor, of_time=wanted.sort is OpportunityOrder.DECIDED_AT)
    page = context.books.pages.load_list(chosen, wanted.limit, after)
    told: dict[str, Any] = {"opportunities": [listed_document(one) for one in page.found]}
    told["next_cursor"] = cursor_of(wanted.sort, page.next_place)
    return orjson.dumps(told, option=orjson.OPT_UTC_Z).decode()


@router.post("/scan", summary="Look for opportunities now")
def scan(request: Request, _order: ScanOrder, who: Annotated[Principal, Depends(require_for(Act.SCAN))]) -> ScanReport:
    """Score the latest offers by the rules of now; buys nothing."""
    context = context_of(request)
    report = ScanReport(**context.scan(context))
    context.books.audit.append(f"person:{who.name}", "scan", "opportunities", {"state": report.state}, context.now())
    return report


@short_route(
    router,
    "/{opportunity_id}",
    methods=["GET"],
    summary="One opportunity with its decision record",
    response_model=OpportunityRecord,
)
def show_opportunity(request: Request, opportunity_id: Annotated[Id, Path()], _who: Reader) -> Response:
    """Show why it was found worth buying."""
    found = context_of(request).books.opportunities.load_one(opportunity_id)
    if found is None:
        raise ProblemError(404, "no_such_opportunity", f"there is no opportunity {opportunity_id!r}")
    told = OpportunityRecord(**opportunity_document(found), record=dict(found.record))
    return Response(told.model_dump_json(), media_type=JSON_TYPE)

"""`GET /api/health`, `/metrics`, `/api/audit` and the OpenAPI document: how the house itself does.

What belongs here: the routes. Which stores are asked is `api/health_checks.py`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import context_of
from arb_pipelines.api.health_checks import StoreState, ask_stores
from arb_pipelines.api.metrics import CONTENT_TYPE
from arb_pipelines.api.words import Limit
from arb_pipelines.domain.access import Act, Principal

router = APIRouter(tags=["running"])


class Health(BaseModel):
    """Whether every store answers, and which does not."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"state": "down", "stores": [{"store": "books", "state": "down", "reason": "OperationalError"}]}
        }
    )

    state: str = Field(description="`ok` or `down`.")
    stores: list[StoreState]


class AuditDocument(BaseModel):
    """One entry of the audit log."""

    sequence: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: dict[str, Any]
    previous_hash: str
    entry_hash: str


class AuditPage(BaseModel):
    """Entries, the newest first; go on with `before`, the last one's sequence."""

    entries: list[AuditDocument]


@router.get("/api/health", summary="Are the stores there", responses={503: {"model": Health}})
def health(request: Request, response: Response) -> Health:
    """Ask every store; 503 where one is down. Needs no key: it tells nothing but this."""
    stores = ask_stores(context_of(request))
    down = any(store.state != "ok" for store in stores)
    response.status_code = 503 if down else 200
    return Health(state="down" if down else "ok", stores=stores)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(request: Request, _who: Annotated[Principal, Depends(require_for(Act.READ))]) -> Response:
    """Show requests by route, their time, and the feed's listeners, in Prometheus' text format."""
    context = context_of(request)
    text = context.metrics.text(context.feed.listening, context.feed.dropped)
    with suppress(SQLAlchemyError):  # books that do not answer leave their figures out; a missing line alarms
        text += context.metrics.text_of(context.books.views.load_metrics(context.now()))
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


@router.get("/api/audit", summary="Who did what")
def audit(
    request: Request,
    _who: Annotated[Principal, Depends(require_for(Act.AUDIT))],
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> AuditPage:
    """Show the audit log, the newest entry first."""
    entries = context_of(request).books.audit.load(before, limit)
    names = AuditDocument.model_fields
    return AuditPage(entries=[AuditDocument(**{name: getattr(one, name) for name in names}) for one in entries])


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request, _who: Annotated[Principal, Depends(require_for(Act.READ))]) -> dict[str, Any]:
    """Show the description of this API."""
    described: dict[str, Any] = request.app.openapi()
    return described

"""`POST /api/halt` and `POST /api/resume`: the kill switch of each action.

What belongs here: the two routes. The switch is read inside every claim (`adapters/sql/switches.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import context_of
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.spend_limit import Action, ActionState

router = APIRouter(prefix="/api", tags=["switches"])


class SwitchOrder(BaseModel):
    """Which action to stop or to start again, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"action": "buy", "reason": "odd prices"}})

    action: Action
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class SwitchState(BaseModel):
    """What an action's switch was and is now."""

    action: Action
    before: ActionState
    state: ActionState
    reason: str
    set_by: str
    changed_at: datetime


@router.post("/halt", summary="Stop an action at once")
def halt(
    order: SwitchOrder, request: Request, who: Annotated[Principal, Depends(require_for(Act.HALT))]
) -> SwitchState:
    """Refuse every claim after this answer until the action is resumed."""
    return put_switch(request, who, order, ActionState.HALTED)


@router.post("/resume", summary="Allow an action again")
def resume(
    order: SwitchOrder, request: Request, who: Annotated[Principal, Depends(require_for(Act.RESUME))]
) -> SwitchState:
    """Allow an action that was halted."""
    return put_switch(request, who, order, ActionState.ACTIVE)


def put_switch(request: Request, who: Principal, order: SwitchOrder, state: ActionState) -> SwitchState:
    """Set a switch, then add it to the audit log: stopping waits for nothing."""
    context = context_of(request)
    now, by, books = context.clock.now(), f"person:{who.name}", context.books
    before = books.switches.state_of(order.action)
    books.switches.put(order.action, state, order.reason, by, now)
    detail = {"before": before.value, "state": state.value, "reason": order.reason}
    books.audit.append(by, "switch", order.action.value, detail, now)
    return SwitchState(action=order.action, before=before, state=state, reason=order.reason, set_by=by, changed_at=now)

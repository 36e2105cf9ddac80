"""What a person does at the desk: approve, deny, halt, resume, close an alert, send or drop a message.

What belongs here: reading the form, calling what the API's routes call too, and showing the page again with one
sentence about what came of it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from arb_pipelines.api.access import ask_slower, require_for
from arb_pipelines.api.context import context_of
from arb_pipelines.api.desk.opportunity import show_opportunity
from arb_pipelines.api.desk.pages_of_running import messages_page, switches_page
from arb_pipelines.api.desk.showing import Said, show
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.api.routes.purchases import ApprovalOrder, ApprovalState, DenialOrder, approve, deny
from arb_pipelines.api.routes.switches import SwitchOrder, put_switch
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.delivering import drop_message, send_again
from arb_pipelines.services.notifications import clear_alert

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=1000)]
Approver = Annotated[Principal, Depends(require_for(Act.APPROVE))]
Operator = Annotated[Principal, Depends(require_for(Act.HALT))]


@router.post("/desk/opportunities/{opportunity_id}/approve")
def approve_one(
    request: Request, who: Approver, opportunity_id: str, ceiling: Text = "", quantity: Text = "", valid_s: Text = ""
) -> HTMLResponse:
    """Give leave to buy an opportunity once."""
    given = {"opportunity_id": opportunity_id, "ceiling": ceiling.strip(), "quantity": quantity, "valid_s": valid_s}
    try:
        ask_slower(request, "approval", who.name)
        order = ApprovalOrder.model_validate(given, strict=False)
        answer = approve(context_of(request), who, order)
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        return show_opportunity(request, who, opportunity_id, Said(f"Not approved: {faults}.", "bad"), 422)
    except ProblemError as error:
        said = Said(f"Not approved ({error.code}): {error.detail}.", "bad")
        return show_opportunity(request, who, opportunity_id, said, error.status)
    if answer.state is ApprovalState.ONE_MORE_PERSON:
        return show_opportunity(request, who, opportunity_id, Said("Signed. One more person must approve the same."))
    said = Said(f"Approved: at most {answer.ceiling} {answer.currency} each, {answer.quantity} in all.", "good")
    return show_opportunity(request, who, opportunity_id, said)


@router.post("/desk/opportunities/{opportunity_id}/deny")
def deny_one(request: Request, who: Approver, opportunity_id: str, reason: Text = "") -> HTMLResponse:
    """Say no to an opportunity, with the reason."""
    try:
        ask_slower(request, "approval", who.name)
        order = DenialOrder(opportunity_id=opportunity_id, reason=reason)
        deny(context_of(request), who, order)
    except ValidationError:
        return show_opportunity(request, who, opportunity_id, Said("Not denied: say why, in 500 letters.", "bad"), 422)
    except ProblemError as error:
        said = Said(f"Not denied ({error.code}): {error.detail}.", "bad")
        return show_opportunity(request, who, opportunity_id, said, error.status)
    return show_opportunity(request, who, opportunity_id, Said("Denied.", "good"))


@router.post("/desk/switches/{action}")
def switch(
    request: Request,
    who: Operator,
    action: Action,
    state: Annotated[ActionState, Form()],
    reason: Text = "",
) -> HTMLResponse:
    """Halt or resume an action."""
    said = _switch(request, who, action, state, reason)
    return show(request, "switches", who, switches_page(context_of(request).books), said=said)


def _switch(request: Request, who: Principal, action: Action, state: ActionState, reason: str) -> Said:
    if not reason.strip():
        return Said("Nothing changed: say why.", "bad")
    if state is not ActionState.HALTED and not who.may(Act.RESUME):
        return Said("Nothing changed: your role may halt, not resume.", "bad")
    now = put_switch(request, who, SwitchOrder(action=action, reason=reason.strip()), state)
    return Said(f"{action}: {now.before} -> {now.state}.", "good")


@router.post("/desk/alerts/close")
def close_alert(request: Request, who: Operator, key: Text = "") -> HTMLResponse:
    """Close an alert that a person has seen; it comes back when its cause is seen again."""
    context = context_of(request)
    done = clear_alert(context.books, key, context.clock, by=f"person:{who.name}")
    said = Said("Closed.", "good") if done else Said("That alert was closed already.")
    return show(request, "messages", who, messages_page(context.books), said=said)


@router.post("/desk/messages/{message_id}")
def decide_message(request: Request, who: Approver, message_id: str, act: Text = "") -> HTMLResponse:
    """Send a draft or a message that failed, or make sure that it is never sent."""
    context = context_of(request)
    acts = {"send": (send_again, "Queued."), "drop": (drop_message, "Dropped.")}
    if act not in acts:
        said = Said("Nothing changed: send or drop?", "bad")
        return show(request, "messages", who, messages_page(context.books), said=said, status=422)
    move, word = acts[act]
    by = f"person:{who.name}"
    done = move(context.books, message_id, by, context.clock)
    if done:
        context.books.audit.append(by, f"message_{act}", message_id, {}, context.clock.now())
    said = Said(word, "good") if done else Said("Nothing changed: it is in another state by now.", "bad")
    return show(request, "messages", who, messages_page(context.books), said=said)

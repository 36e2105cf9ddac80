"""`POST /api/purchase/approve` and `/deny`, `GET /api/purchases`.

What belongs here: the routes, and the two functions behind them that the desk's pages call too. An approval spends
nothing; price, stock, limits and the kill switch are read again when the purchase is made.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.api.access import ask_slower, require_for
from arb_pipelines.api.context import ApiContext, context_of
from arb_pipelines.api.problems import ProblemError, refused
from arb_pipelines.api.short_routes import JSON_TYPE, short_route
from arb_pipelines.api.words import Amount, Cursor, Id, Limit, Reason, cursor_of, place_of
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.access_stores import Denial
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.purchase import Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services.approvals import approve_by_person

router = APIRouter(prefix="/api", tags=["purchases"])
STATUS_OF = {"no_such_opportunity": 404, "over_max_cost": 422, "quantity_cap": 422, "currency_differs": 422}
BY_TIME = "reserved_at"

APPROVAL: dict[str, Any] = {"opportunity_id": "op-3f2a", "ceiling": "12.50", "quantity": 1, "valid_s": 900}
DENIAL: dict[str, Any] = {"opportunity_id": "op-3f2a", "reason": "the photo shows another model"}


class ApprovalOrder(BaseModel):
    """Leave to buy one opportunity, once."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": APPROVAL})

    opportunity_id: Id
    ceiling: Amount = Field(description="The most that one unit may cost with shipping and tax.")
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    valid_s: Annotated[int, Field(ge=30, le=86_400)] | None = Field(
        None, description="How long it can be used; default: ARB_APPROVAL_VALID_S."
    )


class ApprovalState(StrEnum):
    """What came of an approval."""

    APPROVED = "approved"
    ONE_MORE_PERSON = "one_more_person"


class ApprovalAnswer(BaseModel):
    """An approval, or the first of two people's signatures."""

    state: ApprovalState
    approval_id: str | None = Field(description="Null until a second person has approved the same.")
    opportunity_id: str
    ceiling: str
    currency: str
    quantity: int
    approved_by: str
    expires_at: datetime | None


class DenialOrder(BaseModel):
    """A no to one opportunity."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": DENIAL})

    opportunity_id: Id
    reason: Reason


class DenialAnswer(BaseModel):
    """The offer is neither shown as open nor approved until `until_at`."""

    opportunity_id: str
    denied_by: str
    reason: str
    denied_at: datetime
    until_at: datetime


class PurchaseDocument(BaseModel):
    """One purchase; an `uncertain` one may or may not exist at the shop and is never sent again."""

    purchase_id: str
    opportunity_id: str
    site: str
    title: str
    quantity: int
    state: PurchaseState
    currency: str
    reserved: str
    total: str | None
    shop_order_id: str | None
    reason: str | None
    claimed_at: datetime
    changed_at: datetime
    delivered_at: datetime | None


class PurchaseList(BaseModel):
    """One page, the newest first."""

    purchases: list[PurchaseDocument]
    next_cursor: str | None


Approver = Annotated[Principal, Depends(require_for(Act.APPROVE))]


@short_route(
    router,
    "/purchase/approve",
    methods=["POST"],
    summary="Give leave to buy, once",
    response_model=ApprovalAnswer,
    responses={202: {"model": ApprovalAnswer}},
)
def approve_purchase(order: ApprovalOrder, request: Request, who: Approver) -> Response:
    """Approve up to a ceiling, a quantity and a time; 202 where one more person must approve the same.

    Sent again unchanged it answers the same and changes nothing.
    """
    ask_slower(request, "approval", who.name)
    answer = approve(context_of(request), who, order)
    status = 202 if answer.state is ApprovalState.ONE_MORE_PERSON else 200
    return Response(answer.model_dump_json(), status, media_type=JSON_TYPE)


@short_route(
    router, "/purchase/deny", methods=["POST"], summary="Say no to an opportunity", response_model=DenialAnswer
)
def deny_purchase(order: DenialOrder, request: Request, who: Approver) -> Response:
    """Deny an opportunity that has no approval; sent again it answers with the first denial."""
    ask_slower(request, "approval", who.name)
    return Response(deny(context_of(request), who, order).model_dump_json(), media_type=JSON_TYPE)


@router.get("/purchases", summary="Purchases, the newest first")
def list_purchases(
    request: Request,
    _who: Annotated[Principal, Depends(require_for(Act.READ))],
    state: Annotated[list[PurchaseState] | None, Query(max_length=10)] = None,
    limit: Annotated[Limit, Query()] = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> PurchaseList:
    """Show one page; go on with `cursor`."""
    after = place_of(BY_TIME, cursor, of_time=True)
    page = context_of(request).books.pages.load_purchases(state or (), limit, after)
    found = [purchase_document(one) for one in page.found]
    return PurchaseList(purchases=found, next_cursor=cursor_of(BY_TIME, page.next_place))


def approve(context: ApiContext, who: Principal, order: ApprovalOrder) -> ApprovalAnswer:
    """Keep a person's approval with its audit entry, or the first of two signatures.

    Raises:
        ProblemError: a rule refuses it; nothing was changed.
    """
    settings, books = context.settings, context.books
    try:
        ceiling = Money.exact(order.ceiling, settings.currency)
    except MoneyError as error:
        raise ProblemError(422, "bad_money", str(error)) from error
    decided = approve_by_person(
        books,
        order.opportunity_id,
        ceiling=ceiling,
        quantity=order.quantity,
        by=who.name,
        clock=context.clock,
        valid_for=timedelta(seconds=order.valid_s or settings.approval_valid_s),
        two_person_above=settings.two_person_limit,
        watch_only=settings.rule_book.only_watches,
    )
    context.hot.forget_lists()
    if isinstance(decided, Refusal) and decided.code == "one_more_person":
        return _answer(ApprovalState.ONE_MORE_PERSON, None, who, order, ceiling, decided.until)
    if isinstance(decided, Refusal):
        kept = _same_again(context, who, order, ceiling, decided)
        return _answer(ApprovalState.APPROVED, kept.approval_id, who, order, ceiling, kept.expires_at)
    return _answer(ApprovalState.APPROVED, decided.approval_id, who, order, ceiling, decided.expires_at)


def _same_again(
    context: ApiContext, who: Principal, order: ApprovalOrder, ceiling: Money, refusal: Refusal
) -> Approval:
    """Return the approval that this very order made before and that can still be used; else raise the refusal."""
    if refusal.code != "already_approved":
        raise refused(refusal, STATUS_OF.get(refusal.code, 409))
    kept = context.books.pages.find_approval(order.opportunity_id)
    if kept is None:  # no approval, and still none could be kept
        raise refused(Refusal("denied", f"the offer of {order.opportunity_id} was denied"))
    used = kept.refuse_at(context.now())
    if used is not None:
        raise refused(used)
    if (kept.ceiling, kept.quantity, kept.approved_by) != (ceiling, order.quantity, f"person:{who.name}"):
        raise refused(refusal)
    return kept


def _answer(
    state: ApprovalState,
    approval_id: str | None,
    who: Principal,
    order: ApprovalOrder,
    ceiling: Money,
    until: datetime | None,
) -> ApprovalAnswer:
    return ApprovalAnswer(
        state=state,
        approval_id=approval_id,
        opportunity_id=order.opportunity_id,
        ceiling=ceiling.text,
        currency=ceiling.currency,
        quantity=order.quantity,
        approved_by=f"person:{who.name}",
        expires_at=until,
    )


def deny(context: ApiContext, who: Principal, order: DenialOrder) -> DenialAnswer:
    """Keep a person's no with its audit entry.

    Raises:
        ProblemError: there is no such opportunity, or it has an approval; nothing was changed.
    """
    books, now = context.books, context.now()
    one = books.opportunities.load_one(order.opportunity_id)
    if one is None:
        raise ProblemError(404, "no_such_opportunity", f"there is no opportunity {order.opportunity_id!r}")
    until = now + timedelta(hours=context.settings.api_denied_hours)
    denial = Denial(one.opportunity_id, one.offer_key, f"person:{who.name}", order.reason, now, until)
    refusal = books.denials.put(denial)
    context.hot.forget_lists()
    kept = books.denials.find(one.opportunity_id) if refusal is not None else denial
    if refusal is not None and (refusal.code != "already_denied" or kept is None):
        raise refused(refusal)
    told = kept or denial
    return DenialAnswer(
        opportunity_id=told.opportunity_id,
        denied_by=told.denied_by,
        reason=told.reason,
        denied_at=told.denied_at,
        until_at=told.until_at,
    )


def purchase_document(one: Purchase) -> PurchaseDocument:
    """Return a purchase as the API tells it."""
    amounts = {"reserved": one.reserved.text, "total": one.total.text if one.total else None}
    names = set(PurchaseDocument.model_fields) - {*amounts, "currency"}
    return PurchaseDocument(**{name: getattr(one, name) for name in names}, **amounts, currency=one.reserved.currency)

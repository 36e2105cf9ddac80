"""`POST /api/listings/create`: draft the listing of a SKU that we own; the listing job publishes it.

What belongs here: the route. Price and floor come from `services/listing_drafts.py`, which never offers below cost,
fees and the least return.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.api.access import require_for
from arb_pipelines.api.context import ApiContext, context_of
from arb_pipelines.api.problems import ProblemError, refused
from arb_pipelines.api.words import Id, Name
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.inventory import InventoryLot, sku_for_next_offer
from arb_pipelines.domain.listing import Listing, ListingState
from arb_pipelines.domain.spend_limit import Refusal

router = APIRouter(prefix="/api/listings", tags=["listings"])
OPEN_STATES = (ListingState.PENDING, ListingState.ACTIVE, ListingState.ENDING)
EXAMPLE: dict[str, Any] = {"sku": "lot-7", "outlet": "sandbox"}


class ListingOrder(BaseModel):
    """Which stock to offer, and where; without an outlet where it nets most."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": EXAMPLE})

    sku: Id
    outlet: Name | None = None


class ListingDocument(BaseModel):
    """One listing; `pending` until the listing job has published it."""

    listing_id: str
    sku: str
    outlet: str
    title: str
    condition: str
    quantity: int
    currency: str
    price: str
    floor: str = Field(description="The lowest price that covers cost, fees and the least return.")
    ceiling: str
    state: ListingState
    listed_at: datetime
    created: bool = Field(description="False where the SKU had this open listing already.")


@router.post("/create", summary="Draft a listing", responses={201: {"model": ListingDocument}})
def create_listing(
    order: ListingOrder,
    request: Request,
    response: Response,
    who: Annotated[Principal, Depends(require_for(Act.DRAFT_LISTING))],
) -> ListingDocument:
    """Draft the listing of everything left of a SKU: 201; sent again it answers with the open one, 200."""
    context = context_of(request)
    found = _open_listing(context, order)
    if found is not None:
        return _document(found, created=False)
    listing = _draft(context, order)
    if not context.books.listings.insert(listing):
        found = _open_listing(context, order)
        if found is None:
            raise refused(Refusal("already_listed", "it is listed already, or its units have gone"))
        return _document(found, created=False)
    detail = {"outlet": listing.outlet, "price": str(listing.price), "floor": str(listing.floor)}
    context.books.audit.append(f"person:{who.name}", "draft_listing", listing.sku, detail, context.now())
    response.status_code = 201
    return _document(listing, created=True)


def _open_listing(context: ApiContext, order: ListingOrder) -> Listing | None:
    """Return what offers the lot of a SKU now; its SKU is another one from its second offer on."""
    every = context.books.listings.load()
    lots = {one.lot_id for one in every if one.sku == order.sku}
    found = (one for one in every if one.lot_id in lots and one.state in OPEN_STATES)
    return next((one for one in found if order.outlet in (None, one.outlet)), None)


def _draft(context: ApiContext, order: ListingOrder) -> Listing:
    from arb_pipelines.domain.fees import load_schedules
    from arb_pipelines.services.listing_drafts import Draft, ListingRules, draft, load_known

    books, settings = context.books, context.settings
    lot = _unlisted(context, order.sku)
    terms = {name: one for name, one in settings.terms_of_outlets.items() if order.outlet in (None, name)}
    if not terms:
        raise ProblemError(422, "no_outlet", "this outlet is not among ours: see ARB_OUTLETS")
    known = load_known(books, books.predictions.load(), load_schedules(), context.now())
    used = {one.sku for one in books.listings.load() if one.lot_id == lot.lot_id}
    offered = replace(lot, sku=sku_for_next_offer(lot, used))
    denied = settings.rule_book.denied
    answers = [draft(offered, len(used) + 1, ListingRules(one, denied=denied), known) for one in terms.values()]
    drafts = [answer for answer in answers if isinstance(answer, Draft)]
    if not drafts:
        raise refused(next(answer for answer in answers if isinstance(answer, Refusal)))
    if offered.sku != lot.sku and not books.inventory.rename(lot.lot_id, lot.sku, offered.sku):
        raise refused(Refusal("already_listed", "another run lists it"))
    return max(drafts, key=lambda one: one.profit.minor).listing


def _unlisted(context: ApiContext, sku: str) -> InventoryLot:
    lots = [lot for lot in context.books.inventory.load() if lot.sku == sku]
    if not lots:
        raise ProblemError(404, "no_such_sku", f"we own nothing with the SKU {sku!r}")
    free = [lot for lot in context.books.inventory.load_unlisted() if lot.sku == sku]
    if not free:
        raise refused(Refusal("nothing_to_list", f"no unit of {sku} is free to be listed"))
    return free[0]


def _document(one: Listing, *, created: bool) -> ListingDocument:
    amounts = {name: getattr(one, name).text for name in ("price", "floor", "ceiling")}
    plain = ("listing_id", "sku", "outlet", "title", "condition", "quantity", "state", "listed_at")
    told = {name: getattr(one, name) for name in plain}
    return ListingDocument(**told, **amounts, currency=one.price.currency, created=created)

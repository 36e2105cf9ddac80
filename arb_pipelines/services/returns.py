"""Returns by hand: open a case, receive the parcel, look at it, refund the buyer.

What belongs here: the order of steps, each safe to repeat. The refund itself is made at the outlet; here it is put
into the books. A unit is stock again only by `inspect`, and only as what it was sold as: an opened item is not new any
more, so it is written off here and sold by a person, or not at all.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import IN_HOUSE, Order
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.return_case import ReturnCase, ReturnRefusedError, ReturnState, units_left
from arb_pipelines.domain.stores import Books


def open_return(
    books: Books, order_id: str, units: int, reason: str, clock: Clock, outlet_return_id: str | None = None
) -> ReturnCase:
    """Open a return, or find it again by the outlet's own id.

    Args:
        books: our books.
        order_id: our id of the order.
        units: how many units come back.
        reason: the buyer's, in words.
        clock: the time.
        outlet_return_id: the outlet's id of the return; without one each call opens another case.

    Raises:
        LookupError: no such order.
        ReturnRefusedError: more units than are left of the order.
    """
    before = [case for case in books.returns.load() if case.order_id == order_id]
    return_id = _return_id(order_id, outlet_return_id or f"#{len(before) + 1}")
    opened = books.returns.open(return_id, order_id, units, reason, clock.now())
    return opened or find_return(books, return_id)


def receive(books: Books, return_id: str, clock: Clock) -> ReturnCase:
    """Record that the parcel is here. Its units are not stock yet."""
    return _step(books, return_id, ReturnState.REQUESTED, ReturnState.RECEIVED, clock)


def inspect(books: Books, return_id: str, *, sellable: bool, clock: Clock) -> ReturnCase:
    """Record what somebody saw: as good as when it left (stock again), or not to be sold as that any more."""
    verdict = ReturnState.RESTOCKED if sellable else ReturnState.WRITTEN_OFF
    return _step(books, return_id, ReturnState.RECEIVED, verdict, clock)


def close(books: Books, return_id: str, clock: Clock) -> ReturnCase:
    """Record that nothing will come back: the buyer thought again, or keeps it."""
    return _step(books, return_id, ReturnState.REQUESTED, ReturnState.CLOSED, clock)


def refund(books: Books, return_id: str, amount: Money, fee_back: Money, clock: Clock) -> ReturnCase:
    """Put a refund into the books; the same refund again changes nothing.

    Raises:
        LookupError: no such return.
        ReturnRefusedError: more than was paid, or the return has another refund already.
    """
    if not books.returns.refund(return_id, amount, fee_back, clock.now()):
        known = find_return(books, return_id)
        if (known.refund, known.fee_back) != (amount, fee_back):
            raise ReturnRefusedError(f"{return_id} was already refunded with {known.refund}")
    return find_return(books, return_id)


def held_back(books: Books, orders: Sequence[Order]) -> set[str]:
    """Return the ids of orders that nobody ships: still in the house, and every unit is in a return.

    That is an order that was cancelled before it left; one whose return is closed is shipped after all.
    """
    cases: dict[str, list[ReturnCase]] = defaultdict(list)
    for case in books.returns.load():
        cases[case.order_id].append(case)
    return {
        order.order_id
        for order in orders
        if order.state in IN_HOUSE and units_left(order.quantity, cases[order.order_id]) <= 0
    }


def find_return(books: Books, return_id: str) -> ReturnCase:
    """Return one case.

    Raises:
        LookupError: there is none of this id.
    """
    found = next((case for case in books.returns.load() if case.return_id == return_id), None)
    if found is None:
        raise LookupError(f"no return {return_id}")
    return found


def _step(books: Books, return_id: str, old: ReturnState, new: ReturnState, clock: Clock) -> ReturnCase:
    moved = books.returns.advance(return_id, expected=(old,), state=new, at=clock.now())
    case = find_return(books, return_id)
    if not moved and case.state is not new:
        raise ReturnRefusedError(f"{return_id} is {case.state}; only one that is {old} becomes {new}")
    return case


def _return_id(order_id: str, mark: str) -> str:
    return f"R-{hashlib.sha256(f'{order_id} {mark}'.encode()).hexdigest()[:12].upper()}"

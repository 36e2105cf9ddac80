"""The fees that outlets really took correct our estimates, what they paid out becomes cash.

What belongs here: reading a statement file, or asking an outlet's finance data, and putting it into the books, each
line once. A file that is not wholly right changes nothing; a fee that is not told stays an estimate.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Protocol, runtime_checkable

from arb_pipelines.domain.ledger import post_payout
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.settlement import FINANCES, Again, AlreadySettledError, Payout, SettledFee, Statement
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.outcomes import NotDone, Report, refused_by

COLUMNS = ("kind", "reference", "line", "amount", "currency")
KINDS = ("fee", "payout")
LONGEST_FILE = 20_000_000  # characters; a year of a busy account has a tenth


class StatementError(ValueError):
    """A statement file that cannot be read."""


@runtime_checkable
class FeeTeller(Protocol):
    """An outlet whose finance data tells the fee of an order line."""

    outlet: str

    def fetch_settled_fees(self, orders: Sequence[Order]) -> Mapping[str, Money]:
        """Return the whole fee of each of these orders that is told and certain, by our order id.

        Raises:
            OSError: no answer.
            ValueError: the outlet refuses, or its answer cannot be understood.
        """


@dataclass(slots=True)
class Settled(Report):
    """Orders whose fee is settled by this statement, payouts booked, and lines that were not, with why."""

    settled: list[str] = field(default_factory=list)
    payouts: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)
    corrections: list[Money] = field(default_factory=list)


def parse_statement(text: str, statement_id: str, outlet: str, settled_at: datetime) -> Statement:
    """Return the statement that a CSV file holds.

    Columns: `kind` (`fee` or `payout`), `reference` (the outlet's order id, or the payout's), `line` (the order's line
    item id; empty for a payout), `amount` (decimal text), `currency`. A fee that comes back has a minus.

    Raises:
        StatementError: a column is missing or a line is not as described; the message names the line.
    """
    if len(text) > LONGEST_FILE:
        raise StatementError(f"a statement of more than {LONGEST_FILE} characters is none")
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    missing = set(COLUMNS) - set(reader.fieldnames or ())
    if missing:
        raise StatementError(f"the statement needs the columns {', '.join(COLUMNS)}; missing: {sorted(missing)}")
    fees: dict[tuple[str, str], Money] = {}
    payouts: dict[str, Money] = {}
    for number, row in _numbered(reader):
        reference, line = (row["reference"] or "").strip(), (row["line"] or "").strip()
        if row["kind"] not in KINDS or not reference:
            raise StatementError(f"line {number}: kind is one of {', '.join(KINDS)}, and reference is not empty")
        try:
            amount = Money.exact((row["amount"] or "").strip(), (row["currency"] or "").strip())
            if row["kind"] == "payout":
                payouts[reference] = payouts[reference] + amount if reference in payouts else amount
            else:
                # Several lines of one order line (a fee, a fixed fee, an advertising fee) are one fee of ours.
                key = (reference, line)
                fees[key] = fees[key] + amount if key in fees else amount
        except MoneyError as error:
            raise StatementError(f"line {number}: {error}") from error
    settled = tuple(SettledFee(order, line, fee) for (order, line), fee in fees.items())
    return Statement(statement_id, outlet, settled_at, settled, tuple(Payout(*one) for one in payouts.items()))


def _numbered(reader: csv.DictReader[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows with their lines; what the reader cannot read is a fault of the file."""
    try:
        yield from enumerate(reader, start=2)
    except csv.Error as error:
        raise StatementError(f"after line {reader.line_num}: {error}") from error


def settle(books: Books, statement: Statement, again: Again | None = None) -> Settled:
    """Put a statement into the books; the same statement again changes nothing.

    An order that the books do not know is reported: a sale that we never imported. So is a line that another
    statement settled, unless `again` says what a second one means.
    """
    done = Settled()
    for fee in statement.fees:
        order_id = f"{statement.outlet}:{fee.outlet_order_id}:{fee.line_item_id}"
        try:
            correction = books.settlements.settle_fee(
                order_id, fee.fee, statement.statement_id, statement.settled_at, again
            )
        except LookupError:
            done.not_done.append(NotDone(order_id, "unknown_order", "the books hold no such order"))
        except AlreadySettledError as error:
            done.not_done.append(NotDone(order_id, "already_settled", str(error)))
        except MoneyError as error:
            done.not_done.append(NotDone(order_id, "currency_differs", str(error)))
        else:
            done.settled += [order_id] if correction is not None else []
            done.corrections += [correction] if correction is not None else []
    for payout in statement.payouts:
        posting = post_payout(statement.outlet, payout.payout_id, payout.amount, statement.settled_at)
        if payout.amount.minor and books.ledger.post(posting):
            done.payouts.append(payout.payout_id)
    return done


def settle_told_fees(books: Books, teller: FeeTeller, clock: Clock) -> Settled:
    """Ask an outlet for the fees that are still estimates here; what it does not tell stays one.

    `reconciled through` moves by itself: it is the day before the first estimate. A statement file may still correct
    what is settled here.
    """
    done = Settled()
    waiting = [order for order in books.orders.load() if order.outlet == teller.outlet and order.fee_estimated]
    if not waiting:
        return done
    try:
        told = teller.fetch_settled_fees(waiting)
    except (OSError, ValueError) as error:
        done.not_done.append(refused_by(f"{teller.outlet} fees", error))
        return done
    lines = [
        SettledFee(order.outlet_order_id, order.line_item_id, told[order.order_id])
        for order in waiting
        if order.order_id in told
    ]
    return settle(books, Statement(FINANCES, teller.outlet, clock.now(), tuple(lines)))

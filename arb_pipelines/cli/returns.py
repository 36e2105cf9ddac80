"""`arb return`: what buyers send back, from the request to the shelf or the bin, and the refund."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.orders import fail
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.return_case import ReturnCase, ReturnRefusedError, ReturnState
from arb_pipelines.services import returns as cases

app = typer.Typer(help="Returns and refunds.", no_args_is_help=True)
ReturnId = Annotated[str, typer.Argument(help="The return's id, as `arb return list` shows it.")]
AMOUNTS = ("cost", "refund", "fee_back")
TIMES = ("requested_at", "received_at", "inspected_at", "refunded_at")


@app.command("list")
def list_returns(
    state: Annotated[
        list[ReturnState] | None, typer.Option(help="Only these states; may be given again.", case_sensitive=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show returns, oldest first. What is `received` waits for somebody to look at it and is not stock.

    Example:

      arb return list --state received
    """
    with opened_books() as books:
        found = books.returns.load(state or ())
    if as_json:
        typer.echo(json.dumps({"returns": [case_json(case) for case in found]}))
        return
    table = Table(Column("id", no_wrap=True), Column("state", no_wrap=True), "order", "units", "refunded", "reason")
    for case in found:
        refunded = str(case.refund) if case.refund else "-"
        table.add_row(case.return_id, case.state, case.order_id, str(case.units), refunded, case.reason[:40])
    print_table(table)
    if not found:
        typer.echo("no such returns", err=True)


@app.command("open")
def open_return(
    order: Annotated[str, typer.Argument(help="Our order id, as `arb orders --state shipped` shows it.")],
    units: Annotated[int, typer.Option(min=1, help="How many units come back.")] = 1,
    reason: Annotated[str, typer.Option(help="The buyer's reason, in words.")] = "not told",
    outlet_id: Annotated[str | None, typer.Option(help="The outlet's id of the return; then opened once.")] = None,
) -> None:
    """Record that a buyer wants to send something back.

    Example:

      arb return open sandbox:12-00345:1 --reason "does not fit" --outlet-id 5012345
    """
    with opened_books() as books:
        _show(lambda: cases.open_return(books, order, units, reason, WallClock(), outlet_id))


@app.command()
def received(return_id: ReturnId) -> None:
    """Record that the parcel is here. Its units are not stock before somebody has looked at them.

    Example:

      arb return received R-0123456789AB
    """
    with opened_books() as books:
        _show(lambda: cases.receive(books, return_id, WallClock()))


@app.command()
def restock(return_id: ReturnId) -> None:
    """Put what was received back into stock: as good as when it left, or it is not this.

    Example:

      arb return restock R-0123456789AB
    """
    with opened_books() as books:
        _show(lambda: cases.inspect(books, return_id, sellable=True, clock=WallClock()))


@app.command("write-off")
def write_off(return_id: ReturnId) -> None:
    """Give up what was received: opened, used or broken, so it is not sold as what it was.

    Example:

      arb return write-off R-0123456789AB
    """
    with opened_books() as books:
        _show(lambda: cases.inspect(books, return_id, sellable=False, clock=WallClock()))


@app.command()
def close(return_id: ReturnId) -> None:
    """Record that nothing comes back.

    Example:

      arb return close R-0123456789AB
    """
    with opened_books() as books:
        _show(lambda: cases.close(books, return_id, WallClock()))


@app.command()
def refund(
    return_id: ReturnId,
    amount: Annotated[str, typer.Option(help="What the buyer got back, without tax, e.g. 24.90.")],
    fee_back: Annotated[str, typer.Option(help="What the outlet gave back of its fee.")] = "0",
) -> None:
    """Put a refund that was made at the outlet into the books, once.

    Example:

      arb return refund R-0123456789AB --amount 24.90 --fee-back 2.40
    """
    with opened_books() as books:

        def refunded() -> ReturnCase:
            currency = cases.find_return(books, return_id).cost.currency
            amounts = Money.exact(amount, currency), Money.exact(fee_back, currency)
            return cases.refund(books, return_id, *amounts, WallClock())

        _show(refunded)


def case_json(case: ReturnCase) -> dict[str, Any]:
    """Return a case as JSON: amounts as decimal text, times as ISO text."""
    money = {name: getattr(case, name) for name in AMOUNTS}
    times = {name: getattr(case, name) for name in TIMES}
    told = {name: amount.text if amount else None for name, amount in money.items()}
    told |= {name: at.isoformat() if at else None for name, at in times.items()}
    return asdict(case) | told | {"state": case.state.value, "currency": case.cost.currency}


def _show(step: Any) -> None:
    try:
        case: ReturnCase = step()
    except (LookupError, ReturnRefusedError, MoneyError) as error:
        fail(str(error.args[0] if error.args else error))
    refunded = f", refunded {case.refund}" if case.refund else ""
    typer.echo(f"{case.return_id}: {case.state} ({case.units} of {case.order_id}{refunded})")

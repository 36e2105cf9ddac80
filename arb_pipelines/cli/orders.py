"""`arb orders`, `arb pick`, `arb pack` and `arb ship`: buyers' orders on their way out of the house."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import UNSHIPPED, Order, OrderState
from arb_pipelines.domain.stores import Books

State = Annotated[
    list[OrderState] | None,
    typer.Option(help="Only these states; may be given again. Default: all not shipped.", case_sensitive=False),
]
OrderIds = Annotated[list[str], typer.Argument(help="Our order ids, as `arb orders` shows them.")]
AMOUNTS = ("revenue", "fee", "cost_of_goods", "estimated_fee", "postage")
TIMES = ("ordered_at", "shipped_at", "ship_by")


def orders(
    state: State = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the most urgent first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show the pick list: orders, the one that must ship first on top, with the lot that each unit comes from.

    Example:

      arb orders

      arb orders --state packed --json
    """
    from arb_pipelines.services.returns import held_back

    with opened_books() as books:
        wanted = set(state or UNSHIPPED)
        found = [order for order in books.orders.load() if order.state in wanted]
        found = sorted(found, key=lambda order: (order.must_ship_by, order.order_id))[:limit]
        titles = {lot.sku: lot.title for lot in books.inventory.load()}
        held = held_back(books, found)
    if as_json:
        shown = [{**order_json(one), "held_back": one.order_id in held} for one in found]
        typer.echo(json.dumps({"orders": shown}))
        return
    table = Table(Column("id", no_wrap=True), Column("state", no_wrap=True), "ship by", "units", "SKU", "title")
    now = datetime.now(UTC)
    for one in found:
        late = " LATE" if one.is_due(now) and now >= one.must_ship_by else ""
        late = " DO NOT SHIP" if one.order_id in held else late
        by = f"{one.must_ship_by:%m-%d %H:%M}{late}"
        table.add_row(one.order_id, one.state, by, str(one.quantity), one.sku, titles.get(one.sku, "-")[:32])
    print_table(table)
    if not found:
        typer.echo("no such orders", err=True)


def order_json(one: Order) -> dict[str, Any]:
    """Return an order as JSON: amounts as decimal text, times as ISO text."""
    money = {name: getattr(one, name) for name in AMOUNTS}
    told = {name: amount.text if amount else None for name, amount in money.items()}
    times = {name: getattr(one, name) for name in TIMES}
    told |= {name: at.isoformat() if at else None for name, at in times.items()}
    rest = {"state": one.state.value, "currency": one.revenue.currency, "must_ship_by": one.must_ship_by.isoformat()}
    return asdict(one) | told | rest


def pick(order: OrderIds) -> None:
    """Record that orders were taken from the shelf.

    Example:

      arb pick sandbox:12-00345:1
    """
    _advance(order, (OrderState.NEW,), OrderState.PICKED)


def pack(order: OrderIds) -> None:
    """Record that orders are in their parcels.

    Example:

      arb pack sandbox:12-00345:1
    """
    _advance(order, (OrderState.PICKED,), OrderState.PACKED)


def ship(
    order: Annotated[str, typer.Argument(help="Our order id, as `arb orders` shows it.")],
    tracking: Annotated[str, typer.Option(help="The carrier's tracking number.")],
    carrier: Annotated[str | None, typer.Option(help="The carrier, as the outlet names it.")] = None,
    postage: Annotated[str | None, typer.Option(help="What the label cost, e.g. 4.50; goes into the books.")] = None,
) -> None:
    """Record that a carrier has the parcel; the next fulfilment run tells the outlet. The same call again is fine.

    Example:

      arb ship ebay:12-00345-67890:10051 --tracking 9400100000000000000000 --carrier USPS --postage 4.50
    """
    from arb_pipelines.services.returns import held_back

    number = tracking.strip()
    if not number:
        fail("a parcel needs its tracking number")
    with opened_books() as books:
        found = _find(books, order)
        if held_back(books, [found]):
            fail(f"{order} was cancelled, its units are in a return: close that first (arb return close) to ship it")
        try:
            cost = None if postage is None else Money.exact(postage, found.revenue.currency)
        except MoneyError as error:
            fail(f"--postage: {error}")
        if cost is not None and cost.minor < 0:
            fail("--postage: a label costs nothing or more")
        sent = books.orders.dispatch(order, number, carrier, cost, datetime.now(UTC))
        now = _find(books, order)
    if not sent and now.tracking_number != number:
        fail(f"{order} has left already, with tracking number {now.tracking_number or 'unknown'}")
    typer.echo(f"{order}: {now.state} ({number})")


def _advance(order_ids: list[str], expected: tuple[OrderState, ...], state: OrderState) -> None:
    failed = False
    with opened_books() as books:
        for order_id in order_ids:
            if not books.orders.advance(order_id, expected=expected, state=state):
                found = next((order for order in books.orders.load() if order.order_id == order_id), None)
                known = f"is {found.state}" if found else "is not in the books: `arb orders` shows what is"
                if found is None or found.state is not state:
                    typer.echo(f"arb: {order_id} {known}; nothing was changed", err=True)
                    failed = True
                    continue
            typer.echo(f"{order_id}: {state}")
    raise typer.Exit(2 if failed else 0)


def _find(books: Books, order_id: str) -> Order:
    found = next((order for order in books.orders.load() if order.order_id == order_id), None)
    if found is None:
        fail(f"no order {order_id} in the books: `arb orders` shows what there is")
    return found


def fail(sentence: str) -> NoReturn:
    """Print one sentence and end with status 2."""
    typer.echo(f"arb: {sentence}", err=True)
    raise typer.Exit(2)

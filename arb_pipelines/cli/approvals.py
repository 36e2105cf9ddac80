"""`arb opportunities` and `arb approve`: what is worth buying, and a person's leave to buy it."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return datetime.now(UTC)


def opportunities(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20, as_json: AsJson = False
) -> None:
    """Show the open opportunities, best profit a day first; `arb approve ID` gives leave to buy one.

    Example:

      arb opportunities --limit 5
    """
    with opened_books() as books:
        found = sorted(books.opportunities.load_open(datetime.now(UTC)), key=lambda o: -o.profit_per_day)[:limit]
    if as_json:
        typer.echo(json.dumps({"opportunities": [opportunity_json(one) for one in found]}))
        return
    table = Table(Column("id", no_wrap=True), "title", "shop", "cost", "max cost", "profit", "ROI", "days")
    for one in found:
        figures = (one.landed_cost.text, one.max_cost.text, one.expected_profit.text, f"{one.roi:.0%}")
        table.add_row(one.opportunity_id, one.title[:40], one.site, *figures, f"{one.days_to_sell:.0f}")
    Console().print(table)
    if not found:
        typer.echo("no open opportunities: look at the asset `opportunities` for what was refused and why", err=True)


def opportunity_json(one: Opportunity) -> dict[str, Any]:
    """Return what decides about an opportunity; amounts are decimal text."""
    money = ("landed_cost", "max_cost", "expected_sale", "expected_net", "expected_profit")
    told = {name: getattr(one, name).text for name in money}
    plain = {name: getattr(one, name) for name in ("opportunity_id", "site", "url", "title", "condition", "outlet")}
    times = {"observed_at": one.observed_at.isoformat(), "decided_at": one.decided_at.isoformat()}
    return plain | told | times | {"currency": one.landed_cost.currency, "roi": str(one.roi), "days": one.days_to_sell}


def approve(
    opportunity_id: Annotated[str, typer.Argument(help="Of `arb opportunities`.", metavar="ID")],
    ceiling: Annotated[str, typer.Option(help="Most that one unit may cost with shipping and tax, such as 12.50.")],
    quantity: Annotated[int, typer.Option(min=1, help="How many units.")] = 1,
    valid_s: Annotated[
        int | None, typer.Option(min=30, help="How long it can be used, s (default: ARB_APPROVAL_VALID_S).")
    ] = None,
) -> None:
    """Give leave to buy an opportunity once: up to a ceiling, a quantity and a time.

    It spends nothing by itself. Price, stock, limits and the kill switch are read again when the purchase is made.

    Example:

      arb approve op-3f2a --ceiling 12.50
    """
    from arb_pipelines.services.approvals import approve_by_person

    settings = Settings()
    try:
        money = Money.exact(str(Decimal(ceiling)), settings.currency)
    except (InvalidOperation, ValueError) as error:
        typer.echo(f"approve: --ceiling {ceiling!r} is not an amount in {settings.currency}, such as 12.50", err=True)
        raise typer.Exit(2) from error
    with opened_books() as books:
        decided = approve_by_person(
            books,
            opportunity_id,
            ceiling=money,
            quantity=quantity,
            by=getpass.getuser(),
            clock=WallClock(),
            valid_for=timedelta(seconds=valid_s or settings.approval_valid_s),
        )
    if isinstance(decided, Refusal):
        typer.echo(f"approve: refused, {decided.code}: {decided.detail}", err=True)
        raise typer.Exit(1)
    until = f"{decided.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    typer.echo(
        f"{decided.approval_id}: {decided.quantity} x {decided.title} at {decided.site}, "
        f"at most {decided.ceiling} each, until {until}"
    )

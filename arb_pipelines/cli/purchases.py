"""`arb purchases` and `arb reconcile`: what was bought, and the books made equal to the shops' order histories."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.purchase import Purchase, PurchaseState
from arb_pipelines.settings import Settings

State = Annotated[
    list[PurchaseState] | None, typer.Option(help="Only these states; may be given again.", case_sensitive=False)
]


def purchases(
    state: State = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show purchases, newest first. An `uncertain` one may or may not exist at the shop and is never sent again.

    Example:

      arb purchases --state uncertain
    """
    with opened_books() as books:
        found = sorted(books.purchases.load(state or ()), key=lambda p: p.claimed_at, reverse=True)[:limit]
    if as_json:
        typer.echo(json.dumps({"purchases": [purchase_json(one) for one in found]}))
        return
    table = Table(Column("id", no_wrap=True), Column("state", no_wrap=True), "shop", "title", "paid or held", "reason")
    for one in found:
        amount = str(one.total or one.reserved)
        table.add_row(one.purchase_id, one.state, one.site, one.title[:32], amount, (one.reason or "-")[:48])
    print_table(table)
    if not found:
        typer.echo("no such purchases", err=True)


def purchase_json(one: Purchase) -> dict[str, Any]:
    """Return a purchase as JSON: amounts as decimal text, times as ISO text."""
    money = {"reserved": one.reserved.text, "total": one.total.text if one.total else None}
    times = {name: getattr(one, name) for name in ("claimed_at", "changed_at", "delivered_at")}
    told = {name: at.isoformat() if at else None for name, at in times.items()}
    return asdict(one) | money | told | {"state": one.state.value, "currency": one.reserved.currency}


def reconcile(
    site: Annotated[list[str] | None, typer.Option(help="Also compare these shops; may be given again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare our purchases with the shops' order histories, both ways, and follow the shops. Sends no order.

    Exit status 1 if something needs a person: an order without a purchase, a second order, an unreadable history.

    Example:

      arb reconcile --json
    """
    from arb_pipelines.scraping.registry import load_sites
    from arb_pipelines.services.reconciling import reconcile as compare

    settings = Settings()
    declared = load_sites(settings.sites_dir).sites
    unknown = sorted(set(site or ()) - {one.key for one in declared})
    if unknown:
        typer.echo(f"reconcile: no site has the key {unknown[0]!r}; `arb site list` shows them", err=True)
        raise typer.Exit(2)
    buyers = settings.open_buyers(declared)
    try:
        with opened_books() as books:
            result = compare(books, buyers, WallClock(), quiet_s=settings.quiet_period_s, sites=site or ())
    finally:
        buyers.close()
    alarms = [asdict(alarm) for alarm in result.alarms]
    if as_json:
        typer.echo(json.dumps(result.summary() | {"alarms": alarms, "unreadable_sites": result.unreadable_sites}))
    else:
        typer.echo("  ".join(f"{name} {count}" for name, count in result.summary().items()))
        for alarm in result.alarms:
            typer.echo(f"{alarm.code} at {alarm.site}: {alarm.detail} (purchase {alarm.purchase_id or '-'})", err=True)
    raise typer.Exit(1 if alarms or result.unreadable_sites else 0)

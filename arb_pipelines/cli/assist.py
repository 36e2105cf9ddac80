"""`arb buy`, `arb bought`, `arb not-bought`, `arb received`: a purchase that a person completes at the shop."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.purchases import purchase_json
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import Purchase
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.settings import Settings

PurchaseId = Annotated[str, typer.Argument(help="Of `arb purchases`.", metavar="PURCHASE_ID")]


def buy(
    approval_id: Annotated[str, typer.Argument(help="Of `arb approve`.", metavar="APPROVAL_ID")],
    as_json: AsJson = False,
) -> None:
    """Hold the money of an approval and show what to do at the shop. The link is given once.

    Example:

      arb buy ap-3f2a
    """
    from dataclasses import asdict

    from arb_pipelines.scraping.registry import load_sites
    from arb_pipelines.services.assisting import prepare
    from arb_pipelines.services.risk_checks import build_submit_check

    settings, clock = Settings(), WallClock()
    book, sites = settings.rule_book, {site.key: site for site in load_sites(settings.sites_dir).sites}
    rules = book.submit_rules(sites, settings.all_outlet_terms, settings.two_person_limit)
    with opened_books() as books:
        check = build_submit_check(books, rules, book.loss_rules(settings.capital), clock)
        found = prepare(approval_id, books, settings.spend_limits, clock, risk=check)
    if isinstance(found, Refusal):
        refuse("buy", found)
        return
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"ceiling": str(found.ceiling)}))
        return
    for number, step in enumerate(found.steps(), 1):
        typer.echo(f"{number}. {step}")


def bought(
    purchase_id: PurchaseId,
    order: Annotated[str, typer.Option(help="The shop's order number.")],
    total: Annotated[str, typer.Option(help="What was paid in all, such as 21.40.")],
) -> None:
    """Say that you bought: the money held becomes the money paid.

    Example:

      arb bought pu-3f2a --order 1000123 --total 21.40
    """
    from arb_pipelines.services.assisting import settle

    settings = Settings()
    try:
        paid = Money.exact(str(Decimal(total)), settings.currency)
    except (InvalidOperation, ValueError) as error:
        typer.echo(f"bought: --total {total!r} is not an amount in {settings.currency}, such as 21.40", err=True)
        raise typer.Exit(2) from error
    with opened_books() as books:
        tell("bought", settle(purchase_id, books, order, paid, WallClock()))


def not_bought(
    purchase_id: PurchaseId, reason: Annotated[str, typer.Option(help="Why, for the books.")] = "not bought"
) -> None:
    """Say that you did not buy and that no order exists: the money is free again.

    Example:

      arb not-bought pu-3f2a --reason "price went up at the last page"
    """
    from arb_pipelines.services.assisting import give_up

    with opened_books() as books:
        tell("not-bought", give_up(purchase_id, books, reason, WallClock()))


def received(purchase_id: PurchaseId) -> None:
    """Say that the goods arrived: the next run of the books takes them into stock.

    Example:

      arb received pu-3f2a
    """
    from arb_pipelines.services.assisting import receive

    with opened_books() as books:
        tell("received", receive(purchase_id, books, WallClock()))


def tell(command: str, found: Purchase | Refusal) -> None:
    """Print the purchase as it is now, or why nothing changed."""
    if isinstance(found, Refusal):
        refuse(command, found)
        return
    told = purchase_json(found)
    over = " (more than was held: look at the order)" if found.total and found.total > found.reserved else ""
    paid = f", {found.total} paid{over}" if found.total else ""
    arrived = ", arrived" if told["delivered_at"] else ""
    typer.echo(f"{found.purchase_id}: {found.state}{paid}{arrived}")


def refuse(command: str, refusal: Refusal) -> None:
    """Print why nothing was done and end with status 1, or 2 where what was named is not there."""
    typer.echo(f"{command}: refused, {refusal.code}: {refusal.detail}", err=True)
    raise typer.Exit(2 if refusal.code.startswith("no_such") else 1)

"""`arb lookup` and `arb budget`: what a price interface knows of a product, and what asking has cost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table

if TYPE_CHECKING:
    from arb_pipelines.domain.product_facts import PriceSource
    from arb_pipelines.domain.stores import Books

NOT_SET_UP = "no price interface is set up: set ARB_KEEPA_KEY, or ARB_BOOKSCOUTER_URL and ARB_BOOKSCOUTER_KEY"


def lookup(
    code: Annotated[str, typer.Argument(help="A GTIN (UPC, EAN, ISBN) or an ASIN.")], as_json: AsJson = False
) -> None:
    """Show what the price interfaces know of a product, and what asking cost; what is not known is left out.

    Example:

      arb lookup 9780306406157 --json
    """
    from arb_pipelines.services.api_budget import ApiBudget
    from arb_pipelines.settings import Settings

    settings, clock = Settings(), WallClock()
    with opened_books() as books:
        budget = ApiBudget(books, settings.api_limits, clock)
        with settings.open_price_sources(budget, clock.now) as sources:
            if not sources:
                typer.echo(f"lookup: {NOT_SET_UP}", err=True)
                raise typer.Exit(2)
            found = {name: ask(source, code, books) for name, source in sources.items()}
    if as_json:
        typer.echo(json.dumps({"code": code, "sources": found}))
    else:
        _print(code, found)
    if all("error" in answer for answer in found.values()):
        raise typer.Exit(2)


def ask(source: PriceSource, code: str, books: Books) -> dict[str, Any]:
    """Return what one interface says as JSON, or why it did not, with what it cost."""
    from arb_pipelines.domain.api_budget import BudgetRefusedError

    started_at = WallClock().now()
    try:
        facts = source.look_up(code)
        answer: dict[str, Any] = {"facts": None if facts is None else _known(facts.as_record())}
    except BudgetRefusedError as refused:
        until = refused.refusal.until
        answer = {"error": refused.refusal.code, "detail": str(refused), "until": until and until.isoformat()}
    except (ConnectionError, ValueError) as error:
        answer = {"error": "no_answer" if isinstance(error, ConnectionError) else "refused", "detail": str(error)}
    costs = books.api_budgets.costs_since(started_at - timedelta(microseconds=1))
    return {**answer, "cost": {f"{api} {operation}": units for api, operation, _, units in costs}}


def budget(as_json: AsJson = False) -> None:
    """Show what metered interfaces may cost and what they cost in the last 24 hours.

    Example:

      arb budget
    """
    from arb_pipelines.settings import Settings

    limits, now = Settings().api_limits, WallClock().now()
    with opened_books() as books:
        used = {name: books.api_budgets.usage(one, "", now) for name, one in limits.items()}
    rows = [
        {
            "api": name,
            "unit": limits[name].unit,
            "used_24h": usage.day,
            "most_a_day": limits[name].most_a_day,
            "most_a_call": limits[name].most_a_call,
            "left_at_vendor": usage.pool and int(usage.pool.left_at(now, limits[name].pool_most) - usage.since_pool),
        }
        for name, usage in used.items()
    ]
    if as_json:
        typer.echo(json.dumps({"budgets": rows}))
        return
    table = Table("interface", "unit", "used in 24 h", "of", "a call", "left at the vendor")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    print_table(table)


def _known(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (None, [], {})}


def _print(code: str, found: dict[str, dict[str, Any]]) -> None:
    for name, answer in found.items():
        cost = ", ".join(f"{units} for {what}" for what, units in answer["cost"].items()) or "nothing (remembered)"
        table = Table("what", "value", title=f"{name}: {code} (cost {cost})")
        facts = answer.get("facts")
        for what, value in (facts or {}).items():
            table.add_row(what, json.dumps(value) if isinstance(value, dict | list) else str(value))
        print_table(table)
        if "error" in answer:
            typer.echo(f"lookup: {name}: {answer['detail']}", err=True)
        elif facts is None:
            typer.echo(f"{name} knows nothing of {code}", err=True)

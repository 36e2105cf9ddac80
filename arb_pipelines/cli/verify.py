"""`arb verify`: walks the books and names every invariant that does not hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from arb_pipelines.cli.switches import refuse_missing_books, unusable_books
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.adapters.sql.books import SqlBooks

COMPARED = timedelta(days=30)  # how far back the shops' orders are compared


def verify(
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of the books (default: ARB_DATABASE_URL).")
    ] = None,
    shops: Annotated[
        bool, typer.Option("--shops", help="Also read the declared shops' order histories: each order must be ours.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check that the books hold: nothing bought or shipped twice, ledger balanced, every purchase traceable.

    Exit status 1 if an invariant is broken.

    Example:

      arb verify --database sqlite:///.arb/demo/books-paper.sqlite

      arb verify --shops --json
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import open_books

    settings = Settings()
    url = database or settings.books_url
    refuse_missing_books(url)
    try:
        books = open_books(url, mode=settings.mode.value)
        try:
            broken, totals = books.broken_invariants(), dict(books.totals())
            unreadable = add_unknown_orders(books, settings, broken) if shops else []
        finally:
            books.close()
    except (SQLAlchemyError, ValueError, ModuleNotFoundError) as error:
        mend = "run `arb migrate` to create or upgrade them, or name others with --database"
        raise unusable_books(url, str(error.__cause__ or error), mend) from error
    if as_json:
        typer.echo(json.dumps({"broken": broken, "totals": totals, "unreadable_sites": unreadable}))
    else:
        print_result(broken, totals)
        for site in unreadable:
            typer.echo(f"verify: the order history of {site} cannot be read, so its orders were not compared", err=True)
    raise typer.Exit(1 if broken or unreadable else 0)


def add_unknown_orders(books: SqlBooks, settings: Settings, broken: dict[str, int]) -> list[str]:
    """Count the orders of all readable shops that no purchase explains into `broken`; return the other shops."""
    from arb_pipelines.adapters.sql.invariants_evidence import I8
    from arb_pipelines.scraping.registry import load_sites

    sites = [site for site in load_sites(settings.sites_dir).sites if site.buyer in ("sandbox", "browser")]
    buyers = settings.open_buyers(sites)
    since, seen, unreadable = datetime.now(UTC) - COMPARED, [], []
    try:
        for site in sites:
            buyer = buyers.buyer_for(site.key)
            try:
                seen += [(site.key, order) for order in (buyer.fetch_orders(since) if buyer else [])]
            except (OSError, ValueError):
                unreadable.append(site.key)
    finally:
        buyers.close()
    unknown = books.unknown_orders(seen)
    broken |= {I8: len(unknown)} if unknown else {}
    return unreadable


def print_result(broken: dict[str, int], totals: dict[str, int]) -> None:
    """Print totals and each broken invariant."""
    console = Console()
    console.print("  ".join(f"{name} {count}" for name, count in totals.items()), highlight=False, soft_wrap=True)
    for name, rows in broken.items():
        console.print(f"[bold red]broken[/] {name}: {rows} rows", highlight=False)
    if not broken:
        console.print("[bold green]every invariant holds[/]")

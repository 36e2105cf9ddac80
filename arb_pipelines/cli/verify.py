"""`arb verify`: walks the books and names every invariant that does not hold."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from arb_pipelines.settings import Settings


def verify(
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of the books (default: ARB_DATABASE_URL).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check that the books hold: nothing bought or shipped twice, ledger balanced, every purchase traceable.

    Exit status 1 if an invariant is broken.

    Example:

      arb verify --database sqlite:///.arb/demo/books-paper.sqlite
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import open_books

    settings = Settings()
    url = database or settings.books_url
    try:
        books = open_books(url, mode=settings.mode.value)
        try:
            broken, totals = books.broken_invariants(), dict(books.totals())
        finally:
            books.close()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        typer.echo(
            f"verify: cannot read the books at {url}: {reason} (run `arb demo` or `arb dev` once to create them)",
            err=True,
        )
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"broken": broken, "totals": totals}))
    else:
        print_result(broken, totals)
    raise typer.Exit(1 if broken else 0)


def print_result(broken: dict[str, int], totals: dict[str, int]) -> None:
    """Print totals and each broken invariant."""
    console = Console()
    console.print("  ".join(f"{name} {count}" for name, count in totals.items()), highlight=False)
    for name, rows in broken.items():
        console.print(f"[bold red]broken[/] {name}: {rows} rows", highlight=False)
    if not broken:
        console.print("[bold green]every invariant holds[/]")

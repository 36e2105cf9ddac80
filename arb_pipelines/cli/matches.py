"""`arb match`: which offers are held to be which product, and a person's word on it."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.domain.stores import Books

app = typer.Typer(help="Which offers are the same product, and your word on it.", no_args_is_help=True)
SEEN_WITHIN = timedelta(days=30)


class Outcome(StrEnum):
    """What the matching says of an offer."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


class Verdict(StrEnum):
    """What a person says of a match."""

    RIGHT = "right"
    WRONG = "wrong"


@app.command("list")
def list_matches(
    outcome: Annotated[Outcome, typer.Option(help="Which to show.")] = Outcome.UNSURE,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show offers with the product they are held to be; `unsure` ones are never bought by machine.

    Example:

      arb match list --outcome same
    """
    with opened_books() as books:
        found = load_matches(books, outcome).head(limit)
    if as_json:
        typer.echo(json.dumps({"matches": found.to_dicts()}))
        return
    table = Table(Column("offer", no_wrap=True), "shop", "title", "product", "by", "score")
    for row in found.iter_rows(named=True):
        score = "-" if row["score"] is None else f"{row['score']:.2f}"
        table.add_row(
            row["offer_key"], row["site"], (row["title"] or "-")[:40], row["product_id"] or "-", row["method"], score
        )
    print_table(table)
    if found.is_empty():
        typer.echo(f"no offers of the last {SEEN_WITHIN.days} days are {outcome}", err=True)


@app.command()
def judge(
    offer_key: Annotated[str, typer.Argument(help="Of `arb match list`.")],
    product_id: Annotated[str, typer.Argument(help="Of `arb match list`.")],
    verdict: Annotated[Verdict, typer.Argument(help="Whether the offer is that product.")],
) -> None:
    """Say whether an offer is a product. A match called wrong ends at once, and the matcher learns from it.

    Example:

      arb match judge 3f2a9c gtin:0614141007349 wrong
    """
    from arb_pipelines.services.match_feedback import UnknownMatchError, report_match

    is_right = verdict is Verdict.RIGHT
    with opened_books() as books:
        try:
            report_match(
                books, WallClock(), offer_key=offer_key, product_id=product_id, is_right=is_right, by=getpass.getuser()
            )
        except UnknownMatchError as error:
            typer.echo(f"match judge: {error}; `arb match list` shows what is known", err=True)
            raise typer.Exit(2) from error
    typer.echo(f"{offer_key} is {'' if is_right else 'not '}{product_id}: noted")


def load_matches(books: Books, outcome: Outcome) -> pl.DataFrame:
    """Return the recent offers with this outcome: offer_key, site, title, product_id, method, score."""
    import polars as pl

    offers = pl.DataFrame(books.price_history.load_latest(datetime.now(UTC) - SEEN_WITHIN))
    matches = pl.DataFrame(books.products.load_matches()).filter(pl.col("outcome") == outcome.value)
    joined = matches.join(offers.select("offer_key", "site", "title"), on="offer_key")
    return joined.select("offer_key", "site", "title", "product_id", "method", "score").sort("site", "offer_key")

"""`arb history`: what shops asked for a product over time, and which products' prices change most.

What belongs here: the options, reading the books, and showing. The figures are `transforms/product_history.py`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.domain.stores import Books

AVERAGE_DAYS = 180
CANDIDATES = 10

Product = Annotated[str | None, typer.Argument(help="Product id, GTIN, or words of its title.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")]
Plot = Annotated[Path | None, typer.Option(help="Also draw the prices into this PNG file.")]
AsOf = Annotated[
    str | None, typer.Option(help="What was known at this time: YYYY-MM-DD or ISO 8601, UTC. Default: now.")
]


def history(
    product: Product = None,
    days: Days = 30,
    plot: Plot = None,
    trending: Annotated[bool, typer.Option("--trending", help="Show the products whose prices changed most.")] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many trending products.")] = 20,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a product's prices: averages over 30, 90 and 180 days (each price counts as long as it stood), every offer.

    Time out of stock is no price and counts in no average; the out-of-stock share is empty where pages say nothing.

    Examples:

      arb history "table lamp" --days 90 --plot lamp.png

      arb history --trending --days 7 --json
    """
    from arb_pipelines.cli.switches import opened_books

    end = read_moment(as_of)
    if (product is None) != trending:
        raise typer.Exit(complain('name one product, as in arb history "table lamp", or give --trending alone'))
    with opened_books() as books:
        if product is None:
            show_trends(books, end, days, most, as_json=as_json)
        else:
            show_product(books, product, end, days, plot, as_json=as_json)


def complain(fault: str) -> int:
    """Print one line on standard error and return the exit status that goes with it."""
    typer.echo(f"arb history: {fault}", err=True)
    return 2


def read_moment(text: str | None) -> datetime:
    """Return the end of what is known, aware UTC; without a text that is now.

    Raises:
        typer.Exit: it is not a time (exit code 2).
    """
    try:
        moment = datetime.now(UTC) if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.Exit(
            complain(f"--as-of {text} is not a time; write it as 2026-03-31 or 2026-03-31T12:00")
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def show_trends(books: Books, end: datetime, days: int, most: int, *, as_json: bool) -> None:
    """Print the products whose average price of `days` differs most from that of the `days` before."""
    import polars as pl

    from arb_pipelines.transforms.product_history import describe_trends
    from arb_pipelines.transforms.product_matching import attach_products

    points = pl.DataFrame(books.price_history.load_between(end - timedelta(days=2 * days + 7), end))
    named = attach_products(points, pl.DataFrame(books.products.load_matches()))
    titles = dict(pl.DataFrame(books.products.load()).select("product_id", "title").iter_rows())
    found = [{"title": titles.get(row["product_id"]), **row} for row in describe_trends(named, end, days, most)]
    if as_json:
        typer.echo(json.dumps({"as_of": end.isoformat(), "days": days, "trending": found}, indent=2))
        return
    for row in found:
        before, now = (_money(row[name], row["currency"]) for name in ("before_minor", "now_minor"))
        typer.echo(f"{row['change']:>+8.1%}  {before:>16} -> {now:>16}  {row['title'] or row['product_id']}")
    if not found:
        typer.echo(f"no product was seen in both the last {days} days and the {days} before", err=True)


def show_product(books: Books, asked: str, end: datetime, days: int, plot: Path | None, *, as_json: bool) -> None:
    """Print one product's averages, offers and observations, and draw them if a file is named."""
    import polars as pl

    from arb_pipelines.transforms.product_history import describe_history

    about = _one_product(books, asked)
    matches = pl.DataFrame(books.products.load_matches())
    offers = matches.filter(pl.col("outcome") == "same", pl.col("product_id") == about["product_id"])["offer_key"]
    start = end - timedelta(days=max(days, AVERAGE_DAYS) + 7)
    points = pl.DataFrame(books.price_history.load_between(start, end, offers.to_list()))
    figures = {**about, "as_of": end.isoformat(), "days": days, **describe_history(points, end, days)}
    if plot is not None:
        _draw(points.filter(pl.col("observed_at") >= end - timedelta(days=days)), str(about["title"]), plot)
    typer.echo(json.dumps(figures, indent=2) if as_json else _as_text(figures))


def _one_product(books: Books, asked: str) -> dict[str, Any]:
    import polars as pl

    from arb_pipelines.transforms.product_history import find_products

    found = find_products(pl.DataFrame(books.products.load()), asked)
    if found.is_empty():
        raise typer.Exit(complain(f"no known product is {asked!r}; give its id, its GTIN or words of its title"))
    if found.height > 1:
        rows = [f"  {row['product_id']}  {row['title']}" for row in found.head(CANDIDATES).iter_rows(named=True)]
        more = f"\n  and {found.height - CANDIDATES} more" if found.height > CANDIDATES else ""
        listed = "\n".join(rows) + more
        raise typer.Exit(complain(f"{found.height} products are {asked!r}; give the id of one:\n{listed}"))
    return found.select("product_id", "title", "gtin").row(0, named=True)


def _draw(points: pl.DataFrame, title: str, target: Path) -> None:
    from arb_pipelines.backtest.charts import draw_history

    try:
        target.write_bytes(draw_history(points, title))
    except OSError as error:
        raise typer.Exit(complain(f"cannot write {target}: {error.strerror}; give --plot another path")) from error
    typer.echo(f"drawn into {target}", err=True)


def _money(minor: int | None, currency: str) -> str:
    from arb_pipelines.domain.money import Money

    return "-" if minor is None else str(Money(minor, currency))


def _as_text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['title']} ({figures['product_id']}), {figures['observations']} readings in {figures['days']} days"
    ]
    for row in figures["averages"]:
        average, low, high = (
            _money(row[name], row["currency"]) for name in ("average_minor", "min_minor", "max_minor")
        )
        out = row["out_of_stock_share"]
        stock = "stock not stated" if out is None else f"out of stock {Decimal(str(out)):.1%}"
        lines.append(
            f"{row['days']:>4} days: average {average}, {low} to {high}, known {row['known_share']:.0%}, {stock}"
        )
    for row in figures["offers"]:
        lines.append(f"  {row['site']:24} {_money(row['price_minor'], row['currency']):>16}  {row['observed_at']}")
    return "\n".join(lines)

"""`arb report`: what the stores tell a person, without the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arb_pipelines.cli.orders import fail
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.reports.page import ReportPage
    from arb_pipelines.reports.trade_data import TradeData

app = typer.Typer(help="Reports over what was recorded.", no_args_is_help=True)
Days = Annotated[int, typer.Option(min=1, max=366, help="How many days back from now.")]
Window = Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days back from now.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Out = Annotated[Path | None, typer.Option("--out", help="Also write the report as CSV and HTML into this folder.")]
DAY = ["%Y-%m-%d"]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First UTC day; default: 30 days before.")]
To = Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last UTC day; default: today.")]


@app.callback()
def reports() -> None:
    """Reports over what was recorded."""


@app.command()
def politeness(days: Days = 1, as_json: AsJson = False) -> None:
    """Show how the shops were treated: requests, pace, robots.txt, rests, bytes; impolite visits first.

    Example:

      arb report politeness --days 7 --json
    """
    from arb_pipelines.reports.politeness import build_report, render_markdown

    end = datetime.now(UTC)
    start = end - timedelta(days=days)
    with opened_books() as books:
        report = build_report(books.visits.load_between(start, end), start, end)
    if as_json:
        typer.echo(json.dumps(report.to_json()))
    elif report.sites:
        typer.echo(render_markdown(report))
    else:
        typer.echo(f"no visits in the last {days} day(s)", err=True)


@app.command()
def pnl(start: From = None, end: To = None, as_json: AsJson = False, out: Out = None) -> None:
    """Show profit and loss by day: sales, refunds, fees, labels, cost, write-offs, and whether the ledger agrees.

    Example:

      arb report pnl --from 2026-11-01 --to 2026-11-30 --json
    """
    from arb_pipelines.domain.settlement import reconciled_days
    from arb_pipelines.reports.profit_and_loss import build_page

    data = _load()
    last = end.date() if end else data.now.date()
    first = start.date() if start else last - timedelta(days=30)
    if first > last:
        fail(f"--from {first} is after --to {last}")
    _show(build_page(data, first, last, reconciled_days(data.orders, data.now)), as_json, out)


@app.command()
def fastest(
    days: Window = 90,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many products.")] = 10,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Show the products that sold fastest, by selling days from listing to order.

    Example:

      arb report fastest --top 20
    """
    from arb_pipelines.reports.fastest_selling import build_page

    data = _load()
    _show(build_page(data, data.now - timedelta(days=days), top), as_json, out)


@app.command()
def categories(days: Window = 90, as_json: AsJson = False, out: Out = None) -> None:
    """Show what each category brought: sales, profit after returns, margin, return on cost, speed.

    Example:

      arb report categories --days 30 --json
    """
    from arb_pipelines.reports.category_performance import build_page

    data = _load()
    _show(build_page(data, data.now - timedelta(days=days)), as_json, out)


@app.command()
def deals(days: Window = 90, as_json: AsJson = False, out: Out = None) -> None:
    """Show estimated and realised profit, estimated and settled fee of each deal; the worst surprise first.

    Example:

      arb report deals --out reports
    """
    from arb_pipelines.reports.deal_profits import build_page

    data = _load()
    _show(build_page(data, data.now - timedelta(days=days)), as_json, out)


@app.command()
def ageing(as_json: AsJson = False, out: Out = None) -> None:
    """Show what is on hand, by how long it has been lying here, at cost; the oldest first.

    Example:

      arb report ageing --json
    """
    from arb_pipelines.reports.stock_ageing import build_page

    _show(build_page(_load()), as_json, out)


def _load() -> TradeData:
    from arb_pipelines.reports.trade_data import load_trade_data

    settings = Settings()
    with opened_books() as books:
        now = datetime.now(UTC)
        return load_trade_data(books, settings.currency, now, days_a_day=settings.selling_days_a_day)


def _show(page: ReportPage, as_json: bool, out: Path | None) -> None:
    if out is not None:
        try:
            written = page.write(out)
        except OSError as error:
            fail(f"cannot write the report into {out}: {error.strerror or error}")
        for path in written:
            typer.echo(f"written: {path}", err=True)
    if as_json:
        typer.echo(json.dumps(page.to_json()))
        return
    typer.echo(page.to_text())

"""`arb report`: what the stores tell a person, without the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from arb_pipelines.cli.switches import opened_books

app = typer.Typer(help="Reports over what was recorded.", no_args_is_help=True)
Days = Annotated[int, typer.Option(min=1, max=366, help="How many days back from now.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


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

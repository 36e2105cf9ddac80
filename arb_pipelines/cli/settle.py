"""`arb settle`: a statement of an outlet corrects our estimated fees, and its payouts become cash."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from arb_pipelines.cli.approvals import AsJson
from arb_pipelines.cli.orders import fail
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.settlement import Again


def settle(
    file: Annotated[Path, typer.Argument(help="CSV: kind (fee or payout), reference, line, amount, currency.")],
    outlet: Annotated[str, typer.Option(help="Whose statement it is.")],
    statement: Annotated[str | None, typer.Option(help="The statement's number; default: the file's name.")] = None,
    again: Annotated[
        Again | None,
        typer.Option(
            help="What a line means that another statement has settled: add (further charges, a credit) or replace."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a statement: fees really taken, payouts. The same statement again changes nothing.

    Exit status 1 if a line names an order that the books do not know, or one that another statement has settled
    and --again does not say what is meant.

    Examples:

      arb settle payouts-2026-11.csv --outlet ebay
      arb settle advertising-2026-11.csv --outlet ebay --again add
    """
    from arb_pipelines.domain.settlement import reconciled_through
    from arb_pipelines.services.settling import StatementError, parse_statement
    from arb_pipelines.services.settling import settle as put_in_books

    now = datetime.now(UTC)
    try:
        read = parse_statement(file.read_text(encoding="utf-8-sig"), statement or file.stem, outlet, now)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"cannot read {file}: it is not UTF-8 text")
    except StatementError as error:
        fail(f"{file}: {error}")
    with opened_books() as books:
        done = put_in_books(books, read, again)
        through = reconciled_through(books.orders.load(), outlet, now)
    left = [{"key": one.key, "code": one.code, "detail": one.detail} for one in done.not_done]
    day = through.isoformat() if through else None
    if as_json:
        counts = {"settled": len(done.settled), "payouts": len(done.payouts)}
        typer.echo(json.dumps(counts | {"not_done": left, "reconciled_through": day}))
    else:
        typer.echo(
            f"{len(done.settled)} fees settled, {len(done.payouts)} payouts; reconciled through {day or 'no day'}"
        )
        for one in done.not_done:
            typer.echo(f"arb: {one.key}: {one.code}: {one.detail}", err=True)
    raise typer.Exit(1 if left else 0)

"""`arb bench prices`: how near predicted prices come, and whether the intervals hold, month by month.

What belongs here: the command's options, its figures as JSON and as a table. The walk is `ml/price_walk.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.ml.price_listings import Fold, Listings

WARM_UP_MONTHS = 1


class Retrain(StrEnum):
    """How often the model is trained anew."""

    MONTHLY = "monthly"
    NEVER = "never"


def prices(
    listings: Annotated[Path, typer.Option(help="Listings: Parquet, CSV or NDJSON with at least a price column.")],
    start: Annotated[
        str | None, typer.Option("--from", help="First day to predict, YYYY-MM-DD (default: the newest third).")
    ] = None,
    retrain: Annotated[Retrain, typer.Option(help="How often to train anew.")] = Retrain.MONTHLY,
    label_delay_days: Annotated[
        float, typer.Option(min=1.0, help="Days until a price is known to the intervals and the market level.")
    ] = 1.0,
    window_days: Annotated[float, typer.Option(min=1.0, help="Days of known errors that set the intervals.")] = 14.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Walk forward over listings: train on what came before each month, predict what is first seen in it.

    Printed are MAPE, median error and the share within 5 % and 15 % of the rule (time-weighted median of the same
    item), of the model as trained (`model_frozen`) and of the model moved with the market between trainings by the
    errors known so far (`model`); and the coverage and median half width of the 80 % and 90 % intervals.

    Listings without dates are split by id: four fifths teach, a fifth is predicted.

    Example:

        arb bench prices --listings listings.parquet --from 2026-01-01 --retrain monthly --json
    """
    from arb_pipelines.ml.conformal import Memory
    from arb_pipelines.ml.price_listings import ListingsError, monthly_folds, read_listings
    from arb_pipelines.ml.price_walk import walk_prices

    try:
        begin = read_date(start)
        found = read_listings(listings)
        begin = begin or newest_third(found)
        folds = list(monthly_folds(found, begin, WARM_UP_MONTHS, retrain=retrain is Retrain.MONTHLY))
        walk = walk_prices(found, track_folds(folds), memory=Memory(label_delay_days, window_days))
    except ListingsError as error:
        raise typer.Exit(complain("prices", str(error))) from error
    if walk.predicted.is_empty() or not walk.predicted["counted"].any():
        fault = f"nothing is listed from {begin} on after at least 50 listings before it; give an earlier --from"
        raise typer.Exit(complain("prices", fault))
    result = figures(found, walk.predicted, begin.isoformat() if begin and found.dated else None)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def read_date(text: str | None) -> date | None:
    """Return a date given as YYYY-MM-DD.

    Raises:
        ListingsError: it is not one.
    """
    from arb_pipelines.ml.price_listings import ListingsError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ListingsError(f"--from {text} is not a date; write it as YYYY-MM-DD") from error


def newest_third(listings: Listings) -> date | None:
    """Return the first of the month in which the newest third of the listings begins; None where none has a date."""
    listed = listings.rows["listed_on"].drop_nulls().sort()
    first: date | None = None if listed.is_empty() else listed[listed.len() * 2 // 3].replace(day=1)
    return first


def complain(command: str, fault: str) -> int:
    """Print one line on standard error and return the exit status that goes with it."""
    typer.echo(f"arb bench {command}: {fault}", err=True)
    return 2


def track_folds(folds: list[Fold]) -> Iterator[Fold]:
    """Yield the folds behind a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(folds, description="months", console=console, disable=not console.is_terminal, transient=True)


def figures(listings: Listings, predicted: pl.DataFrame, start: str | None) -> dict[str, Any]:
    """Return the figures of a walk, ready for JSON; shares and errors in percent."""
    counted = predicted.filter("counted")
    months = [_figures_of(str(key[0]), rows) for key, rows in counted.group_by("fold", maintain_order=True)]
    whole = _figures_of("all", counted)
    del whole["month"]
    return {
        "split": "walk-forward by month" if listings.dated else "by id, a fifth predicted",
        "from": start,
        "currency": listings.currency,
        "listings": listings.rows.height,
        "listings_left_out": listings.left_out,
        **whole,
        "model_beats_rule": bool(whole["model"]["mdape"] < whole["rule"]["mdape"]),
        "months": months,
        "prices_are": "asking prices at listing; what a buyer pays in the end is not in such data",
    }


def _figures_of(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    from arb_pipelines.ml.price_walk import interval_figures, price_figures

    return {
        "month": name,
        "n": rows.height,
        "rule": price_figures(rows, "rule"),
        "model_frozen": price_figures(rows, "frozen"),
        "model": price_figures(rows, "middle"),
        "interval_80": interval_figures(rows, 80),
        "interval_90": interval_figures(rows, 90),
    }


def _print_table(result: dict[str, Any]) -> None:
    typer.echo(f"{result['n']} predictions, {result['split']}; all figures in percent")
    heads = ("month", "n", "rule MAPE", "model MAPE", "w5", "w15", "80 % covers", "90 % covers", "90 % half width")
    typer.echo("".join(f"{head:>17}" for head in heads))
    for row in [*result["months"], {"month": "all", **result}]:
        values = (
            row["month"],
            row["n"],
            row["rule"]["mape"],
            row["model"]["mape"],
            row["model"]["w5"],
            row["model"]["w15"],
            row["interval_80"]["coverage"],
            row["interval_90"]["coverage"],
            row["interval_90"]["half_width"],
        )
        typer.echo("".join(f"{value:>17}" for value in values))

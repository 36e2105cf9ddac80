"""`arb bench days-to-sell`: how well the time to sell is predicted, beside the shrunk rate a product.

What belongs here: the command's options and its output. The walk is `ml/days_to_sell_walk.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.bench.prices import complain, newest_third, read_date

if TYPE_CHECKING:
    from arb_pipelines.ml.days_to_sell_walk import SpellWalk
    from arb_pipelines.ml.price_listings import Listings

LAST_HORIZON = 60


def days_to_sell(
    listings: Annotated[
        Path, typer.Option(help="Listings: Parquet, CSV or NDJSON with price, listed_on, last_seen_on.")
    ],
    start: Annotated[
        str | None,
        typer.Option("--from", help="First day of listing to predict, YYYY-MM-DD (default: the newest third)."),
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, max=LAST_HORIZON, help="Sold within how many days, for AUC.")] = 21,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Walk forward over listings: predict how long those of each month stay, from what was known before it.

    A listing that is gone counts as sold, which is not always so; one that is still there counts as unsold for as long
    as it was watched. The rule is the pace of the product at the source, shrunk to the source; the model joins it with
    a discrete-time hazard. The lower integrated Brier score is named as the winner.

    Example: arb bench days-to-sell --listings listings.parquet --from 2026-01-01 --json
    """
    from arb_pipelines.ml.days_to_sell_walk import walk_spells
    from arb_pipelines.ml.price_listings import ListingsError, read_listings

    try:
        begin = read_date(start)
        found = read_listings(listings)
        begin = begin or newest_third(found)
        if begin is None:
            raise ListingsError("times to sell need the columns listed_on and last_seen_on")
        walk = walk_spells(found, begin, report=_show)
    except ListingsError as error:
        raise typer.Exit(complain("days-to-sell", str(error))) from error
    result = figures(found, walk, begin.isoformat(), horizon)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def figures(listings: Listings, walk: SpellWalk, start: str, horizon: int) -> dict[str, Any]:
    """Return the figures of a walk, ready for JSON."""
    from arb_pipelines.ml.days_to_sell_walk import spell_figures

    spells = walk.spells
    curves = {"rule": walk.rule, "hazard": walk.hazard, "model": walk.model}
    whole = {name: spell_figures(spells, unsold, horizon) for name, unsold in curves.items()}
    months = []
    for month in spells["fold"].unique(maintain_order=True).to_list():
        chosen = spells["fold"] == month
        part, flags = spells.filter(chosen), chosen.to_numpy()
        by_name = {name: spell_figures(part, unsold[flags], horizon) for name, unsold in curves.items()}
        months.append({"month": month, "n": part.height, "censored": int((~part["sold"]).sum()), **by_name})
    return {
        "split": "walk-forward by month",
        "from": start,
        "horizon_days": horizon,
        "listings": listings.rows.height,
        "n": spells.height,
        "censored": int((~spells["sold"]).sum()),
        **whole,
        "winner": "model" if (whole["model"]["ibs"] or 0) < (whole["rule"]["ibs"] or 0) else "rule",
        "gone_is_not_always_sold": True,
        "months": months,
    }


def _show(stage: str) -> None:
    """Tell a waiting person how far it is, on standard error."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        console.print(f"done: {stage}", highlight=False)


def _print_table(result: dict[str, Any]) -> None:
    typer.echo(f"{result['n']} listings, {result['censored']} never seen to sell; winner: {result['winner']}")
    typer.echo(f"{'':>10}{'AUC':>10}{'Brier':>10}{'C-index':>10}{'IBS':>10}")
    for name in ("rule", "hazard", "model"):
        row = result[name]
        typer.echo(f"{name:>10}" + "".join(f"{row[key]!s:>10}" for key in ("auc", "brier", "c_index", "ibs")))

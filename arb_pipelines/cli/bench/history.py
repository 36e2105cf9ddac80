"""`arb bench history`: silent shops, changed units and glitch prices found in a history of spells.

What belongs here: the command's options, its JSON and its table. The figures are `backtest/history_figures.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

SpellFolder = Annotated[
    Path,
    typer.Option("--spells", help="Folder with price_spells.parquet, products.parquet and store_days.parquet."),
]


def history(
    spells: SpellFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Clean a history of price spells day by day and count what was caught, beside a z-score detector.

    Every alarm is one that could be raised on its day: nothing later is looked at. Which prices were glitches and
    which promotions is then told with hindsight.

    Example: arb bench history --spells prices/ --json
    """
    from arb_pipelines.adapters.parquet.price_spells import SpellFilesError, load_spell_set
    from arb_pipelines.backtest.history_figures import measure_history

    try:
        found = load_spell_set(spells)
    except SpellFilesError as error:
        typer.echo(f"arb bench history: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"cleaning {found.spells.height} spells ...", err=True)
    figures = measure_history(found)
    typer.echo(json.dumps(figures, indent=2) if as_json else _as_table(figures))


def _as_table(figures: dict[str, Any]) -> str:
    lines = [f"{figures['spells']} spells in {figures['seconds']} s, {figures['rows_per_s']} spells/s"]
    lines.append(f"{'':44}{'ours':>12}{'z-score':>12}")
    shown = (
        ("silent runs flagged on their first day", "outages", "flagged_on_first_day"),
        ("of silent runs", "outages", "silent"),
        ("full days flagged", "outages", "full_days_flagged"),
        ("alarms of another unit", "drift", "alarms"),
        ("glitches held", "glitches", "held"),
        ("of glitches", "glitches", "n"),
        ("promotions delayed", "promotions", "delayed"),
        ("of promotions", "promotions", "n"),
    )
    for label, part, name in shown:
        lines.append(f"{label:44}{figures['ours'][part][name]:>12}{figures['z_score'][part][name]:>12}")
    for alarm in figures["ours"]["drift"]["found"]:
        lines.append(f"another unit: {alarm['store']} on {alarm['flagged_on']}, {alarm['detail']}")
    return "\n".join(lines)

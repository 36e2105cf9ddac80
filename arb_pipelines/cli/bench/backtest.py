"""`arb bench backtest`: what price gaps promise and what they realise, before and after the haircut.

What belongs here: the command's options, its JSON and its table. The figures are `backtest/pair_bench.py`.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

SHOWN = ("trades", "promised_median", "realised_median", "losing_share", "return_sum", "drawdown")


def backtest(
    spells: Annotated[
        Path,
        typer.Option("--spells", help="Folder with price_spells.parquet, products.parquet and store_days.parquet."),
    ],
    costs: Annotated[str, typer.Option("--costs", help="Costs as a share of the sale, such as 0.20.")] = "0.20",
    roi: Annotated[str, typer.Option("--roi", help="Least return the seen gap must promise (before).")] = "0.15",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Buy new price gaps between two shops that sell the same name, and sell 3, 7 or 14 days later.

    Before: the seen price is believed. After: the price at the sale is predicted from gaps whose outcome was known
    by then (refitted monthly), and its low quantile must pay. Both go through the rules and fees of the live trade.

    Example: arb bench backtest --spells prices/ --json
    """
    from arb_pipelines.adapters.parquet.price_spells import SpellFilesError, load_spell_set
    from arb_pipelines.backtest.pair_bench import NoGapsError, PairTerms, measure_pairs

    terms = PairTerms(cost_share=read_share("--costs", costs), naive_roi=read_share("--roi", roi))
    try:
        figures = measure_pairs(load_spell_set(spells), terms, lambda line: typer.echo(line, err=True))
    except (SpellFilesError, NoGapsError) as error:
        typer.echo(f"arb bench backtest: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(json.dumps(figures, indent=2) if as_json else _as_table(figures))


def read_share(option: str, text: str) -> Decimal:
    """Return a share of 1 given as text.

    Raises:
        typer.Exit: it is not a number from 0 up to, but not including, 1 (exit code 2).
    """
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 <= share < 1:
        typer.echo(f"arb bench backtest: {option} {text} is not a share; write it as 0.20 for a fifth", err=True)
        raise typer.Exit(2)
    return share


def _as_table(figures: dict[str, Any]) -> str:
    lines = [f"{figures['new_gaps']} new gaps, {figures['names_in_two_shops']} names in two shops"]
    lines.append(f"{'days':>4} {'':8}" + "".join(f"{name:>18}" for name in SHOWN))
    for days, found in figures["days_to_sale"].items():
        for side in ("before", "after"):
            cells = "".join(f"{found[side].get(name, '-'):>18}" for name in SHOWN)
            lines.append(f"{days:>4} {side:8}{cells}")
        if "profit_kept" in found:
            lines.append(f"{'':13} profit kept {found['profit_kept']}, goals {found['goals']}")
    return "\n".join(lines)

"""`arb bench recommend`: how often what was recommended is bought, rules and models side by side.

What belongs here: the command's options, its JSON and its table. The figures are `ml/recommender_bench.py`.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from arb_pipelines.cli.bench.forecast import OrdersFile, read_orders


def recommend(
    orders: OrdersFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recommend ten items to every buyer of the last 28 days from what was bought before, and count who bought one.

    Printed are the hit rates of rules (own most bought, recent popularity, bought together) and of models (item-kNN,
    EASE and blends), for all items, for items new to the buyer and for the same basket; and which method the gate
    would have chosen on the 28 days before.

    Example: arb bench recommend --orders orders.parquet --json
    """
    from arb_pipelines.ml.recommender_bench import TooFewOrdersError, measure_recommendations

    cleaned = read_orders("bench recommend", orders)
    try:
        figures = measure_recommendations(cleaned.lines, lambda line: typer.echo(line, err=True))
    except TooFewOrdersError as error:
        typer.echo(f"arb bench recommend: {error}", err=True)
        raise typer.Exit(2) from error
    result = {"lines": cleaned.lines.height, "lines_refused": cleaned.refused, **figures}
    typer.echo(json.dumps(result, indent=2) if as_json else _as_table(result))


def _as_table(result: dict[str, Any]) -> str:
    lines = [f"hit rate at 10, last {result['window_days']} days"]
    for task in ("all_items", "new_items", "same_basket"):
        found = result[task]
        lines.append(f"{task}: {found['n']} buyers or baskets, champion {found['champion']} ({found['why']})")
        for kind, rates in found["hr_at_10"].items():
            lines += [f"  {kind[:-1]:6}{name:>26}{rate:>8}" for name, rate in rates.items()]
    return "\n".join(lines)

"""`arb bench forecast`: how near weekly sales are forecast, rule and models side by side.

What belongs here: the command's options, its JSON and its table, and reading a file of orders for the commands that
take one. The figures are `ml/sales_forecast_bench.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from arb_pipelines.transforms.order_lines import CleanedOrderLines

OrdersFile = Annotated[
    Path,
    typer.Option(
        "--orders", help="Parquet: order_id, customer_id, product_id, quantity, unit_price, ordered_at[, description]."
    ),
]


def forecast(
    orders: OrdersFile,
    by: Annotated[str, typer.Option("--by", help="Forecast each product_id, or each category.")] = "product_id",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Forecast the last 8 weeks of a file of orders one week ahead, with nothing seen of them before.

    Printed are WAPE and MASE of the rule (median of 8 weeks), of the other naive rules, of Croston, SBA, TSB, ETS and
    a pooled model, and of what the gate would have chosen on the 8 weeks before; how often intervals held, and how
    often the advised stock lasted.

    Example: arb bench forecast --orders orders.parquet --json
    """
    from arb_pipelines.ml.sales_forecast import TooFewSalesError, build_series
    from arb_pipelines.ml.sales_forecast_bench import measure_forecasts
    from arb_pipelines.transforms.order_lines import last_day

    cleaned = read_orders("bench forecast", orders)
    try:
        if by not in ("product_id", "category"):
            raise TooFewSalesError(f"--by {by} is not known; give product_id or category")
        series = build_series(cleaned.lines, last_day(cleaned.lines), by)
        figures = measure_forecasts(series, lambda line: typer.echo(line, err=True))
    except TooFewSalesError as error:
        typer.echo(f"arb bench forecast: {error}", err=True)
        raise typer.Exit(2) from error
    result = {"lines": cleaned.lines.height, "lines_refused": cleaned.refused, **figures}
    typer.echo(json.dumps(result, indent=2) if as_json else _as_table(result))


def read_orders(command: str, path: Path) -> CleanedOrderLines:
    """Return a file's order lines, cleaned.

    Raises:
        typer.Exit: the file cannot be used or nothing in it was sold (exit code 2).
    """
    from arb_pipelines.adapters.parquet.order_lines import OrderFileError, load_order_lines
    from arb_pipelines.transforms.order_lines import clean_order_lines

    try:
        cleaned = clean_order_lines(load_order_lines(path))
        if cleaned.lines.is_empty():
            raise OrderFileError(f"{path} has no line that was sold; refused: {cleaned.refused}")
    except OrderFileError as error:
        typer.echo(f"arb {command}: {error}", err=True)
        raise typer.Exit(2) from error
    return cleaned


def _as_table(result: dict[str, Any]) -> str:
    lines = [f"{result['series_scored']} series, last {result['test_weeks']} of {result['weeks']} weeks"]
    lines.append(f"{'':>16}{'WAPE %':>10}{'MASE':>10}{'bias %':>10}{'share':>10}")
    for name, row in result["methods"].items():
        cells = "".join(f"{row[key]!s:>10}" for key in ("wape", "mase", "bias", "share"))
        lines.append(f"{name:>16}{cells}")
    lines.append(f"champions: {result['gate']['champions']}")
    lines += [f"{name} interval holds {found['coverage']} %" for name, found in result["intervals"].items()]
    return "\n".join(lines)

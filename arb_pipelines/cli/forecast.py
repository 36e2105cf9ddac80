"""`arb forecast`: what will sell next week, how sure that is, and when to order again.

What belongs here: the command's options and its output, and where it takes orders from: the books, or a file. The
forecast is `ml/sales_forecast_ahead.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from arb_pipelines.cli.bench.forecast import read_orders
from arb_pipelines.cli.switches import opened_books

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.ml.sales_forecast_ahead import Outlook

OrdersOption = Annotated[
    Path | None, typer.Option("--orders", help="Parquet file of order lines instead of our own order book.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class OrderSource:
    """Order lines (LINE_SCHEMA), the last whole day they cover, and units on hand by product where known."""

    lines: pl.DataFrame
    end_on: date
    stock: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class RestockTerms:
    """What a person says about buying again; None is unknown."""

    lead_time_days: int | None
    service_level: float
    on_hand: int | None


def forecast(
    product: Annotated[str | None, typer.Argument(help="Product id; without one, the best sellers.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="Forecast a category's total instead.")] = None,
    orders: OrdersOption = None,
    lead_time_days: Annotated[int | None, typer.Option(min=1, max=365, help="Days until ordered goods arrive.")] = None,
    service_level: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="How sure the stock shall last until then.")
    ] = 0.95,
    on_hand: Annotated[int | None, typer.Option(min=0, help="Units in stock; default: as in the books.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a PNG of one product or category here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast the next week's sales of a product or category, with intervals and restock advice.

    The rule (median of 8 weeks) forecasts until a model beats it on the weeks just passed. Without a lead time there
    is no restock advice.

    Example:

      arb forecast 22423 --orders orders.parquet --lead-time-days 10 --plot 22423.png
    """
    from arb_pipelines.ml.sales_forecast import TooFewSalesError, build_series
    from arb_pipelines.ml.sales_forecast_ahead import forecast_ahead

    if product and category:
        refuse("forecast", "give a product or --category, not both")
    if on_hand is not None and not product:
        refuse("forecast", "--on-hand is the stock of one product; name it")
    wanted = product or category
    if plot and not wanted:
        refuse("forecast", "--plot draws one product or category; name it")
    source = load_source("forecast", orders)
    try:
        series = build_series(source.lines, source.end_on, "category" if category else "product_id")
        if wanted and wanted not in series.keys:
            raise TooFewSalesError(f"{wanted!r} never sold in {series.weeks} weeks up to {series.end_on}")
        typer.echo(f"comparing methods on {len(series.keys)} series of {series.weeks} weeks ...", err=True)
        outlook = forecast_ahead(series)
    except TooFewSalesError as error:
        refuse("forecast", str(error))
    terms = RestockTerms(lead_time_days, service_level, on_hand)
    rows = [series.keys.index(wanted)] if wanted else best_sellers(outlook)
    result = describe(outlook, rows, source, None if category else terms)
    if plot is not None and wanted:
        write_plot(plot, outlook, rows[0], result["forecasts"][0]["name"] or wanted)
    typer.echo(json.dumps(result) if as_json else render(result))


def load_source(command: str, orders: Path | None) -> OrderSource:
    """Return a file's order lines, or those of our own books up to yesterday.

    Raises:
        typer.Exit: the file cannot be used, or nothing was sold yet (exit code 2).
    """
    from arb_pipelines.transforms.order_lines import last_day, lines_of_orders

    if orders is not None:
        lines = read_orders(command, orders).lines
        return OrderSource(lines, last_day(lines), None)
    with opened_books() as books:
        booked, lots = books.orders.load(), books.inventory.load()
        lines = lines_of_orders(booked, books.products.load())  # type: ignore[arg-type]  # a polars frame in SQL books
    if lines.is_empty():
        refuse(command, "the books hold no orders yet; give a file of orders with --orders")
    stock: dict[str, int] = {}
    for lot in lots:
        stock[lot.product_id] = stock.get(lot.product_id, 0) + lot.on_hand
    return OrderSource(lines, datetime.now(UTC).date() - timedelta(days=1), stock)


def refuse(command: str, fault: str) -> NoReturn:
    """Say what is wrong and end with exit code 2.

    Raises:
        typer.Exit: always.
    """
    typer.echo(f"arb {command}: {fault}", err=True)
    raise typer.Exit(2)


def best_sellers(outlook: Outlook) -> list[int]:
    """Return the rows with the highest forecasts, highest first."""
    import numpy as np

    return [int(row) for row in np.argsort(-outlook.walked[:, -1], kind="stable")[:MOST_SHOWN]]


def describe(outlook: Outlook, rows: Sequence[int], source: OrderSource, terms: RestockTerms | None) -> dict[str, Any]:
    """Return the forecasts of some series with the gate's figures, and restock advice unless `terms` is None."""
    from arb_pipelines.ml.sales_forecast_intervals import advise_restock, lead_weeks_of
    from arb_pipelines.transforms.order_lines import latest_names

    names = dict(latest_names(source.lines).select("product_id", "name").iter_rows())
    lead = terms.lead_time_days if terms else None
    points = outlook.reorder_points(lead_weeks_of(lead), terms.service_level) if terms and lead else None
    told = []
    for row in rows:
        key = outlook.series.keys[row]
        one = {"key": key, "name": names.get(key), **outlook.describe(row)}
        if terms is not None:
            stock = terms.on_hand if source.stock is None or terms.on_hand is not None else source.stock.get(key, 0)
            point = None if points is None else float(points[row])
            advice = advise_restock(float(outlook.walked[row, -1]), point, lead, terms.service_level, stock)
            one["restock"] = asdict(advice)
        told.append(one)
    week = [outlook.series.end_on + timedelta(days=days) for days in (1, 7)]
    return {"week": [day.isoformat() for day in week], "gate": asdict(outlook.gate), "forecasts": told}


def write_plot(path: Path, outlook: Outlook, row: int, title: str) -> None:
    """Write the picture of one series.

    Raises:
        typer.Exit: the file cannot be written (exit code 2).
    """
    from arb_pipelines.ml.sales_forecast_ahead import plot_outlook

    try:
        path.write_bytes(plot_outlook(outlook, row, title))
    except OSError as error:
        refuse("forecast", f"cannot write {path}: {error.strerror}; give another file to --plot")
    typer.echo(f"picture written to {path}", err=True)


def render(result: dict[str, Any]) -> str:
    """Return the forecasts as text, one line each, with the advice below."""
    lines = [f"units sold from {result['week'][0]} to {result['week'][1]}"]
    for one in result["forecasts"]:
        ends = "interval unknown" if one["interval_80"] is None else "80 %: {} to {}".format(*one["interval_80"])
        name = f"{one['key']} {one['name'] or ''}".strip()
        lines.append(f"{name[:44]:<44} {one['units_next_week']:>9} ({ends}; {one['method']}, {one['demand']})")
        advice = one.get("restock")
        if advice and advice["reorder_point"] is not None:
            lines.append(f"    reorder point {advice['reorder_point']}: {advice['why']}; order {advice['order_units']}")
    if any((one.get("restock") or {"lead_time_days": 0})["lead_time_days"] is None for one in result["forecasts"]):
        lines.append("no restock advice: the lead time is unknown; give --lead-time-days")
    return "\n".join(lines)

"""`arb recommend`: what goes with a product, and what a customer may want next.

What belongs here: the command's options and its output. The answers are `ml/recommender.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.forecast import AsJson, OrdersOption, load_source, refuse

if TYPE_CHECKING:
    import polars as pl


def recommend(
    product: Annotated[str | None, typer.Argument(help="Product id.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Recommend to a customer instead.")] = None,
    orders: OrdersOption = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many of each.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what is bought together with a product and what its buyers buy besides, with the counts behind it.

    A rule recommends until a model beats it on the last four weeks. Our own books do not know the buyers, so there
    orders stand for them; a file of orders with customers can be asked with --customer.

    Example:

      arb recommend 22423 --orders orders.parquet
    """
    from arb_pipelines.ml.recommender_bench import TooFewOrdersError

    if bool(product) == bool(customer):
        refuse("recommend", "give either a product or --customer")
    lines = load_source("recommend", orders).lines
    column, wanted = ("product_id", product) if product else ("customer_id", customer)
    if not (lines[column] == wanted).any():
        refuse("recommend", f"{wanted!r} is in none of the {lines['order_id'].n_unique()} orders")
    try:
        result = for_product(lines, product, count) if product else for_customer(lines, str(customer), count)
    except TooFewOrdersError as error:
        refuse("recommend", str(error))
    typer.echo(json.dumps(result) if as_json else render(result))


def for_product(lines: pl.DataFrame, product: str, count: int) -> dict[str, Any]:
    """Return what goes with a product: `bought_together` and `cross_sell`, each with names."""
    from arb_pipelines.ml.recommender import bought_together, choose_methods, cross_sell

    method, why = choose_methods(lines, tell)["same_basket"]
    mine = lines.filter(product_id=product)["order_id"].n_unique()
    pairs = bought_together(lines, product, count)
    others = cross_sell(lines, product, {pair.product_id for pair in pairs}, end_of(lines), method, count)
    return {
        "product_id": product,
        "name": names_of(lines).get(product),
        "orders": mine,
        "bought_together": named(lines, pairs),
        "cross_sell": named(lines, others),
        "cross_sell_method": method,
        "why_method": why,
        "note": None if pairs else f"in {mine} orders, with nothing at least 3 times and more often than by chance",
    }


def for_customer(lines: pl.DataFrame, customer: str, count: int) -> dict[str, Any]:
    """Return what a customer may buy again (`all_items`) and what would be new to them (`new_items`)."""
    from arb_pipelines.ml.recommender import choose_methods, recommend_to

    chosen = choose_methods(lines, tell)
    champions = {task: method for task, (method, _) in chosen.items()}
    found = recommend_to(lines, customer, end_of(lines), champions, count)
    told = {task: named(lines, suggestions) for task, suggestions in found.items()}
    return {"customer_id": customer, **told, "methods": {task: champions[task] for task in found}}


def tell(line: str) -> None:
    """Tell a waiting person what is being done, on standard error."""
    typer.echo(line, err=True)


def end_of(lines: pl.DataFrame) -> datetime:
    """Return the moment just after the newest line."""
    newest = lines["ordered_at"].max()
    assert isinstance(newest, datetime), "there are lines"
    return newest + timedelta(microseconds=1)


def names_of(lines: pl.DataFrame) -> dict[str, str | None]:
    """Return each product's latest name."""
    from arb_pipelines.transforms.order_lines import latest_names

    return dict(latest_names(lines).select("product_id", "name").iter_rows())


def named(lines: pl.DataFrame, found: Sequence[Any]) -> list[dict[str, Any]]:
    """Return pairs or suggestions as JSON, with the products' names and shares rounded."""
    names = names_of(lines)
    told = []
    for row in (asdict(one) for one in found):
        figures = {key: round(value, 5) if isinstance(value, float) else value for key, value in row.items()}
        told.append({"product_id": row["product_id"], "name": names.get(row["product_id"]), **figures})
    return told


def render(result: dict[str, Any]) -> str:
    """Return the answer as text."""
    lines = [f"{key}: {result[key]}" for key in ("product_id", "name", "customer_id", "orders") if result.get(key)]
    for part in ("bought_together", "cross_sell", "all_items", "new_items"):
        if part not in result:
            continue
        lines.append(part.replace("_", " "))
        for row in result[part]:
            figures = ", ".join(f"{key} {value}" for key, value in row.items() if key not in ("product_id", "name"))
            lines.append(f"  {row['product_id']:<16} {(row['name'] or '')[:40]:<40} {figures}")
    if result.get("note"):
        lines.append(str(result["note"]))
    return "\n".join(lines)

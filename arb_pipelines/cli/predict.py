"""`arb predict`: what a product will sell for, between which prices, and how soon.

What belongs here: the options, the champion model and the product from the stores, and showing. The answer is
`ml/price_optimal.py`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.domain.condition import parse_condition
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.ml.price_model import TrainedModel
    from arb_pipelines.ml.price_optimal import OptimalPrice

DEFAULT_OUTLET = "sandbox"
SHOWN = 10  # products, where the words fit several


def predict(
    product: Annotated[str, typer.Argument(help="Product id, GTIN, or words of its title.")],
    condition: Annotated[str, typer.Option(help="Condition of the item, such as new or used.")] = "new",
    outlet: Annotated[str, typer.Option(help="Where it is to be sold.")] = DEFAULT_OUTLET,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Predict the sale price with its 80 % interval, the median days to sell and the chance within 30, 60 and 90 days.

    `basis` is history (own sales of the product), category_prior (none: wide, never bought on) or nothing, with the
    reason. Prices are moved by the sales since the training, as buying does.

    Example:

      arb predict "table lamp" --condition used --json
    """
    word = parse_condition(condition)
    if word is None:
        raise typer.Exit(complain(f"--condition {condition!r} is no condition we know, such as new or used"))
    found, title = answer(product, word, outlet)
    told = {**as_figures(found), "title": title}
    typer.echo(json.dumps(told, indent=2) if as_json else as_text(told))


def complain(fault: str) -> int:
    """Print one line on standard error and return the exit status that goes with it."""
    typer.echo(f"arb predict: {fault}", err=True)
    return 2


def answer(asked: str, condition: str, outlet: str) -> tuple[OptimalPrice, str]:
    """Return the champion's answer for one product, and the product's title.

    Raises:
        typer.Exit: no such product, several of them, or no champion model that can be read (exit code 2).
    """
    import polars as pl

    from arb_pipelines.cli.switches import opened_books
    from arb_pipelines.ml.drift import realise
    from arb_pipelines.ml.price_model import prediction_keys
    from arb_pipelines.ml.price_optimal import predict_optimal_price
    from arb_pipelines.ml.price_recalibration import recalibrate
    from arb_pipelines.transforms.product_matching import identify_sales

    now = datetime.now(UTC)
    with opened_books() as books:
        products = pl.DataFrame(books.products.load())
        chosen = only_product(products, asked)
        sales = identify_sales(pl.DataFrame(books.sold_prices.load_until(now)), products)
    model = load_champion()
    moved = recalibrate(realise(model, sales.filter(pl.col("sold_at") >= model.as_of)), model.as_of, now)
    keys = prediction_keys(products.filter(pl.col("product_id") == chosen["product_id"]), [condition], outlet)
    return predict_optimal_price(model, keys, now, moved)[0], chosen["title"]


def only_product(products: pl.DataFrame, asked: str) -> dict[str, Any]:
    """Return the product that is asked for.

    Raises:
        typer.Exit: there is none, or several (exit code 2).
    """
    from arb_pipelines.transforms.product_history import find_products

    found = find_products(products, asked)
    if found.is_empty():
        raise typer.Exit(complain(f"no known product is {asked!r}; give its id, its GTIN or words of its title"))
    if found.height > 1:
        listed = "\n".join(f"  {row['product_id']}  {row['title']}" for row in found.head(SHOWN).iter_rows(named=True))
        raise typer.Exit(complain(f"{found.height} products are {asked!r}; give the id of one:\n{listed}"))
    return found.row(0, named=True)


def load_champion() -> TrainedModel:
    """Return the champion model.

    Raises:
        typer.Exit: there is none, or its files are refused (exit code 2).
    """
    from arb_pipelines.adapters.mlflow.model_store import TamperedModelError, open_model_store
    from arb_pipelines.ml.price_challenger import UntrustedModelError
    from arb_pipelines.ml.price_model import read_model

    settings = Settings()
    try:
        with open_model_store(settings.tracking_uri, settings.home / "models", settings.models_bucket_url) as store:
            stored = store.load_champion()
        model = None if stored is None else read_model(stored.files)
    except (TamperedModelError, UntrustedModelError, ValueError) as refused:
        raise typer.Exit(complain(f"the champion model cannot be read: {refused}")) from refused
    if model is None:
        raise typer.Exit(complain("no price model is trained yet; start `arb demo` or `arb dev` and let it train"))
    return model


def as_figures(found: OptimalPrice) -> dict[str, Any]:
    """Return the answer, ready for JSON: amounts as decimal text, chances as shares of 1."""
    prices = {name: getattr(found, name) for name in ("price", "low", "high")}
    currency = None if found.price is None else found.price.currency
    names = ("product_id", "condition", "outlet", "basis", "reason", "model_version", "days_to_sell")
    return {
        **{name: getattr(found, name) for name in names},
        **{name: None if money is None else money.text for name, money in prices.items()},
        "currency": currency,
        **{f"p_sold_{days}": chance for days, chance in found.sold_within.items()},
    }


def as_text(told: dict[str, Any]) -> str:
    """Return the answer in words."""
    head = f"{told['title']} ({told['product_id']}), {told['condition']}, at {told['outlet']}"
    if told["price"] is None:
        return f"{head}: no answer, {told['reason']}"
    chances = ", ".join(
        f"{days} days {told[f'p_sold_{days}']:.0%}" for days in (30, 60, 90) if told[f"p_sold_{days}"] is not None
    )
    days = "unknown" if told["days_to_sell"] is None else f"{told['days_to_sell']:.0f}"
    lines = [
        head,
        f"price {told['price']} {told['currency']}, {told['low']} to {told['high']} ({told['basis']})",
        f"median days to sell {days}; sold within {chances or 'unknown'}",
        f"model {told['model_version']}" + (f"; {told['reason']}" if told["reason"] else ""),
    ]
    return "\n".join(lines)

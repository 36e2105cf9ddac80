"""`arb describe`: the words and photos with which a product is offered."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from arb_pipelines.cli.approvals import AsJson
from arb_pipelines.cli.orders import fail
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.product_sheet import ProductSheet, SheetError


def describe(
    product: Annotated[str, typer.Argument(help="The product's id, as listings and opportunities name it.")],
    title: Annotated[str | None, typer.Option(help="Its title; default: the product record's.")] = None,
    text: Annotated[str | None, typer.Option(help="Its description; default: built from what is known.")] = None,
    photo: Annotated[list[str] | None, typer.Option(help="An https address of a photo of yours; repeat it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set what buyers read and see of a product; without an option, show what is set. New listings use it.

    Example:

      arb describe product-17 --text "New, in its sealed box." --photo https://example.org/17.jpg
    """
    from sqlalchemy.exc import IntegrityError

    with opened_books() as books:
        kept = books.sheets.load().get(product, ProductSheet(product))
        if title or text or photo:
            try:
                photos = tuple(photo) if photo else kept.photos
                kept = ProductSheet(product, title or kept.title, text or kept.description, photos)
                books.sheets.put(kept, getpass.getuser(), datetime.now(UTC))
            except SheetError as error:
                fail(str(error))
            except IntegrityError:
                fail(f"the books know no product {product}")
    said = {"product_id": product, "title": kept.title, "description": kept.description, "photos": list(kept.photos)}
    if as_json:
        typer.echo(json.dumps(said))
        return
    for name, value in said.items():
        typer.echo(f"{name}: {value or '-'}")

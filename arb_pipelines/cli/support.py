"""`arb support`: what a customer's message wants, and what is answered by machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books

if TYPE_CHECKING:
    from arb_pipelines.domain.order import Order
    from arb_pipelines.domain.stores import Books
    from arb_pipelines.domain.support import Guess

app = typer.Typer(help="What customers write: understood, answered, or handed to a person.", no_args_is_help=True)
Text = Annotated[str, typer.Argument(help="The customer's message.")]
NOBODY_GUESSES = "out_of_scope"


@app.command()
def classify(text: Text, as_json: AsJson = False) -> None:
    """Print what a message wants, or `out_of_scope` where nobody should guess.

    Example:

      arb support classify "Where is my order?"
    """
    guess = understand(text)
    intent = guess.intent or NOBODY_GUESSES
    if as_json:
        typer.echo(json.dumps({"intent": intent, "confidence": guess.confidence}))
    else:
        typer.echo(intent)


@app.command()
def answer(
    text: Text,
    order: Annotated[str, typer.Option(help="The order of the conversation, ours or the outlet's number.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print what would be answered, and whether a person gets the message. Nothing is sent.

    Example:

      arb support answer "Where is my order?" --order 12-34567-89012
    """
    from arb_pipelines.services.api_budget import ApiBudget
    from arb_pipelines.services.support import answer_message
    from arb_pipelines.settings import Settings

    settings, clock = Settings(), WallClock()
    with opened_books() as books:
        found = find_order(books, order) if order else None
        budget = ApiBudget(books, settings.api_limits, clock)
        with settings.open_drafter(budget) as drafter:
            said = answer_message(text, found, understand, settings.support_rules, clock.now(), drafter)
    if as_json:
        fields = ("text", "code", "to_person", "intent", "confidence")
        typer.echo(json.dumps({name: getattr(said, name) for name in fields}))
        return
    typer.echo(said.text)
    typer.echo(f"({said.code}; {'a person gets it too' if said.to_person else 'no person needed'})", err=True)


def understand(text: str) -> Guess:
    """Return what a message wants; the model is trained at the first call, some seconds, with a word about it."""
    from arb_pipelines.ml.support_training import support_model

    if support_model.cache_info().currsize == 0:
        typer.echo("reading the lessons of the support assistant ...", err=True)
    return support_model().answer(text)


def find_order(books: Books, number: str) -> Order:
    """Return an order by our number or the outlet's; an unknown one is one clear line."""
    for each in books.orders.load():
        if number in (each.order_id, each.outlet_order_id):
            return each
    typer.echo(f"support answer: there is no order {number}; the desk lists them", err=True)
    raise typer.Exit(2)

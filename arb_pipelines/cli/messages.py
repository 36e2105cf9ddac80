"""`arb messages`: bargaining with sellers and writing to buyers; a person sends what is drafted."""

from __future__ import annotations

import getpass
import json
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.outbox import as_record
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.message import Channel, MessageState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

app = typer.Typer(help="Offers to sellers and words to buyers, inside the outlet's own channel.", no_args_is_help=True)


@app.command("list")
def list_drafts(as_json: AsJson = False) -> None:
    """Show the drafts that wait for you, and the talks with sellers that go on.

    Example:

      arb messages list
    """
    with opened_books() as books:
        drafts = [m for m in books.outbox.load([MessageState.DRAFT]) if m.channel is Channel.MARKETPLACE]
        talks = books.negotiations.load()
    if as_json:
        going = [_talks_record(one) for one in talks]
        typer.echo(json.dumps({"drafts": [as_record(draft) for draft in drafts], "talks": going}))
        return
    table = Table(Column("draft", no_wrap=True), "to", "text")
    for draft in drafts:
        table.add_row(draft.message_id, f"{draft.recipient} at {draft.details.get('outlet', '-')}", draft.body)
    Console().print(table)
    table = Table(Column("talks", no_wrap=True), "asking", "at most", "offered", "ends")
    for one in talks:
        offered = ", ".join(str(offer) for offer in one.offers) or "-"
        table.add_row(
            one.negotiation_id, str(one.asking), str(one.walk_away), offered, f"{one.deadline_at:%F %H:%M} UTC"
        )
    Console().print(table)


@app.command()
def draft(
    about: Annotated[str, typer.Argument(help="An opportunity, talks, or with --text an order.")],
    outlet: Annotated[str, typer.Option(help="Where the seller is; for new talks.")] = "",
    seller: Annotated[str, typer.Option(help="The outlet's name of the seller; for new talks.")] = "",
    hours: Annotated[int, typer.Option(min=1, help="After how long new talks end.")] = 72,
    counter: Annotated[str, typer.Option(help="The seller's price, or 'no'; recorded before the next step.")] = "",
    text: Annotated[str, typer.Option(help="What to write to the buyer of an order.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write the next message: the next rung of the offers, an acceptance, or your words to a buyer. Nothing is sent.

    Example:

      arb messages draft 3f2a9c --outlet ebay --seller tea-house
    """
    from arb_pipelines.services.messages import write_about_order, write_next
    from arb_pipelines.settings import Settings

    settings, clock = Settings(), WallClock()
    with opened_books() as books:
        if text:
            written = write_about_order(books, about, text, settings.message_policies, _person(), clock)
        else:
            talks_id = _talks_about(books, about, outlet, seller, hours, counter)
            written = write_next(books, talks_id, settings.stance, settings.message_policies, clock)
    if written.refusal is not None:
        _refuse("draft", written.refusal)
    if written.message is None:
        return
    if as_json:
        typer.echo(json.dumps(as_record(written.message)))
        return
    typer.echo(f"{written.message.message_id} ({written.message.state}): {written.message.body}")


@app.command()
def send(message_id: Annotated[str, typer.Argument(help="Of `arb messages list`.")]) -> None:
    """Send a draft; it leaves with the next run of the messages job.

    Example:

      arb messages send talks-3f2a9c-1
    """
    from arb_pipelines.services.messages import send_draft

    with opened_books() as books:
        refusal = send_draft(books, message_id, _person(), WallClock())
    if refusal is not None:
        _refuse("send", refusal)
    typer.echo(f"{message_id}: queued")


def _talks_about(books: Any, about: str, outlet: str, seller: str, hours: int, counter: str) -> str:
    """Return the id of the talks: those named, those about the opportunity, or new ones."""
    from arb_pipelines.services.messages import Seller, open_talks, record_answer

    known = books.negotiations.load_one(about) or books.negotiations.load_one(f"talks-{about}")
    if known is None:
        if not outlet or not seller:
            _refuse("draft", Refusal("seller_missing", "new talks need --outlet and --seller"))
        known = open_talks(books, about, Seller(outlet, seller), timedelta(hours=hours), WallClock())
    if isinstance(known, Refusal):
        _refuse("draft", known)
        return about
    if counter:
        refusal = record_answer(books, known.negotiation_id, _price(counter, known.asking.currency))
        if refusal is not None:
            _refuse("draft", refusal)
    talks_id: str = known.negotiation_id
    return talks_id


def _price(text: str, currency: str) -> Money | None:
    if text.strip().lower() == "no":
        return None
    try:
        return Money.exact(text, currency)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither a price such as 12.50 nor 'no'") from error


def _refuse(command: str, refusal: Refusal) -> None:
    typer.echo(f"messages {command}: {refusal.detail} ({refusal.code})", err=True)
    raise typer.Exit(2)


def _talks_record(talks: Any) -> dict[str, Any]:
    return {
        "negotiation_id": talks.negotiation_id,
        "opportunity_id": talks.opportunity_id,
        "outlet": talks.outlet,
        "recipient": talks.recipient,
        "title": talks.title,
        "asking_minor": talks.asking.minor,
        "walk_away_minor": talks.walk_away.minor,
        "currency": talks.asking.currency,
        "offers_minor": [offer.minor for offer in talks.offers],
        "deadline_at": talks.deadline_at.isoformat(),
    }


def _person() -> str:
    return f"person:{getpass.getuser()}"

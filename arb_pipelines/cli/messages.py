"""`arb messages`: bargaining with sellers and writing to buyers; a person sends what is drafted."""

from __future__ import annotations

import getpass
import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.outbox import as_record
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.message import Channel, MessageState
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

if TYPE_CHECKING:
    from arb_pipelines.services.messages import Seller

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
    print_table(table)
    table = Table(Column("talks", no_wrap=True), "asking", "at most", "offered", "ends")
    for one in talks:
        offered = ", ".join(str(offer) for offer in one.offers) or "-"
        table.add_row(
            one.negotiation_id, str(one.asking), str(one.walk_away), offered, f"{one.deadline_at:%F %H:%M} UTC"
        )
    print_table(table)


@app.command()
def draft(
    about: Annotated[str, typer.Argument(help="An opportunity, talks, or with --text an order.")],
    outlet: Annotated[str, typer.Option(help="Where the seller is; for new talks.")] = "",
    seller: Annotated[str, typer.Option(help="The outlet's name of the seller; for new talks.")] = "",
    hours: Annotated[int, typer.Option(min=1, help="After how long new talks end.")] = 72,
    counter: Annotated[str, typer.Option(help="The seller's price, or 'no'; recorded before the next step.")] = "",
    text: Annotated[str, typer.Option(help="What to write to the buyer of an order.")] = "",
    thread: Annotated[str, typer.Option(help="The outlet's conversation (`arb messages conversations`).")] = "",
    as_json: AsJson = False,
) -> None:
    """Write the next message: the next rung of the offers, an acceptance, or your words to a buyer. Nothing is sent.

    eBay takes answers in a conversation alone, so a message there needs --thread; talks remember theirs.

    Examples:

      arb messages draft 3f2a9c --outlet ebay --seller tea-house --thread 4711

      arb messages draft ebay:12-345-678:1 --text "Your parcel is on its way." --thread 4711
    """
    from arb_pipelines.services.messages import Seller, write_about_order, write_next
    from arb_pipelines.settings import Settings

    settings, clock = Settings(), WallClock()
    with opened_books() as books:
        if text:
            policies, person = settings.message_policies, _person()
            written = write_about_order(books, about, text, policies, person, clock, thread or None)
        else:
            talks_id = _talks_about(books, about, Seller(outlet, seller, thread or None), hours, counter)
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


@app.command()
def conversations(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days back.")] = 30, as_json: AsJson = False
) -> None:
    """Show the conversations with members at eBay, whose ids `arb messages draft --thread` wants.

    Example:

      arb messages conversations --days 7 --json
    """
    from arb_pipelines.adapters.marketplaces.ebay.messages import EbayMessages
    from arb_pipelines.settings import Settings

    account = Settings().ebay
    if account is None:
        _refuse("conversations", Refusal("not_set_up", "eBay alone has conversations; set ARB_EBAY to our account"))
        return
    with closing(account.connect()) as connection:
        try:
            found = EbayMessages(connection).fetch_conversations(WallClock().now() - timedelta(days=days))
        except (OSError, ValueError) as error:
            _refuse("conversations", Refusal("outlet_unreadable", f"eBay cannot be read: {error}"))
            return
    if as_json:
        typer.echo(json.dumps([{**asdict(one), "latest_at": _moment(one.latest_at)} for one in found]))
        return
    table = Table(Column("conversation", no_wrap=True), "about listing", "unread", "latest")
    for one in found:
        table.add_row(one.conversation_id, one.listing_id or "-", str(one.unread), _moment(one.latest_at) or "-")
    print_table(table)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="minutes")


def _talks_about(books: Any, about: str, seller: Seller, hours: int, counter: str) -> str:
    """Return the id of the talks: those named, those about the opportunity, or new ones."""
    from arb_pipelines.services.messages import name_thread, open_talks, record_answer

    known = books.negotiations.load_one(about) or books.negotiations.load_one(f"talks-{about}")
    if known is None:
        if not seller.outlet or not seller.name:
            _refuse("draft", Refusal("seller_missing", "new talks need --outlet and --seller"))
        known = open_talks(books, about, seller, timedelta(hours=hours), WallClock())
    elif seller.thread_id:
        refusal = name_thread(books, known.negotiation_id, seller.thread_id)
        if refusal is not None:
            _refuse("draft", refusal)
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

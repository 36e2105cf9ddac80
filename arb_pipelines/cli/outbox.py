"""`arb outbox`: every message that leaves, what became of it, and a person's word on it."""

from __future__ import annotations

import getpass
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.message import MessageState, OutboundMessage

app = typer.Typer(help="Messages that leave: alerts, offers, answers. Each is sent once.", no_args_is_help=True)
MessageId = Annotated[str, typer.Argument(help="Of `arb outbox list`.")]
NOT_HERE = "there is no such message, or it is in another state; `arb outbox list` shows them"


class Which(StrEnum):
    """Which messages to show."""

    OPEN = "open"
    DRAFT = "draft"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    SENT = "sent"
    ALL = "all"


STATES: dict[Which, tuple[MessageState, ...]] = {
    Which.OPEN: tuple(state for state in MessageState if state not in (MessageState.SENT, MessageState.DEAD)),
    Which.DRAFT: (MessageState.DRAFT,),
    Which.UNCERTAIN: (MessageState.UNCERTAIN,),
    Which.DEAD: (MessageState.DEAD,),
    Which.SENT: (MessageState.SENT,),
    Which.ALL: (),
}


@app.command("list")
def list_messages(
    which: Annotated[Which, typer.Argument(help="Which to show.")] = Which.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show messages with their state and, where a try failed, why.

    Example:

      arb outbox list dead
    """
    with opened_books() as books:
        found = books.outbox.load(STATES[which], limit)
    if as_json:
        typer.echo(json.dumps({"messages": [as_record(message) for message in found]}))
        return
    table = Table(Column("message", no_wrap=True), "state", "channel", "to", "subject", "tries", "why")
    for one in found:
        words = (one.state.value, one.channel.value, one.recipient, one.subject[:50], str(one.attempts))
        table.add_row(one.message_id, *words, (one.error or "")[:60])
    print_table(table)
    if not found:
        typer.echo(f"no messages: {which}", err=True)


@app.command()
def retry(message_id: MessageId) -> None:
    """Send a message that failed, may not have arrived, or waits as a draft.

    Of one that is `uncertain` this may make a second copy: look at the vendor first.

    Example:

      arb outbox retry alert-3f2a9c
    """
    from arb_pipelines.services.delivering import send_again

    with opened_books() as books:
        if not send_again(books, message_id, _person(), WallClock()):
            typer.echo(f"outbox retry: {message_id}: {NOT_HERE}", err=True)
            raise typer.Exit(2)
    typer.echo(f"{message_id}: queued")


@app.command()
def drop(message_id: MessageId) -> None:
    """Make sure that a message is never sent.

    Example:

      arb outbox drop alert-3f2a9c
    """
    from arb_pipelines.services.delivering import drop_message

    with opened_books() as books:
        if not drop_message(books, message_id, _person(), WallClock()):
            typer.echo(f"outbox drop: {message_id}: {NOT_HERE}", err=True)
            raise typer.Exit(2)
    typer.echo(f"{message_id}: dropped")


@app.command()
def deliver(as_json: AsJson = False) -> None:
    """Route the open alerts and send what is due now, as the messages job does.

    Example:

      arb outbox deliver
    """
    from arb_pipelines.services.alerting import route_alerts
    from arb_pipelines.services.delivering import deliver_messages
    from arb_pipelines.settings import Settings

    settings, clock = Settings(), WallClock()
    with opened_books() as books, settings.open_channels(clock.now) as channels:
        routed = route_alerts(books, settings.alert_book, settings.alert_recipients, clock)
        done = deliver_messages(books, channels, clock)
    counts = {"routed": len(routed.messages), **done.summary()}
    if as_json:
        typer.echo(json.dumps(counts))
        return
    if not channels:
        typer.echo("no channel is set up: see docs/messages.md for mail, text messages and webhooks", err=True)
    typer.echo(", ".join(f"{name}: {count}" for name, count in counts.items()))


def as_record(message: OutboundMessage) -> dict[str, Any]:
    """Return a message as JSON."""
    values: dict[str, Any] = {name: getattr(message, name) for name in OutboundMessage.__dataclass_fields__}
    values["details"] = dict(message.details)
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}


def _person() -> str:
    return f"person:{getpass.getuser()}"

"""`arb halt` and `arb resume`: the kill switch of each action, read inside every claim."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.domain.stores import Books
from arb_pipelines.settings import Settings

Which = Annotated[Action, typer.Argument(help="What to switch.")]
Reason = Annotated[str, typer.Option(help="Why, for the log of switches.")]


def halt(action: Which, reason: Reason = "halted by hand") -> None:
    """Stop an action at once: every claim after this line is refused until it is resumed.

    Example:

      arb halt buy --reason "prices look wrong at three shops"
    """
    put(action, ActionState.HALTED, reason)


def resume(action: Which, reason: Reason = "resumed by hand") -> None:
    """Allow an action again.

    Example:

      arb resume buy
    """
    put(action, ActionState.ACTIVE, reason)


def put(action: Action, state: ActionState, reason: str) -> None:
    """Set a switch and say what it is now."""
    with opened_books() as books:
        before = books.switches.state_of(action)
        books.switches.put(action, state, reason, getpass.getuser(), datetime.now(UTC))
    typer.echo(f"{action}: {before} -> {state} ({reason})")


@contextmanager
def opened_books() -> Iterator[Books]:
    """Open the books of the settings; books that are not there are one clear line."""
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import open_books

    settings = Settings()
    try:
        books = open_books(settings.books_url, mode=settings.mode.value)
        try:
            yield books
        finally:
            books.close()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        mend = "run `arb migrate` to create or upgrade them, or set ARB_HOME or ARB_DATABASE_URL"
        typer.echo(f"arb: cannot use the books at {settings.books_url}: {reason} ({mend})", err=True)
        raise typer.Exit(2) from error

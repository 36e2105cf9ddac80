"""`arb halt` and `arb resume`: the kill switch of each action, read inside every claim."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.domain.stores import Books
from arb_pipelines.settings import Settings

Which = Annotated[Action, typer.Argument(help="What to switch.")]
Reason = Annotated[str, typer.Option(help="Why, for the log of switches.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def halt(action: Which, reason: Reason = "halted by hand", as_json: Json = False) -> None:
    """Stop an action at once: every claim after this line is refused until it is resumed.

    Example:

      arb halt buy --reason "prices look wrong at three shops"
    """
    put(action, ActionState.HALTED, reason, as_json)


def resume(action: Which, reason: Reason = "resumed by hand", as_json: Json = False) -> None:
    """Allow an action again.

    Example:

      arb resume buy
    """
    put(action, ActionState.ACTIVE, reason, as_json)


def put(action: Action, state: ActionState, reason: str, as_json: bool) -> None:
    """Set a switch and say what it is now."""
    with opened_books() as books:
        before = books.switches.state_of(action)
        books.switches.put(action, state, reason, getpass.getuser(), datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"action": action, "before": before, "state": state, "reason": reason}))
    else:
        typer.echo(f"{action}: {before} -> {state} ({reason})")


@contextmanager
def opened_books() -> Iterator[Books]:
    """Open the books of the settings; books that are not there or cannot be used are one clear line (exit code 2)."""
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import WrongModeError, open_books

    settings = Settings()
    url = settings.books_url
    refuse_missing_books(url)
    try:
        books = open_books(url, mode=settings.mode.value)
    except (SQLAlchemyError, ValueError, ModuleNotFoundError, OSError) as error:
        raise unusable_books(url, str(error), "look at ARB_DATABASE_URL and ARB_HOME") from error
    try:
        yield books
    except SQLAlchemyError as error:
        mend = "run `arb migrate` to create or upgrade them, or set ARB_HOME or ARB_DATABASE_URL"
        raise unusable_books(url, str(error.__cause__ or error), mend) from error
    except WrongModeError as error:
        raise unusable_books(url, str(error), "look at ARB_MODE, ARB_HOME and ARB_DATABASE_URL") from error
    finally:
        books.close()


def refuse_missing_books(url: str) -> None:
    """End with one line when the books are a file that nobody has made yet: to read must not make an empty one."""
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        mend = "`arb migrate` makes empty ones; those of `arb demo` are used with ARB_HOME=.arb/demo"
        raise unusable_books(url, "there are none yet", mend)


def unusable_books(url: str, reason: str, mend: str) -> typer.Exit:
    """Say in one line why books cannot be used and how to mend it, without the password in their address."""
    from arb_pipelines.domain.redaction import PROCESS

    line = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    typer.echo(PROCESS.scrub(f"arb: cannot use the books at {url}: {line} ({mend})"), err=True)
    return typer.Exit(2)

"""`arb user`: who can log in at the desk, and as what.

What belongs here: the commands. A password is typed or comes on standard input, never on the command line, where
every process of the machine could read it.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.table import Table

from arb_pipelines.cli.approvals import AsJson, WallClock, account_name
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.access import AccessError, Role, check_name, check_password

app = typer.Typer(no_args_is_help=True, help="Who can log in at the desk, and as what.")
Name = Annotated[str, typer.Argument(help="User name: a-z, 0-9, dot, dash, underscore.", metavar="NAME")]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do; each role may do what those before it may.")],
) -> None:
    """Add a user; asks for the password, or reads one line of standard input where that is no terminal.

    Example:

      arb user add kim --role approver
    """
    try:
        check_name(name)
        password = read_password()
        with opened_books() as books:
            if not books.access.add_user(name, role, password, WallClock().now()):
                raise AccessError(f"there is a user {name!r} already")
            books.audit.append(by_account(), "add_user", name, {"role": role.value}, WallClock().now())
    except AccessError as error:
        raise complaint("user add", error) from error
    typer.echo(f"{name} can log in as {role}")


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """Show every user.

    Example:

      arb user list --json
    """
    with opened_books() as books:
        users = books.access.load_users()
    if as_json:
        told = [
            {
                "name": one.name,
                "role": one.role.value,
                "created_at": one.created_at.isoformat(),
                "disabled_at": one.disabled_at.isoformat() if one.disabled_at else None,
            }
            for one in users
        ]
        typer.echo(json.dumps({"users": told}))
        return
    table = Table("name", "role", "added", "disabled")
    for one in users:
        disabled = f"{one.disabled_at:%F %T}" if one.disabled_at else "-"
        table.add_row(one.name, one.role.value, f"{one.created_at:%F %T}", disabled)
    print_table(table)


@app.command()
def disable(name: Name) -> None:
    """End a user's leave at once, with every session and key. The audit log goes on naming them.

    Example:

      arb user disable kim
    """
    with opened_books() as books:
        if not books.access.disable_user(name, WallClock().now()):
            raise complaint("user disable", AccessError(f"there is no active user {name!r}: see `arb user list`"))
        books.audit.append(by_account(), "disable_user", name, {}, WallClock().now())
    typer.echo(f"{name} can no longer log in; sessions and keys have ended")


@app.command()
def password(name: Name) -> None:
    """Set a user's password and end their sessions; asks for it, or reads one line of standard input.

    Example:

      arb user password kim
    """
    try:
        new = read_password()
        with opened_books() as books:
            if not books.access.set_password(name, new, WallClock().now()):
                raise AccessError(f"there is no active user {name!r}: see `arb user list`")
            books.audit.append(by_account(), "set_password", name, {}, WallClock().now())
    except AccessError as error:
        raise complaint("user password", error) from error
    typer.echo(f"{name} has a new password; earlier sessions have ended")


def read_password() -> str:
    """Return a new password: typed twice at a terminal, else one line of standard input.

    Raises:
        AccessError: it cannot be used.
    """
    if sys.stdin.isatty():
        return check_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return check_password(sys.stdin.readline().rstrip("\r\n"))


def by_account() -> str:
    """Return who runs this, as the audit log names them."""
    return f"account:{account_name()}"


def complaint(command: str, error: AccessError) -> typer.Exit:
    """Say what is wrong and return the end of the command."""
    typer.echo(f"{command}: {error}", err=True)
    return typer.Exit(2)

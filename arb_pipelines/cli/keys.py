"""`arb key`: API keys for programs. A key is shown once, when it is made, and kept as a hash.

What belongs here: the commands.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.cli.users import by_account, complaint
from arb_pipelines.domain.access import AccessError, ApiKey, Role
from arb_pipelines.domain.stores import Books

app = typer.Typer(no_args_is_help=True, help="API keys for programs.")
KeyId = Annotated[str, typer.Argument(help="Of `arb key list`.", metavar="KEY")]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="Until when, in days (default: for ever).")]


@app.command()
def create(
    user: Annotated[str, typer.Option(help="Whose key it is; what it approves, this person approves.")],
    role: Annotated[Role, typer.Option(help="What it may do; at most what the user may.")] = Role.VIEWER,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it once.

    Example:

      arb key create --user kim --role viewer --label grafana --days 90
    """
    now = WallClock().now()
    expires_at = now + timedelta(days=days) if days else None
    key = ApiKey(secrets.token_hex(6), user, label, role, now, expires_at)
    with opened_books() as books:
        text = keep(books, key, "key create")
    tell(key, text, as_json=as_json)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show every key, the newest first; the keys themselves are kept nowhere.

    Example:

      arb key list
    """
    with opened_books() as books:
        keys = books.access.load_keys()
    rows = [
        {
            "key": one.key_id,
            "user": one.user_name,
            "role": one.role.value,
            "label": one.label,
            "made": text_of(one.created_at),
            "until": text_of(one.expires_at),
            "revoked": text_of(one.revoked_at),
        }
        for one in keys
    ]
    if as_json:
        typer.echo(json.dumps({"keys": rows}))
        return
    table = Table("key", "user", "role", "label", "made", "until", "revoked")
    for row in rows:
        table.add_row(*(value or "-" for value in row.values()))
    print_table(table)


@app.command()
def revoke(key: KeyId) -> None:
    """End a key at once.

    Example:

      arb key revoke 3fa91c0b7d21
    """
    with opened_books() as books:
        end(books, key, "key revoke")
    typer.echo(f"{key} has ended")


@app.command()
def rotate(key: KeyId, as_json: AsJson = False) -> None:
    """Replace a key: the new one has the same user, role, label and length of life, the old one ends at once.

    Example:

      arb key rotate 3fa91c0b7d21
    """
    now = WallClock().now()
    with opened_books() as books:
        old = next((one for one in books.access.load_keys() if one.key_id == key and one.revoked_at is None), None)
        if old is None:
            raise complaint("key rotate", AccessError(f"there is no valid key {key!r}: see `arb key list`"))
        expires_at = now + (old.expires_at - old.created_at) if old.expires_at else None
        new = replace(old, key_id=secrets.token_hex(6), created_at=now, expires_at=expires_at)
        text = keep(books, new, "key rotate")
        end(books, key, "key rotate")
    tell(new, text, as_json=as_json)


def keep(books: Books, key: ApiKey, command: str) -> str:
    """Keep a key with its audit entry and return its text."""
    try:
        text = books.access.create_key(key)
    except AccessError as error:
        raise complaint(command, error) from error
    detail = {"user": key.user_name, "role": key.role.value, "label": key.label}
    books.audit.append(by_account(), "create_key", key.key_id, detail, key.created_at)
    return text


def end(books: Books, key_id: str, command: str) -> None:
    """End a key with its audit entry."""
    now = WallClock().now()
    if not books.access.revoke_key(key_id, now):
        raise complaint(command, AccessError(f"there is no valid key {key_id!r}: see `arb key list`"))
    books.audit.append(by_account(), "revoke_key", key_id, {}, now)


def tell(key: ApiKey, text: str, *, as_json: bool) -> None:
    """Print a new key, the only time."""
    if as_json:
        typer.echo(json.dumps({"key": key.key_id, "user": key.user_name, "role": key.role.value, "secret": text}))
        return
    typer.echo(f"{text}")
    typer.echo(f"key {key.key_id} of {key.user_name}, {key.role}: it is shown this once", err=True)


def text_of(at: datetime | None) -> str | None:
    """Return a time as text."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None

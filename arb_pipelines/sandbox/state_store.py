"""The one SQLite file in which the sandbox keeps what happened: orders, listings, sales, world time.

What belongs here: opening the file, its tables, its settings and the chain of time anchors. What the rows mean is
written where they are used. One process and one thread use the file; a write is committed before it is answered.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from arb_pipelines.sandbox.timeline import Anchor

FILE_NAME = "sandbox.sqlite3"
LOCK_NAME = "sandbox.lock"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS anchors (
    number INTEGER PRIMARY KEY, real_at TEXT NOT NULL, hour REAL NOT NULL, speed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS shop_orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, shop TEXT NOT NULL, reference TEXT NOT NULL, sku TEXT NOT NULL,
    quantity INTEGER NOT NULL, item_minor INTEGER NOT NULL, shipping_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL, total_minor INTEGER NOT NULL, currency TEXT NOT NULL,
    stock_spell INTEGER NOT NULL, placed_h REAL NOT NULL, placed_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS shop_orders_by_reference ON shop_orders (shop, reference);
CREATE TABLE IF NOT EXISTS inventory_items (sku TEXT PRIMARY KEY, body TEXT NOT NULL, quantity INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS offers (
    offer_id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    listing_id INTEGER);
CREATE TABLE IF NOT EXISTS listings (
    listing_id INTEGER PRIMARY KEY AUTOINCREMENT, offer_id INTEGER NOT NULL, sku TEXT NOT NULL,
    listed_h REAL NOT NULL, listed_at TEXT NOT NULL, sold INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS channel_orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL, listing_id INTEGER NOT NULL, title TEXT NOT NULL,
    price_minor INTEGER NOT NULL, currency TEXT NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL,
    fulfilled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS fulfilments (
    number INTEGER NOT NULL, fulfilment_id TEXT NOT NULL, carrier TEXT NOT NULL, shipped_at TEXT NOT NULL,
    PRIMARY KEY (number, fulfilment_id));
CREATE TABLE IF NOT EXISTS channel_messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, buyer TEXT NOT NULL, body TEXT NOT NULL, sent_at TEXT NOT NULL);
"""


class OtherWorldError(ValueError):
    """The state directory belongs to a world with another seed or number of shops."""


class StateInUseError(OSError):
    """Another sandbox is running on the state directory."""


@contextmanager
def opened_state(directory: Path | None) -> Iterator[sqlite3.Connection]:
    """Give a connection in autocommit mode, for one process alone; without a directory the state lives in memory.

    Raises:
        StateInUseError: another process has the directory.
        OSError: the directory cannot be written.
        sqlite3.Error: the file is no state file, or damaged.
    """
    with ExitStack() as stack:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            _lock(stack.enter_context((directory / LOCK_NAME).open("a")), directory)
        connection = sqlite3.connect(":memory:" if directory is None else directory / FILE_NAME, isolation_level=None)
        stack.callback(connection.close)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        yield connection


def _lock(opened: TextIO, directory: Path) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StateInUseError(
            f"another sandbox is running on {directory}: stop it, or name another --state-dir"
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make the writes of a block one: all or, when it raises, none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check_same_world(connection: sqlite3.Connection, identity: Mapping[str, str]) -> None:
    """Write down the identity of a new world, or compare it with the stored one.

    Raises:
        OtherWorldError: the stored state belongs to another world.
    """
    for name, value in identity.items():
        stored = load_setting(connection, name)
        if stored is None:
            save_setting(connection, name, value)
        elif stored != value:
            raise OtherWorldError(
                f"the state directory holds a sandbox with {name} {stored}, not {value}: "
                f"start it with {name} {stored}, or name another --state-dir"
            )


def load_setting(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a stored setting."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def save_setting(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Store a setting."""
    connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))


def load_anchors(connection: sqlite3.Connection) -> list[Anchor]:
    """Return the stored starts and jumps of world time, oldest first."""
    rows = connection.execute("SELECT real_at, hour, speed FROM anchors ORDER BY number")
    return [Anchor(datetime.fromisoformat(row["real_at"]), row["hour"], row["speed"]) for row in rows]


def save_anchor(connection: sqlite3.Connection, anchor: Anchor) -> None:
    """Add a start or jump of world time."""
    connection.execute(
        "INSERT INTO anchors (real_at, hour, speed) VALUES (?, ?, ?)",
        (anchor.real_at.isoformat(), anchor.hour, anchor.speed),
    )

"""Do our stores answer: one short look at each.

What belongs here: the looks. A reason is the kind of error alone: its text may hold an address or a password.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel

if TYPE_CHECKING:
    from arb_pipelines.api.context import ApiContext

LOOK_TIMEOUT_S = 2.0


class StoreState(BaseModel):
    """One store: `ok`, or `down` and why."""

    store: str
    state: str
    reason: str | None = None


def ask_stores(context: ApiContext) -> list[StoreState]:
    """Return how each store is."""
    looks: dict[str, Callable[[], None]] = {
        "books": context.books.pages.check,
        "raw_scrapes": lambda: _look_at_raw_store(*context.settings.raw_store),
        "models": lambda: _look_at_models(context.settings.tracking_uri),
    }
    return [_state(name, look) for name, look in looks.items()]


def _state(name: str, look: Callable[[], None]) -> StoreState:
    try:
        look()
    except Exception as error:  # noqa: BLE001 - whatever it is, the store does not answer
        return StoreState(store=name, state="down", reason=type(error).__name__)
    return StoreState(store=name, state="ok")


def _look_at_raw_store(factory: str, options: dict[str, str]) -> None:
    if "path" in options:
        _look_at_folder(Path(options["path"]))
        return
    module, _, name = factory.partition(":")
    store = getattr(import_module(module), name)(**options)
    try:
        store.load_newest(1)
    finally:
        store.close()


def _look_at_models(uri: str) -> None:
    parts = urlsplit(uri)
    if parts.scheme == "sqlite":
        _look_at_folder(Path(parts.path.removeprefix("/")).parent)
    elif parts.scheme in ("http", "https"):
        import httpx

        httpx.get(f"{uri.rstrip('/')}/health", timeout=LOOK_TIMEOUT_S).raise_for_status()


def _look_at_folder(folder: Path) -> None:
    """A folder that is made at first use counts as there while the one above it is."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(there)
    if not os.access(there, os.W_OK):
        raise PermissionError(there)

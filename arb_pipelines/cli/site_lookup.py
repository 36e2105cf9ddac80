"""What the `arb site` commands share: a site by its key, a polite client, one line for what is wrong.

What belongs here: joining the settings to the learning package. No command.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.scraping.learning.fetching import PoliteClient

BAD_INPUT = 2


def refuse(command: str, fault: object) -> typer.Exit:
    """Print one line on standard error and return the exit that goes with bad input."""
    typer.echo(f"arb site {command}: {fault}", err=True)
    return typer.Exit(BAD_INPUT)


def site_named(command: str, folder: Path, key: str) -> Site:
    """Return the site `key` of the folder.

    Raises:
        typer.Exit: no usable file declares it; one line says which key may be meant, or what is wrong with its file.
    """
    registry = load_sites(folder)
    for site in registry.sites:
        if site.key == key:
            return site
    broken = next((b for b in registry.broken if b.path.stem == key or b.path == folder), None)
    if broken is not None:
        raise refuse(command, broken)
    near = difflib.get_close_matches(key, [site.key for site in registry.sites], n=1)
    hint = f"did you mean '{near[0]}'?" if near else "`arb site list` shows the sites, `arb site add URL` adds one"
    raise refuse(command, f"no site has the key '{key}' in {folder}: {hint}")


@contextmanager
def polite_client(settings: Settings, delay_s: float, quiet: bool = False) -> Iterator[PoliteClient]:
    """Open a client with the settings' User-Agent; each page it fetches is a line on standard error."""
    from arb_pipelines.scraping.learning.fetching import PoliteClient

    def tell(url: str) -> None:
        typer.echo(f"reading {url}", err=True)

    client = PoliteClient(settings.user_agent, settings.allow_loopback, delay_s)
    if not quiet:
        client.progress = tell
    try:
        yield client
    finally:
        client.close()

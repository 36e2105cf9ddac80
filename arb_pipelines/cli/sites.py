"""`arb site`: looks at the site registry. Adding and mending sites by URL joins here with the learned rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.settings import Settings

app = typer.Typer(help="The shops you watch: one TOML file each.", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option("--dir", help="Folder of the site files (default: ARB_SITES_DIR).")]


@app.command("list")
def list_sites(folder: Folder = None) -> None:
    """Show every declared site and every file that cannot be read.

    Example:

      arb site list --dir sites
    """
    registry = load_sites(folder or Settings().sites_dir)
    table = Table("key", "name", "class", "shape", "rendering", "pages a visit", "every s")
    for site in registry.sites:
        values = (site.key, site.name, site.site_class, site.shape, site.rendering, site.pages_per_visit)
        table.add_row(*(str(value) for value in values), str(site.interval_s))
    Console().print(table)
    report_broken(folder or Settings().sites_dir)


@app.command()
def check(folder: Folder = None) -> None:
    """Read every site file; exit 1 and one line for each that is broken.

    Example:

      arb site check --dir sites
    """
    broken = report_broken(folder or Settings().sites_dir)
    count = len(load_sites(folder or Settings().sites_dir).sites)
    typer.echo(f"{count} sites can be read, {broken} cannot", err=True)
    raise typer.Exit(1 if broken else 0)


def report_broken(folder: Path) -> int:
    """Print one line a broken file on stderr and return how many there are."""
    broken = load_sites(folder).broken
    for site in broken:
        typer.echo(str(site), err=True)
    return len(broken)

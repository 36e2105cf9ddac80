"""`arb site`: the shops you watch. The list is here; adding, mending and checking have a module each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from arb_pipelines.cli import site_add, site_check, site_fix
from arb_pipelines.cli.tables import print_table
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.settings import Settings

app = typer.Typer(help="The shops you watch: one TOML file each.", no_args_is_help=True)
app.command()(site_add.add)
app.command()(site_fix.fix)
app.command()(site_check.check)
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
    print_table(table)
    for broken in registry.broken:
        typer.echo(str(broken), err=True)

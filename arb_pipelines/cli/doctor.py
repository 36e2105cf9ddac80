"""`arb doctor`: looks at everything the pipeline needs and says how to mend what is missing.

What belongs here: one small function a check. A check never changes anything.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from arb_pipelines.cli.processes import StartError, refuse_busy_port
from arb_pipelines.cli.tables import print_table
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.settings import Settings

FIXED_SQLITE = (3, 51, 3)


@dataclass(frozen=True)
class Finding:
    """One check: `ok`, `warning` (something will not work) or `error` (nothing will), and how to mend it."""

    check: str
    status: str
    found: str
    mend: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    port: Annotated[int, typer.Option(help="Port that the Dagster page will need.")] = 3000,
) -> None:
    """Check versions, stores, browser, credentials and ports, and say how to mend each.

    Exit status 1 if something without which nothing works is missing.

    Example:

      arb doctor --json
    """
    settings = Settings()
    findings = [finding for check in CHECKS for finding in check(settings)]
    findings.append(check_port(port))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        print_findings(findings)
    raise typer.Exit(1 if any(finding.status == "error" for finding in findings) else 0)


def print_findings(findings: list[Finding]) -> None:
    """Print the findings as a table."""
    colours = {"ok": "green", "warning": "yellow", "error": "bold red"}
    table = Table("check", "", "found", "how to mend it")
    for finding in findings:
        table.add_row(finding.check, Text(finding.status, colours[finding.status]), finding.found, finding.mend)
    print_table(table)


def check_python(_: Settings) -> Iterator[Finding]:
    """The interpreter is new enough."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if good else "error", found, "" if good else "install Python 3.11 or newer")


def check_packages(_: Settings) -> Iterator[Finding]:
    """Every part is installed; a part of an extra may be missing, then its stage says so."""
    required = ("dagster", "dagster-webserver", "scrapy", "polars", "sqlalchemy", "alembic")
    optional = {
        "ml": ("scikit-learn", "statsmodels", "mlflow", "pandas", "spacy"),
        "browser": ("playwright",),
        "servers": ("dagster-postgres", "psycopg2-binary", "pymongo"),
        "aws": ("boto3",),
    }
    for name in required:
        yield find_package(name, "error", "run `make setup`")
    for extra, names in optional.items():
        for name in names:
            yield find_package(name, "warning", f"install the extra: pip install 'arb-pipelines[{extra}]'")


def find_package(name: str, missing_status: str, mend: str) -> Finding:
    """Return what is installed of a package."""
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, missing_status, "not installed", mend)


def check_home(settings: Settings) -> Iterator[Finding]:
    """The home can be written and its disk has room for a day of raw scrapes (about 3 GB)."""
    folder = settings.home if settings.home.exists() else first_existing(settings.home)
    free_gb = shutil.disk_usage(folder).free / 1e9
    status = "ok" if free_gb >= 3 else "warning" if free_gb >= 0.5 else "error"
    mend = "" if status == "ok" else "make room, or set ARB_HOME to a folder on another disk"
    yield Finding("disk", status, f"{free_gb:.1f} GB free at {folder}", mend)
    if not os_writable(folder):
        yield Finding("home", "error", f"{folder} cannot be written", "set ARB_HOME to a folder of yours")


def first_existing(path: Path) -> Path:
    """Return the nearest parent that exists."""
    return next(parent for parent in path.parents if parent.exists())


def os_writable(folder: Path) -> bool:
    """Return whether this user may write into a folder."""
    import os

    return os.access(folder, os.W_OK)


def check_sqlite(_: Settings) -> Iterator[Finding]:
    """The SQLite library is one without the WAL reset bug (3.7.0-3.51.2 may lose committed writes)."""
    from arb_pipelines.adapters.sql.engine import build_engine

    found: str = build_engine("sqlite://").dialect.dbapi.sqlite_version  # type: ignore[union-attr]
    good = tuple(int(part) for part in found.split(".")) >= FIXED_SQLITE
    mend = "" if good else "install pysqlite3 (it bundles a fixed SQLite), or set ARB_DATABASE_URL to PostgreSQL"
    yield Finding("SQLite", "ok" if good else "warning", found, mend)


def check_books(settings: Settings) -> Iterator[Finding]:
    """The database of the books answers."""
    from sqlalchemy import text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.engine import build_engine

    url = make_url(settings.books_url)
    shown = url.render_as_string(hide_password=True)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
        yield Finding("books", "ok", f"{shown} (created by the first `arb demo` or `arb dev`)")
        return
    try:
        with build_engine(settings.books_url).connect() as connection:
            connection.execute(text("SELECT 1"))
        yield Finding("books", "ok", shown)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        yield Finding("books", "error", f"{shown}: {reason}", "start the database, or mend ARB_DATABASE_URL")


def check_raw_store(settings: Settings) -> Iterator[Finding]:
    """The raw store is a folder, or a MongoDB that answers."""
    if settings.raw_store_url is None:
        yield Finding("raw store", "ok", f"Parquet in {settings.home / 'raw'}")
        return
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    host = settings.raw_store_url.rpartition("@")[2]
    try:
        client: MongoClient[dict[str, object]] = MongoClient(settings.raw_store_url, serverSelectionTimeoutMS=2000)
        client.admin.command("ping")
        yield Finding("raw store", "ok", f"MongoDB at {host}")
    except PyMongoError as error:
        yield Finding("raw store", "error", f"MongoDB at {host}: {type(error).__name__}", "mend ARB_RAW_STORE_URL")


def check_browser(settings: Settings) -> Iterator[Finding]:
    """A Chromium is there for shops that need one."""
    found = settings.browser
    if found is not None and found.exists():
        yield Finding("browser", "ok", str(found))
    else:
        yield Finding(
            "browser",
            "warning",
            "no Chromium found: sites with rendering = browser will fail with browser_missing",
            "Debian: apt-get install chromium; or set ARB_BROWSER_PATH",
        )


def check_sites(settings: Settings) -> Iterator[Finding]:
    """The site files can be read."""
    if not settings.sites_dir.is_dir():
        yield Finding(
            "sites", "warning", f"{settings.sites_dir} is missing", "make it, one TOML a site, or set ARB_SITES_DIR"
        )
        return
    registry = load_sites(settings.sites_dir)
    for broken in registry.broken:
        yield Finding("sites", "warning", str(broken), "mend the file; the other sites are scraped meanwhile")
    yield Finding("sites", "ok", f"{len(registry.sites)} declared in {settings.sites_dir}")


def check_outlet(settings: Settings) -> Iterator[Finding]:
    """There are credentials for something to sell on."""
    if settings.sandbox_url:
        yield Finding("outlet", "ok", f"sandbox at {settings.sandbox_url}")
    else:
        yield Finding("outlet", "warning", "none set up: nothing is listed or sold", "try `arb demo`, which brings one")


def check_port(port: int) -> Finding:
    """The port of the Dagster page is free."""
    try:
        refuse_busy_port(port, "the Dagster page", "--port")
    except StartError as error:
        return Finding("port", "warning", f"{port} is in use", str(error).partition(": ")[2])
    return Finding("port", "ok", f"{port} is free")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    check_python,
    check_packages,
    check_home,
    check_sqlite,
    check_books,
    check_raw_store,
    check_browser,
    check_sites,
    check_outlet,
)

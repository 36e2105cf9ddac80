"""`arb migrate`, `arb backup` and `arb restore`: keeping the books in their newest form, and safe.

What belongs here: what the commands print and refuse. How a backup is made is `adapters/backup/`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.adapters.backup.archive import Installation

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def migrate(as_json: Json = False) -> None:
    """Create the books or bring their tables to the newest form; safe to run again and while others work.

    Example:

      ARB_DATABASE_URL=postgresql://arb@host/arb arb migrate --json
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.backup.databases import find_revision
    from arb_pipelines.adapters.sql.books import WrongModeError
    from arb_pipelines.cli.instance import migrate as bring_up_to_date

    settings = Settings()
    try:
        before = find_revision(settings.books_url)
        bring_up_to_date(settings)
        after = find_revision(settings.books_url)
    except (SQLAlchemyError, WrongModeError, OSError) as error:
        raise refused("migrate", f"{settings.books_url}: {str(error.__cause__ or error).splitlines()[0]}") from error
    if as_json:
        typer.echo(json.dumps({"from": before, "to": after}))
    else:
        typer.echo(f"the books are at {after}" + ("" if before == after else f", and were at {before or 'nothing'}"))


def backup(
    target: Annotated[Path, typer.Argument(help="A folder to make, or a file named .tar, .tar.gz or .tgz.")],
    as_json: Json = False,
) -> None:
    """Back up books, raw scrapes, models and checkout evidence, while everything runs. Secrets are not in it.

    Example:

      arb backup /backups/arb-2026-11-23.tar.gz
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.backup.archive import write_backup
    from arb_pipelines.adapters.backup.manifest import BackupError

    console = Console(stderr=True)
    try:
        with console.status("books") as status:
            manifest = write_backup(installation_of(Settings()), target, datetime.now(UTC), status.update)
    except (BackupError, SQLAlchemyError, OSError) as error:
        raise refused("backup", str(error.__cause__ or error).splitlines()[0]) from error
    found = {"target": str(target), "revision": manifest.revision, "rows": manifest.rows, "files": len(manifest.files)}
    show(found, as_json, f"{manifest.rows} rows and {len(manifest.files)} files are in {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="A backup that `arb backup` made.", exists=True)],
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup in place of this installation, after checking every hash; then check rows and invariants.

    Stop `arb dev` or the workers first. Exit status 1 if rows are missing or an invariant does not hold.

    Example:

      ARB_HOME=/srv/arb arb restore /backups/arb-2026-11-23.tar.gz
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.backup.archive import restore_backup
    from arb_pipelines.adapters.backup.manifest import BackupError
    from arb_pipelines.cli.instance import single_instance
    from arb_pipelines.cli.processes import StartError

    console, settings = Console(stderr=True), Settings()
    try:
        with single_instance(settings.home), console.status("opening") as status:
            manifest = restore_backup(source, installation_of(settings), is_forced=force, tell=status.update)
            missing, broken = check_restored(settings, manifest.tables)
    except (BackupError, StartError, SQLAlchemyError, OSError) as error:
        raise refused("restore", str(error).splitlines()[0]) from error
    result = {"made_at": manifest.made_at, "rows": manifest.rows, "different_tables": missing, "broken": broken}
    well = f"{manifest.rows} rows and {len(manifest.files)} files of {manifest.made_at} are back; every invariant holds"
    show(result, as_json, well if not missing and not broken else f"not as it was: {missing or broken}")
    raise typer.Exit(1 if missing or broken else 0)


def check_restored(settings: Settings, expected: dict[str, int]) -> tuple[list[str], dict[str, int]]:
    """Return the tables whose rows are not those of the backup, and the broken invariants."""
    from arb_pipelines.adapters.sql.books import open_books
    from arb_pipelines.adapters.sql.copying import count_rows
    from arb_pipelines.adapters.sql.engine import build_engine

    engine = build_engine(settings.books_url)
    try:
        with engine.connect() as connection:
            found = count_rows(connection)
    finally:
        engine.dispose()
    books = open_books(settings.books_url, mode=settings.mode.value)
    try:
        books.migrate()  # a backup may be of an earlier form of the tables
        broken = books.broken_invariants()
    finally:
        books.close()
    return [name for name, rows in found.items() if expected.get(name) != rows], broken


def installation_of(settings: Settings) -> Installation:
    """Return what these settings keep here; servers other than that of the books have backups of their own."""
    from arb_pipelines.adapters.backup.archive import Installation

    home = settings.home
    folders = {"models": home / "models", "checkout_evidence": home / "checkout_evidence"}
    if settings.raw_store_url is None:
        folders["raw"] = home / "raw"
    return Installation(
        books_url=settings.books_url,
        mode=settings.mode.value,
        register=None if settings.mlflow_url else home / "mlflow.sqlite",
        folders=folders,
    )


def refused(command: str, reason: str) -> typer.Exit:
    """Say on standard error why a command did nothing, and return the exit with status 2."""
    from arb_pipelines.domain.redaction import PROCESS

    typer.echo(f"{command}: {PROCESS.scrub(reason).rstrip(': ')}", err=True)
    return typer.Exit(2)


def show(result: dict[str, Any], as_json: bool, sentence: str) -> None:
    """Print a result for a program or for a person."""
    typer.echo(json.dumps(result) if as_json else sentence)

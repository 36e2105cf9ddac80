"""`arb storage copy`: moves an embedded installation to its servers.

What belongs here: what the command prints and refuses, and its progress bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from arb_pipelines.cli.keeping import Json, refused, show
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.adapters.sql.copying import BooksCopy

app = typer.Typer(help="Move what is kept from this machine to servers.", no_args_is_help=True)


@app.callback()
def storage() -> None:
    """Move what is kept from this machine to servers."""


@app.command()
def copy(
    to: Annotated[
        str, typer.Option(help="Empty PostgreSQL database for the books: postgresql://user:password@host/db.")
    ],
    raw_to: Annotated[str | None, typer.Option(help="Also move the raw scrapes: mongodb://host:27017/db.")] = None,
    as_json: Json = False,
) -> None:
    """Copy the embedded books (and raw scrapes) to servers, and compare counts and hashes of every table.

    Stop `arb dev` and the workers first. A copy that was killed goes on where it was when it is called again. Nothing
    is deleted here: set ARB_DATABASE_URL and ARB_RAW_STORE_URL afterwards.

    Example:

      arb storage copy --to postgresql://arb:secret@db.example/arb --raw-to mongodb://mongo.example:27017/arb
    """
    from sqlalchemy.exc import SQLAlchemyError

    from arb_pipelines.adapters.sql.books import WrongModeError
    from arb_pipelines.adapters.sql.copying import BooksCopy, CopyError
    from arb_pipelines.cli.instance import single_instance
    from arb_pipelines.cli.processes import StartError

    settings = Settings()
    if not to.startswith(("postgresql://", "postgresql+")):
        raise refused(
            "storage copy", "--to is an address that begins with postgresql://, such as postgresql://host/database"
        )
    try:
        with single_instance(settings.home), bar() as progress:
            books = BooksCopy(f"sqlite:///{settings.home / f'books-{settings.mode}.sqlite'}", to, settings.mode.value)
            try:
                rows, different = copy_books(books, progress)
                files = copy_raw(settings, raw_to, progress) if raw_to else 0
                if raw_to:
                    books.forget_cursors()
                if not different:
                    books.finish()
            finally:
                books.close()
    except (CopyError, StartError, WrongModeError, SQLAlchemyError, OSError, ValueError) as error:
        raise refused("storage copy", str(error.__cause__ or error).splitlines()[0]) from error
    result = {"rows": rows, "raw_files": files, "different_tables": different}
    show(result, as_json, f"{rows} rows and {files} raw files are there" if not different else f"differ: {different}")
    raise typer.Exit(1 if different else 0)


def bar() -> Progress:
    """Return the progress bar, on standard error."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))


def copy_books(books: BooksCopy, progress: Progress) -> tuple[int, list[str]]:
    """Copy every table; return how many rows there are and the tables that differ."""
    counts = books.prepare()
    task = progress.add_task("books", total=sum(counts.values()))

    def tell(table: str, rows: int) -> None:
        progress.update(task, description=table, advance=rows)

    books.run(tell)
    progress.update(task, description="comparing")
    return sum(counts.values()), sorted(books.compare())


def copy_raw(settings: Settings, url: str, progress: Progress) -> int:
    """Copy the raw scrapes into MongoDB and compare them; return how many files there were.

    Raises:
        CopyError: what is there is not what is here.
    """
    from pymongo.errors import PyMongoError

    from arb_pipelines.adapters.mongo.copying import RawCopy, raw_files
    from arb_pipelines.adapters.mongo.raw_scrapes import build
    from arb_pipelines.adapters.sql.copying import CopyError

    address, _, database = url.rpartition("/")
    folder = settings.home / "raw"
    task = progress.add_task("raw scrapes", total=len(raw_files(folder)))
    try:
        store = build(address, database)
    except PyMongoError as error:
        raise CopyError(f"MongoDB does not answer ({type(error).__name__})") from error
    try:
        copying = RawCopy(folder, store, url.rpartition("@")[2])
        files = copying.run(lambda done: progress.update(task, advance=done))
        here, there = copying.compare()
        if here != there:
            raise CopyError(f"{here[0]} raw scrapes are here and {there[0]} there, or they differ: run the copy again")
        copying.finish()
    except PyMongoError as error:
        raise CopyError(f"MongoDB failed ({type(error).__name__}): run the copy again, it goes on") from error
    finally:
        store.close()
    return files

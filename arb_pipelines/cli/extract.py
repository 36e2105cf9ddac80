"""`arb extract`: read saved product pages and print what they say.

What belongs here: the command's options, its output forms and its error lines. The reading itself is
`scraping/extraction/page.py`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

MAX_BYTES = 64 * 1024 * 1024
BAR_FROM_FILES = 20  # fewer files are read before a bar would be seen
FIELDS = (
    "name", "price", "currency", "availability", "list_price", "shipping", "sku", "brand", "gtin", "mpn", "condition",
    "seller", "category", "image", "images", "isbn", "asin", "rating_count", "views", "watchers",
)  # fmt: skip


class PageFileError(Exception):
    """A file or option that cannot be used; the message says what is wrong and how to mend it."""


def extract(
    files: Annotated[list[Path], typer.Argument(help="Saved pages: .html or .html.gz.")],
    url: Annotated[str | None, typer.Option(help="The page's address; sharpens the reading of a single file.")] = None,
    urls: Annotated[
        Path | None, typer.Option(help="JSON file that maps each file's name, with or without endings, to its address.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one object for one file, a list for several.")
    ] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object a line, as soon as it is read.")
    ] = False,
) -> None:
    """Read product pages from files and print name, price, stock and the evidence for each.

    A page that does not say something has null there: unknown is an answer.

    A file that cannot be read is one line on standard error; the others are still printed, and the exit
    status is 2.

    Examples:

        arb extract page.html --url https://shop.example/p/1

        arb extract pages/*.html.gz --urls urls.json --jsonl > products.jsonl
    """
    faults: list[str] = []
    try:
        addresses = _load_addresses(files, url, urls)
    except PageFileError as error:
        raise typer.Exit(_complain(str(error))) from error
    records = []
    for record in _read_files(files, addresses, faults):
        if jsonl:
            typer.echo(json.dumps(record, ensure_ascii=False))
        else:
            records.append(record)
    if records:
        _print_records(records, as_json, is_single=len(files) == 1)
    if faults:
        raise typer.Exit(max(_complain(fault) for fault in faults))


def _complain(fault: str) -> int:
    """Print one line on standard error and return the exit status that goes with it."""
    typer.echo(f"arb extract: {fault}", err=True)
    return 2


def _print_records(records: list[dict[str, Any]], as_json: bool, is_single: bool) -> None:
    if as_json:
        shown: Any = records[0] if is_single else records
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _print_table(records)


def _load_addresses(files: list[Path], url: str | None, urls: Path | None) -> Mapping[str, str]:
    if url is not None and urls is not None:
        raise PageFileError("give either --url or --urls, not both")
    if url is not None:
        if len(files) > 1:
            raise PageFileError("--url fits one file only; for several give --urls FILE")
        return {page_key(files[0]): url}
    if urls is None:
        return {}
    try:
        table = json.loads(urls.read_text(encoding="utf-8"))
    except OSError as error:
        raise PageFileError(f"{urls}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise PageFileError(f"{urls}: not JSON ({error})") from error
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise PageFileError(f"{urls}: must be a JSON object that maps file names without endings to addresses")
    return table


def page_key(path: Path) -> str:
    """Return the file's name without its endings: `pages/a.html.gz` is `a`."""
    name = path.name.removesuffix(".gz")
    for ending in (".html", ".htm"):
        name = name.removesuffix(ending)
    return name


def _read_files(files: list[Path], addresses: Mapping[str, str], faults: list[str]) -> Iterator[dict[str, Any]]:
    """Yield one record a readable file, with a bar on standard error when there are many; note faults."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    shown = track(
        files, description="reading pages", console=console, disable=len(files) < BAR_FROM_FILES, transient=True
    )
    for path in shown:
        try:
            yield _read_file(path, addresses.get(page_key(path)) or addresses.get(path.name, ""))
        except PageFileError as error:
            faults.append(str(error))


def _read_file(path: Path, url: str) -> dict[str, Any]:
    from arb_pipelines.scraping.extraction.page import read_page

    html = load_page(path)
    reading = read_page(html, url=url, site=None, fetched_at=datetime.now(UTC), tick_id="extract")
    product = reading.product
    record: dict[str, Any] = {"file": str(path), "url": url or None}
    record |= {name: getattr(product, name) for name in FIELDS}
    record["availability"] = product.availability.value if product.availability else None
    record["verdict"] = reading.verdict
    record["evidence"] = {
        name: [{"method": e.method, "raw": e.raw, "place": e.place} for e in evidence]
        for name, evidence in product.evidence.items()
    }
    return record


def load_page(path: Path) -> bytes:
    """Return the bytes of a saved page, unpacked when it is gzip whatever its name, at most 64 MB.

    Raises:
        PageFileError: the file cannot be read, or its gzip is damaged.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES)
        if not raw.startswith(b"\x1f\x8b"):
            return raw
        with gzip.open(path) as packed:
            return packed.read(MAX_BYTES)
    except IsADirectoryError as error:
        raise PageFileError(f"{path}: is a folder; name the files in it, e.g. {path}/*.html.gz") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise PageFileError(f"{path}: damaged gzip ({error}); save the page again") from error
    except OSError as error:
        raise PageFileError(f"{path}: cannot be read ({error.strerror})") from error


def _print_table(records: list[dict[str, Any]]) -> None:

    from rich.table import Table

    from arb_pipelines.cli.tables import print_table

    table = Table("file", "name", "price", "availability", "sku", "brand", "remark")
    for record in records:
        price = f"{record['price']} {record['currency'] or '?'}" if record["price"] else ""
        shown = (record["name"], price, record["availability"], record["sku"], record["brand"], record["verdict"])
        table.add_row(Path(record["file"]).name[:40], *(text or "" for text in shown))
    print_table(table)

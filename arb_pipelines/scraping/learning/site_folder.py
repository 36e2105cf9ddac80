"""A site's files: `<sites>/<key>.toml`, and beside it `<key>/` with saved pages and what they are expected to say.

What belongs here: writing and reading these files. Each is replaced in one step, the declaration last, so that a
site that is seen by the registry is whole.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit

from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.page import read_page
from arb_pipelines.scraping.site_fields import KEY_PATTERN

EXPECTED = "expected.json"
MAX_PAGE_BYTES = 64 * 1024 * 1024
FIELDS = (
    "name", "price", "currency", "availability", "list_price", "shipping", "condition", "seller", "sku", "gtin", "mpn",
    "brand", "category", "image",
)  # fmt: skip
Record = dict[str, str | None]


class SavedPageError(ValueError):
    """A saved page or its expected record that cannot be read; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """One saved page of a site and what it is expected to say (`None`: the page does not say it)."""

    file: str
    url: str
    html: bytes
    expected: Record


def bare_host(url: str) -> str:
    """Return host and port of an address, without `www.`."""
    return urlsplit(url).netloc.lower().removeprefix("www.")


def key_for(url: str) -> str:
    """Return the key that a shop gets when nobody chooses one: its host, `shop.example`."""
    key = re.sub(r"[^a-z0-9._-]+", "-", bare_host(url)).strip("-.") or "site"
    return key[:100] if KEY_PATTERN.fullmatch(key[:100]) else "site"


def record_of(product: RawProduct) -> Record:
    """Return the fields of a record that are compared, as text."""
    values = {name: getattr(product, name) for name in FIELDS}
    return {name: None if value is None else str(value) for name, value in values.items()}


def read_record(page: SavedPage, site: Site) -> RawProduct:
    """Return what the extraction reads off a saved page with the site's declaration."""
    return read_page(page.html, url=page.url, site=site, fetched_at=datetime.now(UTC), tick_id="saved-page").product


def site_text(values: Mapping[str, Any], remarks: Sequence[str]) -> str:
    """Return a declaration as TOML with `remarks` as comments at its top; fields that are None are left out."""
    document = tomlkit.document()
    for remark in remarks:
        document.add(tomlkit.comment(remark))
    for name, value in values.items():
        if value is None or value == {}:
            continue
        document[name] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)


def with_values(text: str, changes: Mapping[str, Any]) -> str:
    """Return the TOML with fields set, its comments and order kept; a key `selectors.price` is in that table."""
    document = tomlkit.parse(text)
    for name, value in changes.items():
        table, _, inner = name.rpartition(".")
        if not table:
            document[inner] = value
            continue
        if table not in document:
            document[table] = tomlkit.table()
        document[table][inner] = value
    return tomlkit.dumps(document)


def save_pages(folder: Path, key: str, pages: Sequence[SavedPage]) -> None:
    """Write the saved pages of a site and their expected records; pages that are no longer named stay.

    Raises:
        OSError: the folder cannot be written.
    """
    own = folder / key
    own.mkdir(parents=True, exist_ok=True)
    for page in pages:
        _replace(own / page.file, gzip.compress(page.html, mtime=0))
    body = {"pages": [{"file": page.file, "url": page.url, "expected": page.expected} for page in pages]}
    _replace(own / EXPECTED, (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode())


def save_declaration(folder: Path, key: str, text: str) -> Path:
    """Write `<key>.toml` and return its path.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.toml"
    _replace(path, text.encode())
    return path


def load_pages(folder: Path, key: str) -> list[SavedPage]:
    """Return the saved pages of a site; none when it has no expected records.

    Raises:
        SavedPageError: a page or the file of expected records is missing or damaged.
    """
    path = folder / key / EXPECTED
    if not path.is_file():
        return []
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["pages"]
        pages = [SavedPage(p["file"], p["url"], b"", dict(p["expected"])) for p in listed]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SavedPageError(f"{path}: not a list of expected records ({error}): add the site again") from error
    return [replace(page, html=load_html(path.parent / Path(page.file).name)) for page in pages]


def load_html(path: Path) -> bytes:
    """Return a saved page, unpacked when it is gzip, at most 64 MB.

    Raises:
        SavedPageError: it cannot be read or its gzip is damaged.
    """
    try:
        raw = path.read_bytes()
        if raw[:2] != b"\x1f\x8b":
            return raw[:MAX_PAGE_BYTES]
        return zlib.decompressobj(wbits=47).decompress(raw, MAX_PAGE_BYTES)
    except OSError as error:
        raise SavedPageError(f"{path}: cannot be read ({error.strerror}): save the page again") from error
    except zlib.error as error:
        raise SavedPageError(f"{path}: damaged gzip ({error}): save the page again") from error


def _replace(path: Path, body: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(body)
    temporary.replace(path)

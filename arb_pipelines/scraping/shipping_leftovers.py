"""Pages that a killed crawl had appended but not shipped: parsed again and put into the raw store.

What belongs here: the way from a leftover segment to the store. The record of a page has the same id whoever
parses it, so shipping a page twice makes one record.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.scraping.batch_writer import RawStore
from arb_pipelines.scraping.extraction.page import read_page
from arb_pipelines.scraping.extraction.verdict import CHALLENGE
from arb_pipelines.scraping.page_memory import build_record
from arb_pipelines.scraping.segments import Leftover, RawPage, find_leftovers
from arb_pipelines.scraping.settings import MAX_BODY_BYTES
from arb_pipelines.scraping.site_fields import SiteError, build_site

logger = logging.getLogger(__name__)

BATCH = 200
ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
Unpack = Callable[[RawPage], bytes]


def ship_leftovers(folder: Path, store: RawStore, unpack: Unpack | None = None) -> int:
    """Put what dead crawls left in `folder` into `store` and return how many records that were.

    Raises:
        Exception: whatever the store raises; what was acknowledged before is marked and not sent again.
    """
    return sum(_ship(leftover, store, unpack or unpack_body) for leftover in find_leftovers(folder))


def _ship(leftover: Leftover, store: RawStore, unpack: Unpack) -> int:
    done = False
    shipped = 0
    try:
        for records, end in _batches(leftover, unpack):
            store.append(records)
            leftover.move_mark(end)
            shipped += len(records)
        done = True
    finally:
        leftover.close(done)
    logger.warning("tick %s: %d page(s) of a crawl that broke off were shipped now", leftover.tick_id, shipped)
    return shipped


def _batches(leftover: Leftover, unpack: Unpack) -> Iterator[tuple[list[RawProduct], int]]:
    """Yield records with the offset below which every page is among them or needs no record."""
    sites = _sites(leftover)
    records: list[RawProduct] = []
    end = 0
    for end, page in leftover.pages():
        record = _record(page, sites.get(page.site), leftover.tick_id, unpack)
        if record is not None:
            records.append(record)
        if len(records) >= BATCH:
            yield records, end
            records = []
    if records:
        yield records, end


def _record(page: RawPage, site: Site | None, tick_id: str, unpack: Unpack) -> RawProduct | None:
    """Return the page's record, None for a page that says nothing (a challenge, bytes that do not unpack)."""
    seen: dict[str, Any] = {"url": page.url, "fetched_at": page.fetched_at, "tick_id": tick_id}
    if site is None or not site.site_class.may_store:
        return None
    if page.repeats is not None:
        return build_record(page.repeats["record"], site=site.key, read_in=page.repeats["read_in"], **seen)
    try:
        body = unpack(page)
    except Exception as error:  # noqa: BLE001 - a hostile body is refused in the crawl as well, and costs one page
        logger.warning("page %s does not unpack: %s: %s", page.url[:200], type(error).__name__, error)
        return None
    reading = read_page(body, site=site, encoding=declared_encoding(page.headers.get("Content-Type")), **seen)
    return None if reading.verdict == CHALLENGE else reading.product


def _sites(leftover: Leftover) -> dict[str, Site]:
    """Return the shard's sites; one that another version declared is read without its selectors, not dropped."""
    found: dict[str, Site] = {}
    for raw in leftover.sites:
        try:
            site = build_site(raw)
        except SiteError as error:
            logger.warning("a site of tick %s is read without its rules: %s", leftover.tick_id, error)
            key, name, url = (str(raw.get(field)) for field in ("key", "name", "url"))
            site = Site(key, name, url, site_class=_class_of(raw))
        found[site.key] = site
    return found


def _class_of(raw: dict[str, Any]) -> SiteClass:
    try:
        return SiteClass(str(raw.get("site_class")))
    except ValueError:
        return SiteClass.RESTRICTED


def unpack_body(page: RawPage) -> bytes:
    """Return the body as the site wrote it. We ask for gzip and deflate only, so those are what there is to unpack.

    Raises:
        ValueError: another encoding, bytes that are not what they say, or more than our size limit.
    """
    encoding = page.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return page.body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"content encoding {encoding!r} is not one that we asked for")
    # Some servers say deflate and send it without the zlib header.
    windows = (ZLIB_OR_GZIP, -zlib.MAX_WBITS) if encoding == "deflate" else (ZLIB_OR_GZIP,)
    for window in windows:
        unpacker = zlib.decompressobj(window)
        try:
            body = unpacker.decompress(page.body, MAX_BODY_BYTES)
        except zlib.error:
            continue
        if unpacker.unconsumed_tail:
            raise ValueError(f"it exceeded {MAX_BODY_BYTES} bytes")
        return body
    raise ValueError(f"the body is not {encoding}")


def declared_encoding(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type names, None when it names none."""
    _, _, charset = (content_type or "").lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") or None

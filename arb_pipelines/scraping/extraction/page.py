"""One product page, from bytes to record: the front door of the extraction.

What belongs here: the order of the steps, and the promise that hostile bytes never raise. Evidence, not a guess:
readers propose candidates, a vote decides, and what was proposed is stored beside the value.
"""

from __future__ import annotations

import gc
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import urljoin

from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.anchors import find_anchors, find_heading
from arb_pipelines.scraping.extraction.brands import propose_brands
from arb_pipelines.scraping.extraction.candidates import Candidate, CandidateSheet
from arb_pipelines.scraping.extraction.currencies import host_of
from arb_pipelines.scraping.extraction.decisions import decide_fields
from arb_pipelines.scraping.extraction.details import propose_details
from arb_pipelines.scraping.extraction.document import Document, parse
from arb_pipelines.scraping.extraction.embedded_state import propose_from_state
from arb_pipelines.scraping.extraction.identity import identify
from arb_pipelines.scraping.extraction.labels import propose_from_labels
from arb_pipelines.scraping.extraction.meta_tags import propose_from_meta
from arb_pipelines.scraping.extraction.names import propose_names
from arb_pipelines.scraping.extraction.platforms import propose_from_platform
from arb_pipelines.scraping.extraction.product_ids import propose_ids
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.schema_items import read_schema_nodes
from arb_pipelines.scraping.extraction.schema_product import MAX_IMAGES, propose_from_schema
from arb_pipelines.scraping.extraction.site_selectors import propose_from_selectors
from arb_pipelines.scraping.extraction.verdict import (
    LISTING,
    NOT_HTML,
    OWN_FIT,
    challenge_or_shell,
    is_html,
    is_listing,
)
from arb_pipelines.scraping.extraction.visible_prices import SeenPrice, propose_from_text
from arb_pipelines.scraping.extraction.visible_stock import propose_stock

logger = logging.getLogger(__name__)

UNREADABLE = "unreadable"
EVIDENCE_PER_FIELD = 5
SURE = 2.0
SURE_PRICE = 2.5
COUNTS = ("rating_count", "views", "watchers")


@dataclass(frozen=True, slots=True)
class PageReading:
    """What a page said. With a `verdict` (`challenge`, `empty_shell`, `not_html`, `listing`) it said no price."""

    product: RawProduct
    verdict: str | None


def read_page(
    html: bytes, *, url: str, site: Site | None, fetched_at: datetime, tick_id: str, encoding: str | None = None
) -> PageReading:
    """Read one page. Never raises: what cannot be read comes back without a price and with a verdict.

    Args:
        html: The body, decompressed.
        url: The page's address; relative links are joined to it.
        site: The declaration it belongs to, None for a page of no site; its selectors outweigh everything.
        fetched_at: When the body was received (aware UTC).
        tick_id: The tick that fetched it.
        encoding: The charset of the Content-Type header, if it named one.
    """
    try:
        with _collector_paused():
            decided, sheet, verdict = _read(html, url, site, encoding)
    except Exception as error:  # noqa: BLE001 - a hostile page must cost one record, not the crawl
        logger.warning("page %s cannot be read: %s: %s", url[:200], type(error).__name__, str(error)[:200])
        decided, sheet, verdict = {}, CandidateSheet(), UNREADABLE
    product = _build_product(html, url, site, fetched_at, tick_id, decided, sheet, verdict)
    return PageReading(product, verdict)


def extract_product(
    html: bytes, *, url: str, site: Site | None, fetched_at: datetime, tick_id: str, encoding: str | None = None
) -> RawProduct:
    """Return the record of one page, as `read_page` without the verdict (which is in the evidence of `page`)."""
    reading = read_page(html, url=url, site=site, fetched_at=fetched_at, tick_id=tick_id, encoding=encoding)
    return reading.product


def page_verdict(html: bytes, url: str) -> str | None:
    """Return why the page is no product page (`challenge`, `empty_shell`, `not_html`, ...), None when it may be one."""
    try:
        return _read(html, url, None, None)[2]
    except Exception:  # noqa: BLE001 - as in read_page
        return UNREADABLE


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector away from a page's tree, which has no cycles and is gone after the page.

    A page makes thousands of objects at once, so the collector ran several times in each: 6 % of the CPU.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(
    html: bytes, url: str, site: Site | None, encoding: str | None
) -> tuple[dict[str, Candidate], CandidateSheet, str | None]:
    sheet = CandidateSheet()
    document = parse(html, url, encoding) if is_html(html) else None
    if document is None:
        return {}, sheet, NOT_HTML
    if site is not None:
        propose_from_selectors(document, site, sheet)
    verdict, seen = _collect(document, html, sheet)
    decided = decide_fields(document, sheet, seen)
    if verdict is not None and not any(c.method == "selector" for c in sheet.of("price")):
        for field_name in ("price", "list_price", "currency", "shipping", "availability"):
            decided.pop(field_name, None)
    return decided, sheet, verdict


def _collect(document: Document, html: bytes, sheet: CandidateSheet) -> tuple[str | None, Sequence[SeenPrice]]:
    """Let every reader propose; return the verdict on the page and the amounts in its text."""
    identity = identify(document)
    nodes = read_schema_nodes(document)
    fit, products = propose_from_schema(nodes, identity, sheet)
    propose_from_meta(document, sheet)
    verdict = challenge_or_shell(document, html, has_product=bool(sheet.of("price")))
    if verdict is not None:
        return verdict, []
    heading = find_heading(document)
    regions = Regions(heading)
    anchors = find_anchors(document, heading, regions)
    is_sure = fit is not None and fit >= OWN_FIT and any(c.weight >= SURE_PRICE for c in sheet.of("price"))
    seen = propose_from_text(document, sheet, regions, anchors, is_sure)
    names_barcode = cache(lambda: b"barcode" in html or b"ean13" in html)
    readers: Sequence[Callable[[], None]] = (
        lambda: propose_from_labels(document, sheet, regions),
        lambda: propose_from_state(document, identity, sheet) if _has_gaps(sheet, names_barcode) else None,
        lambda: propose_from_platform(document, html, sheet) if _has_gaps(sheet, names_barcode) else None,
        lambda: propose_names(document, sheet, regions),
        lambda: propose_brands(document, sheet, regions, anchors.heading),
        lambda: propose_ids(document, html, sheet, regions, anchors.heading),
        lambda: propose_details(document, nodes, identity, sheet, anchors.heading),
        lambda: propose_stock(document, sheet, regions, anchors.heading, anchors.button),
    )
    for read in readers:
        _attempt(read, document.url)
    return LISTING if is_listing(document, nodes, identity, seen, fit, products) else None, seen


def _has_gaps(sheet: CandidateSheet, names_barcode: Callable[[], bool]) -> bool:
    """Return whether scripts are worth reading, the dearest reader of all: a main field is missing or unconfirmed."""
    if any(not any(c.weight >= SURE for c in sheet.of(name)) for name in ("price", "sku", "availability")):
        return True
    shown = {c.value for c in sheet.of("price") if c.method == "visible" and c.weight >= 1}
    if not any(c.value in shown for c in sheet.of("price") if c.method != "visible" and c.weight >= SURE):
        return True
    return not sheet.of("gtin") and names_barcode()


def _attempt(read: Callable[[], None], url: str) -> None:
    """Let one reader propose; its fault must not cost what the others read."""
    try:
        read()
    except Exception as error:  # noqa: BLE001 - any reader may stumble over a hostile page in its own way
        logger.warning("page %s: a reader gave up: %s: %s", url[:200], type(error).__name__, str(error)[:200])


def _build_product(
    html: bytes,
    url: str,
    site: Site | None,
    fetched_at: datetime,
    tick_id: str,
    decided: dict[str, Candidate],
    sheet: CandidateSheet,
    verdict: str | None,
) -> RawProduct:
    values: dict[str, str | None] = {name: candidate.value for name, candidate in decided.items()}
    state = values.pop("availability", None)
    image = values.pop("image", None)
    rating_count, views, watchers = (_number(values.pop(name, None)) for name in COUNTS)
    images = [_joined(url, i) for i in (image, *(c.value for c in sheet.of("image"))) if i and verdict is None]
    if site is not None and values.get("price") and values.get("currency") is None:
        values["currency"] = site.currency
    return RawProduct(
        site=site.key if site is not None else host_of(url),
        url=url,
        fetched_at=fetched_at,
        tick_id=tick_id,
        content_sha256=hashlib.sha256(html).hexdigest(),
        availability=Availability(state) if state else None,
        image=_joined(url, image) if image else None,
        images=tuple(dict.fromkeys(images))[:MAX_IMAGES],
        evidence=_evidence(decided, sheet, verdict),
        rating_count=rating_count,
        views=views,
        watchers=watchers,
        **values,
    )


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


def _evidence(
    decided: dict[str, Candidate], sheet: CandidateSheet, verdict: str | None
) -> dict[str, tuple[Evidence, ...]]:
    """Return what was proposed for each decided field (and for the price in any case), the winner first."""
    evidence: dict[str, tuple[Evidence, ...]] = {}
    for name in dict.fromkeys(["price", *decided]):
        winner = decided.get(name)
        others = sorted((c for c in sheet.of(name) if c is not winner), key=lambda c: -c.weight)
        ranked = [*([winner] if winner else []), *others][:EVIDENCE_PER_FIELD]
        if ranked:
            evidence[name] = tuple(Evidence(c.method, c.raw, c.place) for c in ranked)
    if verdict is not None:
        evidence["page"] = (Evidence("verdict", verdict),)
    return evidence


def _joined(url: str, link: str) -> str:
    if link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(url, link)
    except ValueError:
        return link

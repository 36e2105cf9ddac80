"""The addresses that a shop's sitemaps list.

What belongs here: finding and reading sitemaps, with bounds: a large shop has thousands of files, and a handful
of addresses is enough to learn the form of its product pages.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from lxml import etree

from arb_pipelines.scraping.learning.fetching import FetchError, PoliteClient

MAX_FILES = 4
MAX_URLS = 2_000
MAX_XML_BYTES = 8 * 1024 * 1024
_PRODUCT_MAP = re.compile(r"prod|item|artikel|detail", re.IGNORECASE)


def fetch_sitemap_urls(client: PoliteClient, origin: str) -> list[str]:
    """Return up to `MAX_URLS` page addresses from the sitemaps of `origin`; none when it has no readable one.

    Sitemaps whose name speaks of products are read first. At most `MAX_FILES` files are fetched.
    """
    rules = client.robots(origin)
    waiting = list(rules.sitemaps) if rules is not None else []
    waiting = waiting or [f"{origin}/sitemap.xml"]
    urls: dict[str, None] = {}
    for _ in range(MAX_FILES):
        if not waiting or len(urls) >= MAX_URLS:
            break
        inner, pages = _fetch_one(client, waiting.pop(0))
        urls.update(dict.fromkeys(pages))
        waiting = sorted([*inner, *waiting], key=lambda name: _PRODUCT_MAP.search(name) is None)
    return list(urls)[:MAX_URLS]


def _fetch_one(client: PoliteClient, url: str) -> tuple[list[str], list[str]]:
    try:
        page = client.fetch(url)
    except FetchError:
        return [], []
    return read_sitemap(page.body) if page.status == 200 else ([], [])


def read_sitemap(body: bytes) -> tuple[list[str], list[str]]:
    """Return (addresses of further sitemaps, addresses of pages) from the XML or gzipped XML of a sitemap."""
    if body[:2] == b"\x1f\x8b":
        try:
            body = zlib.decompressobj(wbits=47).decompress(body, MAX_XML_BYTES)
        except zlib.error:
            return [], []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser) if body.strip() else None
    except etree.XMLSyntaxError:
        return [], []
    if root is None:
        return [], []
    return _locations(root, "sitemap"), _locations(root, "url")


def _locations(root: etree._Element, kind: str) -> list[str]:
    found: Sequence[str] = root.xpath(f"//*[local-name()='{kind}']/*[local-name()='loc']/text()")
    return [text.strip() for text in found if text.strip().startswith("http")][:MAX_URLS]

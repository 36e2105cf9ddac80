"""Fake product pages for extraction tests.

What belongs here: building a page from its parts, and reading it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.page import PageReading, read_page

URL = "https://shop.example/p/blue-kettle"
FILLER = "<p>" + "Made for every day and easy to clean. " * 20 + "</p>"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def page(body: str, head: str = "", title: str = "Blue Kettle 1.7 l | Shop", attributes: str = "") -> bytes:
    """Return a page with some text, so that it is no empty shell."""
    return (
        f"<!doctype html><html {attributes}><head><meta charset='utf-8'><title>{title}</title>{head}</head>"
        f"<body>{body}{FILLER}</body></html>"
    ).encode()


def json_ld(data: Any) -> str:
    """Return `data` as a JSON-LD script."""
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def product(**changes: Any) -> dict[str, Any]:
    """Return a schema.org Product with one offer."""
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Blue Kettle 1.7 l",
        "sku": "K-17",
        "gtin13": "4006381333931",
        "brand": {"@type": "Brand", "name": "Acme"},
        "offers": {
            "@type": "Offer",
            "price": "24.90",
            "priceCurrency": "EUR",
            "availability": "https://schema.org/InStock",
            "itemCondition": "https://schema.org/NewCondition",
        },
    } | changes


def read(html: bytes, url: str = URL, site: Site | None = None, encoding: str | None = None) -> PageReading:
    """Read a page as the crawl does."""
    return read_page(html, url=url, site=site, fetched_at=NOW, tick_id="tick", encoding=encoding)

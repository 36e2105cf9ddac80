"""One product page as it was read: the record that is kept raw, before any cleaning.

What belongs here: the typed record and its deterministic id. Reading it off a page is
`scraping/extraction/`; cleaning it is `domain/price.py` and `transforms/price_history.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Availability(StrEnum):
    """Stock as a page states it (schema.org words). What a page does not say is None, never in stock."""

    IN_STOCK = "InStock"
    OUT_OF_STOCK = "OutOfStock"
    LIMITED = "LimitedAvailability"
    PRE_ORDER = "PreOrder"
    BACK_ORDER = "BackOrder"
    DISCONTINUED = "Discontinued"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value was read: method (`json-ld`, `microdata`, ...), raw text, place on the page."""

    method: str
    raw: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class RawProduct:
    """What one page said. Every field but the first group may be None: unknown is an answer.

    Prices are decimal text with a dot (`"1234.56"`), exactly as read, without currency. `category` is a path with
    ` > ` between its steps where the page shows one; `image` is the first of `images` that the page prefers.
    """

    site: str
    url: str
    fetched_at: datetime
    tick_id: str
    content_sha256: str
    name: str | None = None
    price: str | None = None
    list_price: str | None = None
    shipping: str | None = None
    currency: str | None = None
    availability: Availability | None = None
    condition: str | None = None
    seller: str | None = None
    sku: str | None = None
    gtin: str | None = None
    mpn: str | None = None
    brand: str | None = None
    category: str | None = None
    image: str | None = None
    isbn: str | None = None
    asin: str | None = None
    rating_count: int | None = None
    views: int | None = None
    watchers: int | None = None
    images: tuple[str, ...] = ()
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)

    @property
    def scrape_id(self) -> str:
        """A deterministic id: reading the same response twice into the store makes one record."""
        return scrape_id(self.site, self.url, self.tick_id)

    @property
    def offer_key(self) -> str:
        """The id of the offer over time: one shop, one page."""
        return offer_key(self.site, self.url)


def scrape_id(site: str, url: str, tick_id: str) -> str:
    """Return the id of one reading of one page: sha256 over site, URL and tick."""
    return hashlib.sha256(f"{site}|{url}|{tick_id}".encode()).hexdigest()


def offer_key(site: str, url: str) -> str:
    """Return the id of a shop's offer over time: sha256 over site and URL, 32 hex digits."""
    return hashlib.sha256(f"{site}|{url}".encode()).hexdigest()[:32]

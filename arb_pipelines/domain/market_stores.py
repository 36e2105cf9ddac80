"""The stores of what the market shows: raw scrapes, visits, prices, products, sales, predictions.

What belongs here: typing protocols, and the errors every store raises alike; `adapters/sql`, `adapters/parquet`
and `adapters/mongo` fulfil them. A frame crosses as an Arrow stream (any object with `__arrow_c_stream__`: a polars
or pandas frame, a pyarrow table), so that this file needs no library. The stores of the trade are `domain/stores.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from arb_pipelines.domain.price import PricePrediction, SoldPrice
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.domain.site import SiteVisit


class StoreFullError(OSError):
    """The disk under a store is full: nothing was kept of what was being written, everything before it is safe."""

    def __str__(self) -> str:
        """Return which store is full and how to mend it."""
        place = self.filename or self.strerror
        return f"the disk that holds {place} is full: free space there, or move the store, and run again"


class ArrowFrame(Protocol):
    """A table that any dataframe library can read without a copy."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return an Arrow C stream capsule."""


class RawScrapes(Protocol):
    """The raw store. Appending the same `scrape_id` twice keeps one record."""

    def append(self, records: Sequence[RawProduct]) -> int:
        """Store the records durably and return how many were new or rewritten; return only after it is safe."""

    def load_since(self, cursor: str | None) -> tuple[ArrowFrame, str]:
        """Return the records stored since `cursor` (some may come twice) and the next cursor.

        Columns: scrape_id, offer_key, site, url, tick_id, content_sha256, fetched_at (datetime UTC), and as
        nullable text name, price, list_price, shipping, currency, availability, condition, seller, sku,
        gtin, mpn, brand, category, image, isbn, asin, rating_count, views, watchers, images (list), evidence (JSON).
        """

    def load_newest(self, limit: int) -> ArrowFrame:
        """Return about the `limit` records stored last, at least so many if there are; columns as `load_since`."""

    def contains(self, scrape_id: str) -> bool:
        """Return whether the record is kept."""

    def close(self) -> None:
        """Release what the store holds."""


class Visits(Protocol):
    """What each visit to each site brought."""

    def record(self, visits: Sequence[SiteVisit]) -> None:
        """Keep the visits; a (site, tick) pair once."""

    def last_tick_at(self) -> dict[str, datetime]:
        """Return when the tick of each site's last visit began (its start where the tick does not tell)."""

    def load_tick(self, tick_id: str) -> list[SiteVisit]:
        """Return the visits of one tick."""

    def load_between(self, start: datetime, end: datetime) -> list[SiteVisit]:
        """Return the visits with start <= started_at < end, by site and time."""


class PriceHistory(Protocol):
    """Cleaned observations, each once."""

    def insert(self, points: ArrowFrame) -> int:
        """Insert observations (columns as `transforms.price_history.POINT_SCHEMA`); return how many were new."""

    def quarantine(self, rows: ArrowFrame) -> int:
        """Keep refused observations with their reason (`transforms.price_history.QUARANTINE_SCHEMA`)."""

    def load_between(self, start: datetime, end: datetime, offer_keys: Sequence[str] | None = None) -> ArrowFrame:
        """Return the observations with start <= observed_at < end, of these offers only where some are named."""

    def load_latest(self, since: datetime) -> ArrowFrame:
        """Return the latest observation of each offer seen since then, as POINT_SCHEMA."""

    def load_quarantined(self, since: datetime) -> ArrowFrame:
        """Return refused observations made since then (`QUARANTINE_SCHEMA`)."""

    def count_since(self, since: datetime) -> tuple[int, int]:
        """Return how many observations since then were kept and how many quarantined."""

    def load_cursor(self, name: str) -> str | None:
        """Return the stored watermark of a reader."""

    def store_cursor(self, name: str, cursor: str) -> None:
        """Move the watermark of a reader."""


class Products(Protocol):
    """Known products and which offers are the same thing."""

    def load(self) -> ArrowFrame:
        """Return all products (columns as `transforms.product_matching.PRODUCT_SCHEMA`)."""

    def insert(self, products: ArrowFrame) -> int:
        """Insert new products; return how many were new."""

    def store_matches(self, matches: ArrowFrame) -> int:
        """Upsert offer matches (columns as `transforms.product_matching.MATCH_SCHEMA`)."""

    def count_outcomes(self) -> dict[str, int]:
        """Return how many offers are matched with each outcome (same, different, unsure)."""

    def load_matches(self) -> ArrowFrame:
        """Return all offer matches."""

    def store_feedback(self, feedback: ArrowFrame) -> int:
        """Upsert people's verdicts (`transforms.product_matching.FEEDBACK_SCHEMA`); a wrong match ends at once."""

    def load_feedback(self) -> ArrowFrame:
        """Return all verdicts of people."""

    def count_feedback(self) -> int:
        """Return how many verdicts of people there are."""


class SoldPrices(Protocol):
    """Completed sales seen at outlets."""

    def insert(self, sales: Sequence[SoldPrice]) -> int:
        """Insert sales, each `sale_id` once; return how many were new."""

    def load_until(self, as_of: datetime) -> ArrowFrame:
        """Return the sales known at `as_of` (sold_at < as_of).

        Columns: sale_id, outlet, title, gtin, category, condition, price_minor, currency, sold_at, days_to_sell.
        """

    def newest_sold_at(self, outlet: str) -> datetime | None:
        """Return when the newest stored sale of an outlet was made."""


class Predictions(Protocol):
    """The champion model's latest answer for each product, condition and outlet."""

    def replace(self, predictions: Sequence[PricePrediction]) -> int:
        """Store the predictions, replacing those of the same product, condition and outlet."""

    def load(self) -> dict[tuple[str, str, str], PricePrediction]:
        """Return the predictions by (product_id, condition, outlet)."""

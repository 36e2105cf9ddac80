"""From raw scrapes to a price history and matched products: load, transform, store.

What belongs here: the order of steps over the stores. The rules are in `transforms/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.domain.market_stores import RawScrapes
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.transforms.price_history import clean_scrapes
from arb_pipelines.transforms.price_jumps import flag_jumps
from arb_pipelines.transforms.product_matching import match_offers

READER = "price_history"
JUMP_MEMORY = timedelta(days=30)  # how far back a price counts as the offer's usual one
MATCH_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HistoryUpdate:
    """What one pass over the new raw scrapes brought."""

    read: int
    inserted: int
    quarantined: int

    def summary(self) -> dict[str, int]:
        """Return the counts for display."""
        return {"raw_records_read": self.read, "new_observations": self.inserted, "quarantined": self.quarantined}


def update_price_history(raw: RawScrapes, books: Books, clock: Clock) -> HistoryUpdate:
    """Clean what was scraped since the last pass and store it.

    The watermark moves only after everything is stored, so a crash in between repeats the pass, and every
    observation has a deterministic id, so the repetition changes nothing.
    """
    history = books.price_history
    frame, cursor = raw.load_since(history.load_cursor(READER))
    since = clock.now() - JUMP_MEMORY
    cleaned = clean_scrapes(pl.DataFrame(frame))
    latest = pl.DataFrame(history.load_latest(since))
    judged = flag_jumps(cleaned.points, latest, pl.DataFrame(history.load_quarantined(since)))
    inserted = history.insert(judged.points)
    held = history.quarantine(cleaned.quarantined) + history.quarantine(judged.quarantined)
    history.store_cursor(READER, cursor)
    return HistoryUpdate(pl.DataFrame(frame).height, inserted, held)


@dataclass(frozen=True, slots=True)
class ProductUpdate:
    """How the latest offers were matched."""

    products: int
    new_products: int
    outcomes: dict[str, int]

    def summary(self) -> dict[str, int | float]:
        """Return counts and the share matched with certainty."""
        offers = sum(self.outcomes.values())
        share = self.outcomes.get("same", 0) / offers if offers else 0.0
        return {"new_products": self.new_products, "matched_share": round(share, 3), **self.outcomes}


def update_products(books: Books, clock: Clock) -> ProductUpdate:
    """Match the latest reading of every offer to the known products and store products and matches."""
    now = clock.now()
    offers = pl.DataFrame(books.price_history.load_latest(now - MATCH_WINDOW))
    known = pl.DataFrame(books.products.load())
    matched = match_offers(offers, known, now)
    new = books.products.insert(matched.new_products)
    books.products.store_matches(matched.matches)
    counts = dict(matched.matches.group_by("outcome").len().iter_rows())
    return ProductUpdate(known.height + new, new, counts)


def training_moment(end_of_partition: datetime, now: datetime) -> datetime:
    """Return what a model of a training date may know: everything until its end, never the future."""
    return min(end_of_partition, now)

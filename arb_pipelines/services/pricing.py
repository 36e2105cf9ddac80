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
from arb_pipelines.transforms.price_jumps import CONFIRM_AFTER, flag_jumps
from arb_pipelines.transforms.product_matching import Judge, match_offers
from arb_pipelines.transforms.shop_drift import flag_drifts

READER = "price_history"
JUMP_MEMORY = timedelta(days=30)  # how far back a price counts as the offer's usual one
SHARES = {"matched": "same", "unsure": "unsure"}
MATCH_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HistoryUpdate:
    """What one pass over the new raw scrapes brought."""

    read: int
    inserted: int
    quarantined: int
    drifted_sites: tuple[str, ...] = ()  # shops whose prices moved as one and are held

    def summary(self) -> dict[str, int | str]:
        """Return the counts, and the shops that are held, for display."""
        counts = {"raw_records_read": self.read, "new_observations": self.inserted, "quarantined": self.quarantined}
        return {**counts, "shops_with_another_unit": ", ".join(self.drifted_sites) or "none"}


def update_price_history(
    raw: RawScrapes, books: Books, clock: Clock, confirm_after: timedelta = CONFIRM_AFTER
) -> HistoryUpdate:
    """Clean what was scraped since the last pass and store it.

    A price far from the offer's last one, and all prices of a shop that moves as one, wait for a second sighting at
    least `confirm_after` later.

    The watermark moves only after everything is stored, so a crash in between repeats the pass, and every
    observation has a deterministic id, so the repetition changes nothing.
    """
    history = books.price_history
    frame, cursor = raw.load_since(history.load_cursor(READER))
    since = clock.now() - JUMP_MEMORY
    cleaned = clean_scrapes(pl.DataFrame(frame))
    latest = pl.DataFrame(history.load_latest(since))
    waiting = pl.DataFrame(history.load_quarantined(since))
    steady = flag_drifts(cleaned.points, latest, waiting, confirm_after=confirm_after)
    judged = flag_jumps(steady.points, latest, waiting, confirm_after=confirm_after)
    inserted = history.insert(judged.points)
    held = sum(history.quarantine(part.quarantined) for part in (cleaned, steady, judged))
    drifted = tuple(sorted(steady.quarantined["site"].unique()))
    history.store_cursor(READER, cursor)
    return HistoryUpdate(pl.DataFrame(frame).height, inserted, held, drifted)


@dataclass(frozen=True, slots=True)
class ProductUpdate:
    """How the latest offers were matched."""

    products: int
    new_products: int
    outcomes: dict[str, int]

    def summary(self) -> dict[str, int | float]:
        """Return counts, the share matched with certainty and the share that cannot be told."""
        offers = max(1, sum(self.outcomes.values()))
        shares = {f"{name}_share": round(self.outcomes.get(word, 0) / offers, 3) for name, word in SHARES.items()}
        return {"new_products": self.new_products, **shares, **self.outcomes}


def update_products(books: Books, clock: Clock, judge: Judge | None = None) -> ProductUpdate:
    """Match the latest reading of every offer to the known products and store products and matches.

    `judge` compares by wording what has no identifiers; without one such offers stay unsure.
    """
    now = clock.now()
    offers = pl.DataFrame(books.price_history.load_latest(now - MATCH_WINDOW))
    known = pl.DataFrame(books.products.load())
    feedback = pl.DataFrame(books.products.load_feedback())
    matched = match_offers(offers, known, now, feedback=feedback, judge=judge)
    new = books.products.insert(matched.new_products)
    books.products.store_matches(matched.matches)
    counts = dict(matched.matches.group_by("outcome").len().iter_rows())
    return ProductUpdate(known.height + new, new, counts)


def training_moment(end_of_partition: datetime, now: datetime) -> datetime:
    """Return what a model of a training date may know: everything until its end, never the future."""
    return min(end_of_partition, now)

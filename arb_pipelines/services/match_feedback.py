"""What a person says about a match, kept for the next matching and for the matcher to learn from.

What belongs here: the order of steps over the stores. The page or command that asks the person calls this.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA

OFFER_MEMORY = timedelta(days=30)


class UnknownMatchError(LookupError):
    """The offer has not been matched, or the product is not known."""


def report_match(books: Books, clock: Clock, *, offer_key: str, product_id: str, is_right: bool, by: str) -> None:
    """Keep a person's verdict on an offer and a product; a match called wrong ends at once.

    Raises:
        UnknownMatchError: the offer has never been matched, or there is no such product.
    """
    matches = pl.DataFrame(books.products.load_matches()).filter(pl.col("offer_key") == offer_key)
    products = pl.DataFrame(books.products.load()).filter(pl.col("product_id") == product_id)
    if matches.is_empty():
        raise UnknownMatchError(f"offer {offer_key} has not been matched yet")
    if products.is_empty():
        raise UnknownMatchError(f"there is no product {product_id}")
    verdict = {
        "offer_key": offer_key,
        "product_id": product_id,
        "verdict": "right" if is_right else "wrong",
        "offer_title": _offer_title(books, offer_key, matches),
        "product_title": products["title"].item(),
        "given_by": by,
        "given_at": clock.now(),
    }
    books.products.store_feedback(pl.DataFrame([verdict], schema=FEEDBACK_SCHEMA))


def _offer_title(books: Books, offer_key: str, matches: pl.DataFrame) -> str | None:
    """Return the offer's wording where it is still among the latest readings."""
    offers = pl.DataFrame(books.price_history.load_latest(matches["matched_at"].item() - OFFER_MEMORY))
    titles = offers.filter(pl.col("offer_key") == offer_key)["title"]
    return titles.item() if titles.len() else None

"""Learning what things sell for: the outlet's completed sales into our own store.

What belongs here: the order of steps. Cleaning and estimating are `transforms` and `ml`.
"""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.domain.ports import Seller
from arb_pipelines.domain.stores import Books

# A sale can be published late; the window is read again and known sales are skipped.
OVERLAP = timedelta(hours=6)


def fetch_new_sold_prices(seller: Seller, books: Books) -> int:
    """Store the sales that completed since the newest stored one, and return how many were new.

    Raises:
        OSError: the outlet cannot be read.
        ValueError: the outlet's answer cannot be understood.
    """
    newest = books.sold_prices.newest_sold_at(seller.outlet)
    return books.sold_prices.insert(seller.fetch_sold_prices(None if newest is None else newest - OVERLAP))

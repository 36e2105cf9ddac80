"""Learning what things sell for: the outlet's completed sales into our own store.

What belongs here: the order of steps. Cleaning and estimating are `transforms` and `ml`.
"""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import Seller
from arb_pipelines.domain.stores import Books

# A sale can be published late; the window is read again and known sales are skipped.
OVERLAP = timedelta(hours=6)
NOT_TOLD = "not_supported"


def fetch_new_sold_prices(seller: Seller, books: Books) -> int:
    """Store the sales that completed since the newest stored one, and return how many were new.

    An outlet that tells nobody what others sold (`not_supported`) brings none.

    Raises:
        OSError: the outlet cannot be read.
        ValueError: the outlet's answer cannot be understood.
    """
    newest = books.sold_prices.newest_sold_at(seller.outlet)
    try:
        sales = seller.fetch_sold_prices(None if newest is None else newest - OVERLAP)
    except OutletRefusedError as refusal:
        if refusal.code != NOT_TOLD:
            raise
        return 0
    return books.sold_prices.insert(sales)

"""Learning what things sell for: the outlet's completed sales into our own store.

What belongs here: the order of steps. Cleaning and estimating are `transforms` and `ml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.ports import Seller
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.outcomes import NotDone, refused_by

# A sale can be published late; the window is read again and known sales are skipped.
OVERLAP = timedelta(hours=6)
NOT_TOLD = "not_supported"


@dataclass(slots=True)
class Told:
    """New sales by outlet, the outlets that tell nobody, and those that could not be asked with why."""

    new: dict[str, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody answered although somebody should have."""
        return bool(self.not_done) and not self.new


def fetch_all_sold_prices(sellers: Sequence[Seller], books: Books) -> Told:
    """Store the new sales of every outlet that can tell; one that cannot be asked stops no other."""
    told = Told()
    for seller in sellers:
        try:
            new = fetch_new_sold_prices(seller, books)
        except (OSError, ValueError) as error:
            told.not_done.append(refused_by(seller.outlet, error))
            continue
        if new is None:
            told.silent.append(seller.outlet)
        else:
            told.new[seller.outlet] = new
    return told


def fetch_new_sold_prices(seller: Seller, books: Books) -> int | None:
    """Store the sales that completed since the newest stored one, and return how many were new.

    An outlet that tells nobody what others sold (`not_supported`) is None: that is not the same as no sales.

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
        return None
    return books.sold_prices.insert(sales)

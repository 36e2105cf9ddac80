"""Someone's price to us: the latest cleaned reading of one shop's offer, with the product it was matched to.

What belongs here: the words and the freshness rule. Cleaning is `transforms/price_history.py`, matching is
`transforms/product_matching.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.raw_product import Availability


@dataclass(frozen=True, slots=True)
class Offer:
    """One shop's current offer. `shipping`, `availability` and `condition` are None where the page is silent.

    `product_id` is None unless the match is certain (`same`), `match` names how it was made. `agreeing_reads`
    counts the readings of this offer, this one included, that have the same price.
    """

    offer_key: str
    site: str
    url: str
    sku: str | None
    title: str
    category: str | None
    product_id: str | None
    match: str | None
    price: Money
    shipping: Money | None
    availability: Availability | None
    condition: str | None
    observed_at: datetime
    scrape_id: str
    agreeing_reads: int = 1
    brand: str | None = None
    gtin: str | None = None

    def age(self, now: datetime) -> timedelta:
        """Return how long ago the price was read."""
        return now - self.observed_at

"""A search that is kept and asked again and again at a marketplace's own interface, and the port that answers it.

What belongs here: what to look for, its bounds, and which sources no model learns from. Asking is an adapter's
(`adapters/marketplaces/<m>/source.py`), the order of steps `services/sourcing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.raw_product import RawProduct

# Read under a licence for showing and buying; whether models may learn from it is not said, so none does.
NOT_LEARNT_FROM = frozenset({"ebay", "amazon"})


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """What to look for: words, a GTIN or categories, and bounds. Only fixed prices are looked for.

    `category_ids` and `condition_ids` are the marketplace's own numbers; `country` is where the item lies (ISO 3166,
    two letters). Prices are without shipping.
    """

    words: str | None = None
    gtin: str | None = None
    category_ids: Sequence[str] = ()
    condition_ids: Sequence[str] = ()
    country: str | None = None
    lowest: Money | None = None
    highest: Money | None = None
    most: int = 200

    @property
    def name(self) -> str:
        """What a person calls it: its words, else its GTIN, else its categories."""
        return self.words or self.gtin or f"category {', '.join(self.category_ids)}"


class MarketSource(Protocol):
    """A marketplace whose interface may be searched."""

    site: str

    def search(self, search: SavedSearch, tick_id: str, now: datetime) -> list[RawProduct]:
        """Return what a search finds, newest first, at most `most`; a summary need not tell GTIN or stock.

        Raises:
            BudgetRefusedError: the budget has no room; the call was not made.
            ConnectionError: no answer.
            ValueError: refused, or the answer cannot be understood.
        """

    def fetch_item(self, item_id: str, tick_id: str, now: datetime) -> RawProduct | None:
        """Return all that is said of one item, None where it is gone.

        Raises:
            BudgetRefusedError: the budget has no room; the call was not made.
            ConnectionError: no answer.
            ValueError: refused, or the answer cannot be understood.
        """

"""What a price interface says of one product.

What belongs here: the record, the port, and its JSON for a cache. Unknown stays None: no figure here is ever made up
from a vendor's sign for "no data".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Protocol

IDENTITY = ("asin", "title", "brand", "gtins", "package_quantity", "parent_asin")
DEMAND = ("sales_rank", "rank_drops_30d", "rank_drops_90d", "rank_drops_180d", "monthly_sold", "offer_count")
AVERAGES = ("average_90d_minor", "amazon_out_of_stock_90d")
CURRENT = ("current_minor", "buy_box_minor", "buy_box_is_amazon")


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """One product at one outlet; None is "not known".

    Prices are minor units of `currency` by condition (`new`, `used`, `amazon`, `list`, ...). `rank_drops_*` counts
    sudden rises of the sales rank, roughly sales; `monthly_sold` is a floor. `amazon_out_of_stock_90d` is a share
    from 0 to 100. `as_of` is when the vendor looked, `sources` who said it.
    """

    source: str
    currency: str
    asin: str | None = None
    title: str | None = None
    brand: str | None = None
    gtins: tuple[str, ...] = ()
    package_quantity: int | None = None
    parent_asin: str | None = None
    current_minor: Mapping[str, int] = field(default_factory=dict)
    average_90d_minor: Mapping[str, int] = field(default_factory=dict)
    buy_box_minor: int | None = None
    buy_box_is_amazon: bool | None = None
    amazon_out_of_stock_90d: int | None = None
    sales_rank: int | None = None
    rank_drops_30d: int | None = None
    rank_drops_90d: int | None = None
    rank_drops_180d: int | None = None
    monthly_sold: int | None = None
    offer_count: int | None = None
    as_of: datetime | None = None

    def as_record(self) -> dict[str, Any]:
        """Return every field as JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        as_of = self.as_of.isoformat() if self.as_of else None
        return {
            **values,
            "gtins": list(self.gtins),
            "current_minor": dict(self.current_minor),
            "average_90d_minor": dict(self.average_90d_minor),
            "as_of": as_of,
        }


def facts_from(record: Mapping[str, Any]) -> ProductFacts:
    """Return the facts of a record that `as_record` made; fields that are left out are not known.

    Raises:
        ValueError: a field has another type.
        TypeError: there is an unknown field.
    """
    values = dict(record)
    as_of = values.get("as_of")
    values["as_of"] = datetime.fromisoformat(as_of) if as_of else None
    values["gtins"] = tuple(values.get("gtins") or ())
    for name in ("current_minor", "average_90d_minor"):
        values[name] = values.get(name) or {}
    return ProductFacts(**values)


class PriceSource(Protocol):
    """A metered interface that knows prices."""

    def look_up(self, code: str, wanted: Collection[str] = ()) -> ProductFacts | None:
        """Return what is known of a GTIN or ASIN, at least the wanted fields (all where empty); None where nothing is.

        Raises:
            BudgetRefusedError: the budget has no room; nothing was asked.
            ConnectionError: no answer.
            ValueError: the code is none, or the answer cannot be understood.
        """

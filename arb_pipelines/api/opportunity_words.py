"""An opportunity as the API tells it: one document for the list, the live feed and the single view.

What belongs here: the document and how it is made. A list is written straight from these values: validating 50 rows
against their own schema again would cost more than reading them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.domain.opportunity import Opportunity

EXAMPLE: dict[str, Any] = {
    "opportunity_id": "op-3f2a",
    "site": "corner-shop",
    "url": "https://shop.example/p/1",
    "title": "A kettle",
    "product_id": "pr-1",
    "condition": "new",
    "category": "kitchen",
    "brand": None,
    "outlet": "sandbox",
    "currency": "USD",
    "item_price": "15.00",
    "landed_cost": "20.00",
    "expected_sale": "50.00",
    "expected_net": "40.00",
    "expected_profit": "20.00",
    "max_cost": "30.00",
    "roi": "1.0",
    "profit_per_dollar_day": "0.080000",
    "days_to_sell": 12.5,
    "horizon_days": 30,
    "sold_within_horizon": 0.9,
    "risk_flags": [],
    "model_version": "price-7",
    "observed_at": "2026-05-01T12:00:00Z",
    "decided_at": "2026-05-01T12:01:00Z",
}


class OpportunityDocument(BaseModel):
    """An offer that passed every rule, with the numbers it passed on. Amounts are decimal text in `currency`."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    opportunity_id: str
    site: str
    url: str = Field(description="As the shop gave it; not checked, so show it as text.")
    title: str = Field(description="The shop's words; escape them.")
    product_id: str
    condition: str
    category: str | None
    brand: str | None
    outlet: str = Field(description="Where it is to be sold.")
    currency: str
    item_price: str
    landed_cost: str = Field(description="Price, shipping and tax of one unit.")
    expected_sale: str
    expected_net: str
    expected_profit: str = Field(description="At the model's low price, after all fees.")
    max_cost: str = Field(description="The highest ceiling that can be approved.")
    roi: str
    profit_per_dollar_day: str
    days_to_sell: float
    horizon_days: int | None
    sold_within_horizon: float | None
    risk_flags: list[str]
    model_version: str
    observed_at: datetime
    decided_at: datetime


class OpportunityRecord(OpportunityDocument):
    """An opportunity with its decision record."""

    record: dict[str, Any] = Field(description="Every input and subtraction the decision rests on.")


AMOUNTS = ("item_price", "landed_cost", "expected_sale", "expected_net", "expected_profit", "max_cost")
PLAIN = ("opportunity_id", "site", "url", "title", "product_id", "condition", "category", "brand", "outlet")
FIGURES = ("days_to_sell", "horizon_days", "sold_within_horizon", "model_version", "observed_at", "decided_at")


def opportunity_document(one: Opportunity) -> dict[str, Any]:
    """Return the values of `OpportunityDocument`; times stay times."""
    told = {name: getattr(one, name) for name in PLAIN + FIGURES}
    told |= {name: getattr(one, name).text for name in AMOUNTS}
    told["roi"], told["profit_per_dollar_day"] = f"{one.roi:f}", f"{one.profit_per_dollar_day:f}"
    told["risk_flags"], told["currency"] = list(one.risk_flags), one.landed_cost.currency
    return told

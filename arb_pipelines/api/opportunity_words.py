"""An opportunity as the API tells it: one document for the list, the live feed and the single view.

What belongs here: the document and how it is made. A list is written straight from these values: validating 50 rows
against their own schema again would cost more than reading them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from arb_pipelines.domain.money import minor_texts
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.pages import ListedOpportunity

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


def opportunity_document(one: Opportunity) -> dict[str, Any]:
    """Return the values of `OpportunityDocument`; times stay times."""
    return listed_document(ListedOpportunity.of(one))


def listed_document(one: ListedOpportunity) -> dict[str, Any]:
    """Return the values of `OpportunityDocument`; times stay times."""
    item, landed, sale, net, profit, most = minor_texts(one.amounts, one.currency)
    return {
        "opportunity_id": one.opportunity_id,
        "site": one.site,
        "url": one.url,
        "title": one.title,
        "product_id": one.product_id,
        "condition": one.condition,
        "category": one.category,
        "brand": one.brand,
        "outlet": one.outlet,
        "currency": one.currency,
        "item_price": item,
        "landed_cost": landed,
        "expected_sale": sale,
        "expected_net": net,
        "expected_profit": profit,
        "max_cost": most,
        "roi": f"{one.roi:f}",
        "profit_per_dollar_day": f"{one.profit_per_dollar_day:f}",
        "days_to_sell": one.days_to_sell,
        "horizon_days": one.horizon_days,
        "sold_within_horizon": one.sold_within_horizon,
        "risk_flags": list(one.risk_flags),
        "model_version": one.model_version,
        "observed_at": one.observed_at,
        "decided_at": one.decided_at,
    }

"""Is an offer worth buying? One offer and one prediction in; an opportunity or a refusal with its reason out.

What belongs here: the named rules and the order in which they speak. Every unknown refuses. Fees and landed
cost are computed in `domain/fees` and `domain/landed_cost.py`; nothing here reads or writes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from arb_pipelines.domain.money import Money

RATE = Decimal("0.000001")
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An offer that passed every rule, with the numbers it passed on. All money in the outlet's currency.

    `expected_profit` is at the model's low quantile; `max_cost` is the highest landed cost that would still pass.
    `record` is the decision record: inputs, schedule and model version, each subtraction (JSON-ready).
    `brand` and `category` are as spend limits count them (`spend_limit.spend_key`). `sold_within_horizon` is P(sold
    within `horizon_days`); `risk_flags` name what a person should look at.
    """

    opportunity_id: str
    offer_key: str
    site: str
    url: str
    sku: str | None
    title: str
    product_id: str
    condition: str
    outlet: str
    item_price: Money
    landed_cost: Money
    expected_sale: Money
    expected_net: Money
    expected_profit: Money
    max_cost: Money
    roi: Decimal
    days_to_sell: float
    profit_per_day: Decimal
    model_version: str
    scrape_id: str
    observed_at: datetime
    decided_at: datetime
    record: Mapping[str, object] = field(default_factory=dict)
    brand: str | None = None
    category: str | None = None
    horizon_days: int | None = None
    sold_within_horizon: float | None = None
    risk_flags: tuple[str, ...] = ()

    @property
    def profit_per_dollar_day(self) -> Decimal:
        """The expected profit of one unit of money in one day: what opportunities compete by."""
        return per_dollar_day(self.profit_per_day, self.landed_cost)


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    """An offer that was not taken, and why (`code` is countable, `detail` is for a person)."""

    offer_key: str
    code: str
    detail: str
    decided_at: datetime


def per_dollar_day(profit_per_day: Decimal, landed_cost: Money) -> Decimal:
    """Return the profit of one day for each unit of money that is bound, to the millionth."""
    return (profit_per_day / landed_cost.amount).quantize(RATE) if landed_cost.minor > 0 else NOTHING

"""What became of the deals we made: predicted and realised, from the decision to the sale.

What belongs here: following each sold unit back to its opportunity (a SKU is one lot, a lot one purchase, a purchase
one opportunity), and the headline figure: realised over predicted margin. Learning from it is
`ml/selection_deals.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.stores import Books

NEWEST = 2_000  # sales that are followed back: markets change, and each costs one look into the decisions
SHARE = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class DealOutcome:
    """One sale of what an opportunity bought; money a unit, in one currency.

    `predicted` is the model's middle before it was corrected for selection, `ask` the shop's price, `value` what the
    buyer paid. `expected_profit` and `profit` are after fees and landed cost.
    """

    opportunity_id: str
    product_id: str
    condition: str
    outlet: str
    source: str
    predicted: Money
    ask: Money
    value: Money
    expected_profit: Money
    profit: Money
    quantity: int
    decided_at: datetime
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class KeptPromises:
    """What all deals that sold promised and brought. `realised_share` is None where nothing was promised."""

    deals: int
    predicted_profit_minor: int
    realised_profit_minor: int
    losing: int

    @property
    def realised_share(self) -> Decimal | None:
        """Realised over predicted margin."""
        if self.predicted_profit_minor <= 0:
            return None
        return (Decimal(self.realised_profit_minor) / self.predicted_profit_minor).quantize(SHARE)

    def metadata(self) -> dict[str, int | str]:
        """Return the figures for a run's metadata."""
        share = self.realised_share
        told = "no deal has sold yet" if share is None else str(share)
        return {"deals_sold": self.deals, "deals_lost_money": self.losing, "realised_over_predicted_margin": told}


def load_deal_outcomes(books: Books, until: datetime) -> list[DealOutcome]:
    """Return the newest sales made before `until` that can be followed back to a decision, oldest first.

    Sales in another currency than the decision, and decisions whose record names no prediction, are left out.
    """
    orders = [order for order in books.orders.load() if order.ordered_at < until]
    if not orders:
        return []
    newest = sorted(orders, key=lambda order: (order.ordered_at, order.order_id))[-NEWEST:]
    purchase_of = {lot.sku: lot.purchase_id for lot in books.inventory.load()}
    decision_of = {purchase.purchase_id: purchase.opportunity_id for purchase in books.purchases.load()}
    wanted = {order.sku: decision_of.get(purchase_of.get(order.sku, "")) for order in newest}
    decisions = {name: books.opportunities.load_one(name) for name in sorted({w for w in wanted.values() if w})}
    found = (_outcome(order, decisions.get(wanted[order.sku] or "")) for order in newest)
    return [outcome for outcome in found if outcome is not None]


def sum_up(outcomes: Sequence[DealOutcome], currency: str) -> KeptPromises:
    """Return what the deals in one currency promised and brought."""
    counted = [one for one in outcomes if one.value.currency == currency]
    return KeptPromises(
        deals=len(counted),
        predicted_profit_minor=sum(one.expected_profit.minor * one.quantity for one in counted),
        realised_profit_minor=sum(one.profit.minor * one.quantity for one in counted),
        losing=sum(one.profit.minor < 0 for one in counted),
    )


def _outcome(order: Order, decision: Opportunity | None) -> DealOutcome | None:
    if decision is None or order.quantity < 1 or order.revenue.currency != decision.item_price.currency:
        return None
    predicted = _predicted(decision)
    if predicted is None:
        return None
    return DealOutcome(
        opportunity_id=decision.opportunity_id,
        product_id=decision.product_id,
        condition=decision.condition,
        outlet=order.outlet,
        source=decision.site,
        predicted=predicted,
        ask=decision.item_price,
        value=_unit(order.revenue, order.quantity),
        expected_profit=decision.expected_profit,
        profit=_unit(order.profit, order.quantity),
        quantity=order.quantity,
        decided_at=decision.decided_at,
        sold_at=order.ordered_at,
    )


def _predicted(decision: Opportunity) -> Money | None:
    """Return the model's own middle: what it said before the correction, or all it said."""
    record: Mapping[str, Any] = decision.record
    said = (record.get("selection") or {}).get("middle") or (record.get("prediction") or {}).get("middle")
    currency = decision.item_price.currency
    return Money.exact(said, currency) if isinstance(said, str) else None


def _unit(whole: Money, quantity: int) -> Money:
    return Money(round(Decimal(whole.minor) / quantity), whole.currency)

"""What became of the deals we made: predicted and realised, from the decision to the sale.

What belongs here: following each sold unit back to its opportunity (a SKU is one lot, a lot one purchase, a purchase
one opportunity; a lot that was offered again has had several SKUs), and the headline figure: realised over predicted
margin. Learning from it is `ml/selection_deals.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.return_case import ReturnCase, ReturnState
from arb_pipelines.domain.stores import Books

NEWEST = 2_000  # sales that are followed back: markets change, and each costs one look into the decisions
SHARE = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class DealOutcome:
    """One sale of what an opportunity bought; money a unit, in one currency.

    `predicted` is the model's middle before it was corrected for selection, `ask` the shop's price, `value` what the
    buyer paid. `expected_profit` and `profit` are after fees and landed cost. `restocked` of the units came back and
    are stock again, so that their promise is still open; `returned` is what returns changed of the whole sale's profit.
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
    restocked: int = 0
    returned: Money | None = None

    @property
    def realised_minor(self) -> int:
        """What the whole sale brought so far, minor units: its profit and what returns changed of it."""
        return self.profit.minor * self.quantity + (self.returned.minor if self.returned else 0)


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
    bought_on = _opportunity_of_skus(books)
    wanted = {bought_on[order.sku] for order in newest if order.sku in bought_on}
    decisions = {name: books.opportunities.load_one(name) for name in sorted(wanted)}
    cases: dict[str, list[ReturnCase]] = defaultdict(list)
    for case in books.returns.load():
        cases[case.order_id].append(case)
    found = (_outcome(one, decisions.get(bought_on.get(one.sku, "")), cases[one.order_id]) for one in newest)
    return [outcome for outcome in found if outcome is not None]


def _opportunity_of_skus(books: Books) -> dict[str, str]:
    """Return what each SKU was bought on; what a lot was called before it was offered again, its listings know."""
    lots = books.inventory.load()
    decided = {purchase.purchase_id: purchase.opportunity_id for purchase in books.purchases.load()}
    purchase_of = {lot.lot_id: lot.purchase_id for lot in lots}
    skus = [*((one.sku, purchase_of.get(one.lot_id, "")) for one in books.listings.load())]
    skus += [(lot.sku, lot.purchase_id) for lot in lots]
    return {sku: decided[purchase_id] for sku, purchase_id in skus if purchase_id in decided}


def sum_up(outcomes: Sequence[DealOutcome], currency: str) -> KeptPromises:
    """Return what the deals in one currency promised and brought."""
    counted = [one for one in outcomes if one.value.currency == currency]
    return KeptPromises(
        deals=len(counted),
        predicted_profit_minor=sum(one.expected_profit.minor * (one.quantity - one.restocked) for one in counted),
        realised_profit_minor=sum(one.realised_minor for one in counted),
        losing=sum(one.realised_minor < 0 for one in counted),
    )


def _outcome(order: Order, decision: Opportunity | None, cases: Sequence[ReturnCase]) -> DealOutcome | None:
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
        restocked=sum(case.units for case in cases if case.state is ReturnState.RESTOCKED),
        returned=Money(sum(case.profit.minor for case in cases), order.revenue.currency),
    )


def _predicted(decision: Opportunity) -> Money | None:
    """Return the model's own middle: what it said before the correction, or all it said."""
    record: Mapping[str, Any] = decision.record
    said = (record.get("selection") or {}).get("middle") or (record.get("prediction") or {}).get("middle")
    currency = decision.item_price.currency
    return Money.exact(said, currency) if isinstance(said, str) else None


def _unit(whole: Money, quantity: int) -> Money:
    return Money(round(Decimal(whole.minor) / quantity), whole.currency)

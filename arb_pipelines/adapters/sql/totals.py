"""Running totals of the whole trade, for a summary line.

What belongs here: counts over several repositories. Reports are `reports/`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from arb_pipelines.adapters.sql.purchase_tables import opportunities, purchases
from arb_pipelines.adapters.sql.sale_tables import listings, orders
from arb_pipelines.adapters.sql.selling_tables import order_returns
from arb_pipelines.adapters.sql.tables import offers
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.return_case import ReturnState


def count_totals(connection: Connection) -> dict[str, int]:
    """Return offers known, opportunities found, purchases bought, listings published, orders and their profit.

    `profit_minor` is in the currency of most orders; with several currencies each has its own
    `profit_minor_<currency>` beside it, because minor units of two currencies are never summed.
    """
    queries: dict[str, Select[Any]] = {
        "offers": select(func.count()).select_from(offers),
        "opportunities": select(func.count()).select_from(opportunities),
        "purchases": select(func.count()).where(purchases.c.state == PurchaseState.BOUGHT.value),
        "listings": select(func.count()).where(listings.c.state != ListingState.PENDING.value),
        "orders": select(func.count()).select_from(orders),
    }
    totals = {name: int(connection.scalar(query) or 0) for name, query in queries.items()}
    paid = orders.c.fee_minor + orders.c.cost_of_goods_minor + func.coalesce(orders.c.postage_minor, 0)
    profit = func.sum(orders.c.revenue_minor - paid)
    by_currency = select(orders.c.currency, profit).group_by(orders.c.currency).order_by(func.count().desc())
    returned = {currency: int(minor) for currency, minor in connection.execute(_returned())}
    profits = [(name, int(minor) + returned.get(name, 0)) for name, minor in connection.execute(by_currency)]
    each = {f"profit_minor_{currency.lower()}": minor for currency, minor in profits} if len(profits) > 1 else {}
    return {**totals, "profit_minor": profits[0][1] if profits else 0, **each}


def _returned() -> Select[Any]:
    """What returns changed, by currency: refunds less the fee that came back, and the cost of what is stock again."""
    restocked = case((order_returns.c.state == ReturnState.RESTOCKED.value, order_returns.c.cost_minor), else_=0)
    given = func.coalesce(order_returns.c.fee_back_minor - order_returns.c.refund_minor, 0)
    return select(order_returns.c.currency, func.sum(restocked + given)).group_by(order_returns.c.currency)

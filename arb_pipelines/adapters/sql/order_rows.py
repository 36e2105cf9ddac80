"""An order as a row and back.

What belongs here: the mapping, shared by the repositories of orders and of their fees.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from arb_pipelines.adapters.sql.frames import fields_for
from arb_pipelines.adapters.sql.sale_tables import orders
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState

AMOUNTS = ("revenue", "fee", "cost_of_goods")
SOMETIMES = ("estimated_fee", "postage")


def order_columns(order: Order) -> dict[str, Any]:
    """Return what the table keeps of an order."""
    values = fields_for(orders, order)
    amounts: dict[str, Any] = {f"{name}_minor": getattr(order, name).minor for name in AMOUNTS}
    for name in SOMETIMES:
        amount: Money | None = getattr(order, name)
        amounts[f"{name}_minor"] = None if amount is None else amount.minor
    return {**values, **amounts, "state": order.state.value, "currency": order.revenue.currency}


def order_of(row: RowMapping) -> Order:
    """Return the order that a row keeps."""
    values: dict[str, Any] = {name: row[name] for name in Order.__dataclass_fields__ if name in row}
    amounts = {name: Money(row[f"{name}_minor"], row["currency"]) for name in AMOUNTS}
    for name in SOMETIMES:
        minor = row[f"{name}_minor"]
        amounts |= {} if minor is None else {name: Money(minor, row["currency"])}
    return Order(**(values | amounts | {"state": OrderState(row["state"])}))

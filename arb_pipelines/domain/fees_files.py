"""Reading a fee schedule from its TOML file; one that cannot be trusted is refused at load.

What belongs here: the file format of selling fees and its checks. Finding files and choosing by date is
`dated_data.py`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from arb_pipelines.domain.dated_data import DatedDataError, Table, day, minor, number
from arb_pipelines.domain.fees_charges import Base, Tier, ppm_of
from arb_pipelines.domain.fees_schedule import (
    CALLER_RATE,
    AddOn,
    CategoryFee,
    FeeSchedule,
    FixedFee,
    Plan,
    RefundRule,
    TierKind,
)


def parse_schedule(table: Table) -> FeeSchedule:
    """Return the selling-fee schedule that one file holds.

    Raises:
        DatedDataError, KeyError, TypeError, ValueError: a field is wrong or missing.
    """
    currency = table["currency"]
    base = Base(table["base"])
    plans = {key: _plan(key, plan, table, base, currency) for key, plan in table["plans"].items()}
    if table["default_plan"] not in plans:
        raise DatedDataError(f"default_plan {table['default_plan']!r} is not among the plans")
    return FeeSchedule(
        id=table["id"],
        channel=table["channel"],
        version=str(table["version"]),
        currency=currency,
        effective_from=day(table["effective_from"]),
        effective_to=day(table["effective_to"]) if "effective_to" in table else None,
        source=table["source"],
        retrieved_on=day(table["retrieved_on"]),
        fee_label=table["fee_label"],
        plans=plans,
        default_plan=table["default_plan"],
        order_fee=_fixed(table["order_fee"], currency) if "order_fee" in table else None,
        closing=minor(table["closing_fee"], currency) if "closing_fee" in table else 0,
        refund=_refund(table["refund"], currency) if "refund" in table else None,
        notes=tuple(table.get("notes", ())),
    )


def _plan(key: str, plan: Table, table: Table, base: Base, currency: str) -> Plan:
    categories = {**table.get("categories", {}), **plan.get("categories", {})}
    add_ons = {**table.get("add_ons", {}), **plan.get("add_ons", {})}
    if not categories:
        raise DatedDataError(f"plan {key!r} has no categories")
    return Plan(
        key=key,
        label=plan["label"],
        categories={name: _category(name, row, base, currency) for name, row in categories.items()},
        per_item=minor(plan["per_item"], currency) if "per_item" in plan else 0,
        add_ons={name: _add_on(name, row, currency) for name, row in add_ons.items()},
    )


def _category(key: str, row: Table, base: Base, currency: str) -> CategoryFee:
    tiers = tuple(
        Tier(minor(tier["up_to"], currency) if "up_to" in tier else None, _rate(tier["rate"])) for tier in row["tiers"]
    )
    _check_bounds(key, [tier.up_to for tier in tiers])
    return CategoryFee(
        key=key,
        kind=TierKind(row["kind"]),
        tiers=tiers,
        base=Base(row["base"]) if "base" in row else base,
        minimum=minor(row["minimum"], currency) if "minimum" in row else 0,
        order_fee=_fixed(row["order_fee"], currency) if "order_fee" in row else None,
        media=row.get("media", False),
        note=row.get("note"),
    )


def _add_on(key: str, row: Table, currency: str) -> AddOn:
    return AddOn(
        key=key,
        label=row["label"],
        base=Base(row.get("base", Base.TOTAL)),
        ppm=_rate(row["rate"]) if "rate" in row else None,
        amount=minor(row["amount"], currency) if "amount" in row else None,
        refundable=row.get("refundable", False),
    )


def _fixed(rows: list[Table], currency: str) -> FixedFee:
    bounds = [minor(row["up_to"], currency) if "up_to" in row else None for row in rows]
    _check_bounds("order_fee", bounds)
    uppers = tuple(bound for bound in bounds if bound is not None)
    return FixedFee(tuple(minor(row["amount"], currency) for row in rows), uppers)


def _refund(row: Table, currency: str) -> RefundRule:
    cap = minor(row["admin_cap"], currency) if "admin_cap" in row else None
    return RefundRule(_rate(row.get("admin_rate", "0")), cap)


def _check_bounds(what: str, bounds: list[int | None]) -> None:
    """Refuse tiers that do not rise, or whose last is not the only one without an end."""
    ends = [bound for bound in bounds[:-1] if bound is not None]
    if not bounds or bounds[-1] is not None or len(ends) != len(bounds) - 1:
        raise DatedDataError(f"{what}: every tier but the last, and only those, has an up_to")
    if any(later <= earlier for earlier, later in pairwise([0, *ends])):
        raise DatedDataError(f"{what}: the up_to of the tiers must rise from above zero")


def _rate(text: Any) -> int:
    """Return a rate in parts per million; the word `caller` stands for a rate that the caller states."""
    return CALLER_RATE if text == "caller" else ppm_of(number(text))

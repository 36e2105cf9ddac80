"""`arb opportunities` and `arb approve`: what is worth buying, and a person's leave to buy it."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from arb_pipelines.cli.switches import opened_books
from arb_pipelines.cli.tables import print_table
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.locks import RiskLock
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return datetime.now(UTC)


def account_name() -> str:
    """Return the name of the account that runs this: USER and LOGNAME could name a second person at will."""
    return pwd.getpwuid(os.getuid()).pw_name


def opportunities(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20, as_json: AsJson = False
) -> None:
    """Show the open opportunities, best profit per dollar-day first; `arb approve ID` gives leave to buy one.

    Example:

      arb opportunities --limit 5
    """
    now = datetime.now(UTC)
    with opened_books() as books:
        locks = books.locks.load_active(now)
        found = sorted(books.opportunities.load_open(now), key=lambda o: -o.profit_per_dollar_day)[:limit]
    if as_json:
        told = {"opportunities": [opportunity_json(one) for one in found], "locks": [lock_json(one) for one in locks]}
        typer.echo(json.dumps(told))
        return
    for lock in locks:
        typer.echo(f"{lock.scope} is locked until {lock.ends_at:%F %T} UTC: {lock.code}, {lock.detail}", err=True)
    table = Table(Column("id", no_wrap=True), "title", "shop", "cost", "max cost", "profit", "ROI", "days", "look at")
    for one in found:
        figures = (one.landed_cost.text, one.max_cost.text, one.expected_profit.text, f"{one.roi:.0%}")
        speed = f"{one.days_to_sell:.0f}"
        table.add_row(one.opportunity_id, one.title[:40], one.site, *figures, speed, ", ".join(one.risk_flags))
    print_table(table)
    if not found:
        typer.echo("no open opportunities: look at the asset `opportunities` for what was refused and why", err=True)


def lock_json(lock: RiskLock) -> dict[str, str]:
    """Return a lock with its reason and its end."""
    words = {"scope": lock.scope, "code": lock.code, "detail": lock.detail}
    return words | {"starts_at": lock.starts_at.isoformat(), "ends_at": lock.ends_at.isoformat()}


def opportunity_json(one: Opportunity) -> dict[str, Any]:
    """Return what decides about an opportunity; amounts are decimal text."""
    money = ("landed_cost", "max_cost", "expected_sale", "expected_net", "expected_profit")
    told = {name: getattr(one, name).text for name in money}
    plain = {name: getattr(one, name) for name in ("opportunity_id", "site", "url", "title", "condition", "outlet")}
    times = {"observed_at": one.observed_at.isoformat(), "decided_at": one.decided_at.isoformat()}
    speed = {"days": one.days_to_sell, "horizon_days": one.horizon_days, "sold_within_horizon": one.sold_within_horizon}
    said: Any = one.record.get("prediction") or {}
    chances = {f"p_sold_{days}": said.get(f"sold_within_{days}_days") for days in (30, 60, 90)}
    rates = {"roi": str(one.roi), "profit_per_dollar_day": str(one.profit_per_dollar_day)}
    doubts = {"risk_flags": list(one.risk_flags)}
    return plain | told | times | speed | chances | rates | doubts | {"currency": one.landed_cost.currency}


def approve(
    opportunity_id: Annotated[str, typer.Argument(help="Of `arb opportunities`.", metavar="ID")],
    ceiling: Annotated[str, typer.Option(help="Most that one unit may cost with shipping and tax, such as 12.50.")],
    quantity: Annotated[int, typer.Option(min=1, help="How many units.")] = 1,
    valid_s: Annotated[
        int | None, typer.Option(min=30, help="How long it can be used, s (default: ARB_APPROVAL_VALID_S).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give leave to buy an opportunity once: up to a ceiling, a quantity and a time.

    It spends nothing by itself. Price, stock, limits and the kill switch are read again when the purchase is made.
    Above ARB_TWO_PERSON_ABOVE (ceiling x quantity) a second person must approve the same ceiling and quantity.

    Example:

      arb approve op-3f2a --ceiling 12.50
    """
    from arb_pipelines.services.approvals import approve_by_person

    settings = Settings()
    money = read_ceiling(ceiling, settings.currency)
    with opened_books() as books:
        decided = approve_by_person(
            books,
            opportunity_id,
            ceiling=money,
            quantity=quantity,
            by=account_name(),
            clock=WallClock(),
            valid_for=timedelta(seconds=valid_s or settings.approval_valid_s),
            two_person_above=settings.two_person_limit,
            watch_only=settings.rule_book.only_watches,
        )
    say_decided(opportunity_id, decided, as_json)


def read_ceiling(text: str, currency: str) -> Money:
    """Return a ceiling given as text.

    Raises:
        typer.Exit: it is no amount above zero (exit code 2).
    """
    try:
        money = Money.exact(str(Decimal(text)), currency)
    except (InvalidOperation, ValueError):
        money = Money(0, currency)
    if money.minor <= 0:
        typer.echo(f"approve: --ceiling {text!r} is not an amount in {currency}, such as 12.50", err=True)
        raise typer.Exit(2)
    return money


def say_decided(opportunity_id: str, decided: Approval | Refusal, as_json: bool) -> None:
    """Print the approval, that one more person is needed, or why there is none (exit code 1; 2 where none is known)."""
    if isinstance(decided, Refusal) and decided.code != "one_more_person":
        typer.echo(f"approve: refused, {decided.code}: {decided.detail}", err=True)
        raise typer.Exit(2 if decided.code.startswith("no_such") else 1)
    if isinstance(decided, Refusal):
        until = decided.until
        told: dict[str, Any] = {"opportunity_id": opportunity_id, "approval_id": None, "needs": decided.code}
        words = f"{opportunity_id}: one more person needed until {until:%Y-%m-%d %H:%M:%S} UTC"
    else:
        until = decided.expires_at
        told = {"opportunity_id": opportunity_id, "approval_id": decided.approval_id, "ceiling": decided.ceiling.text}
        told |= {"currency": decided.ceiling.currency, "quantity": decided.quantity, "site": decided.site}
        words = (
            f"{decided.approval_id}: {decided.quantity} x {decided.title} at {decided.site}, "
            f"at most {decided.ceiling} each, until {until:%Y-%m-%d %H:%M:%S} UTC"
        )
    typer.echo(json.dumps(told | {"until": until.isoformat() if until else None}) if as_json else words)

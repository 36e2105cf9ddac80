"""`arb fees`: what a sale costs, the lowest price worth asking, the most worth paying, and the data behind it.

What belongs here: reading the command line into the fee kernel's words and printing its answers, as text or as
JSON whose amounts are decimal text. A refusal is one line on standard error and exit status 2.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from arb_pipelines.cli.sale_options import Sale, given, rate, rate_or_none, sale_command
from arb_pipelines.domain.fees import (
    FeeRefusal,
    Returns,
    Targets,
    dead_zones,
    expected_net,
    floor_price,
    load_schedules,
    max_cost,
)
from arb_pipelines.domain.landed_cost import PurchaseTerms, shelf_limit

app = typer.Typer(help="Fees, floors and cost limits, to the cent.", no_args_is_help=True, add_completion=False)

Returned = Annotated[str, typer.Option(help="share of sales that come back, such as 0.05")]
ReturnCost = Annotated[str, typer.Option(help="our cost of one return")]
Extra = Annotated[str, typer.Option(help="a cost of selling outside the fees: label, packing")]
Roi = Annotated[str, typer.Option(help="least return on the landed cost, such as 0.30")]
Profit = Annotated[str, typer.Option(help="least profit")]


@app.command()
@sale_command
def quote(sale: Sale, price: Annotated[str, typer.Option(help="sale price")] = "") -> None:
    """Show what selling at a price costs and leaves, line by line.

    Example: arb fees quote --channel ebay_us --category books --price 20 --shipping 4 --tax-rate 0.07
    """
    curve = sale.curve()
    found = curve.quote(sale.money("--price", given("--price", price)))
    _show(sale, found.to_json(), f"{found.net_record()}\ntotal fee: {found.total_fee}")


@app.command()
@sale_command
def floor(
    sale: Sale,
    cost: Annotated[str, typer.Option(help="landed cost")] = "",
    roi: Roi = "0",
    profit: Profit = "",
    return_rate: Returned = "0",
    return_cost: ReturnCost = "0",
    extra: Extra = "0",
) -> None:
    """Find the smallest price that covers landed cost x (1 + ROI).

    Example: arb fees floor --channel ebay_us --category most --tax-rate 0.07 --cost 8 --roi 0.3
    """
    curve, landed = sale.curve(), sale.money("--cost", given("--cost", cost))
    returns = Returns(rate("--return-rate", return_rate), sale.money("--return-cost", return_cost))
    spent = sale.money("--extra", extra)
    found = floor_price(
        curve,
        landed,
        min_roi=rate("--roi", roi),
        min_profit=sale.money_or_none("--profit", profit),
        returns=returns,
        extra=spent,
    )
    ledger, at = expected_net(curve, found, returns, spent), curve.quote(found)
    body = {"floor": found.text, "landed_cost": landed.text, "expected_net": ledger.total.text, **at.to_json()}
    _show(sale, body, f"{ledger}\nfloor: {found} for a landed cost of {landed}")


@app.command("max-cost")
@sale_command
def max_cost_command(
    sale: Sale,
    price: Annotated[str, typer.Option(help="highest price to count on: a low quantile of the prediction")] = "",
    roi: Roi = "",
    profit: Profit = "",
    margin: Annotated[str, typer.Option(help="least profit as a fraction of the price")] = "",
    return_rate: Returned = "0",
    return_cost: ReturnCost = "0",
    extra: Extra = "0",
    buy_tax_rate: Annotated[str, typer.Option(help="purchase tax we lose; adds the shelf limit")] = "",
    shipping_in: Annotated[str, typer.Option(help="shipping of the purchase, for the shelf limit")] = "0",
) -> None:
    """Find the most that the landed cost may be, and the shelf price or bid that it allows.

    Example: arb fees max-cost --channel amazon_us --category books --price 22 --roi 0.3 --buy-tax-rate 0.08
    """
    curve = sale.curve()
    targets = Targets(
        rate_or_none("--roi", roi), sale.money_or_none("--profit", profit), rate_or_none("--margin", margin)
    )
    returns = Returns(rate("--return-rate", return_rate), sale.money("--return-cost", return_cost))
    cap = sale.money("--price", given("--price", price))
    spent = sale.money("--extra", extra)
    found = max_cost(curve, cap, targets, returns=returns, extra=spent)
    body: dict[str, Any] = {
        "max_cost": found.cost.text,
        "decided_by": found.decided_by,
        "bounds": {name: money.text for name, money in found.bounds},
        "expected_net": found.expected_net.text,
        "shelf_limit": None,
        **curve.quote(found.price).to_json(),
    }
    text = f"{expected_net(curve, found.price, returns, spent)}\nmax cost: {found.cost} (least {found.decided_by})"
    if buy_tax_rate:
        terms = PurchaseTerms(rate("--buy-tax-rate", buy_tax_rate), sale.money("--shipping-in", shipping_in))
        limit = shelf_limit(found.cost, terms)
        body["shelf_limit"] = limit.text
        text += f"\nshelf limit: {limit}"
    _show(sale, body, text)


@app.command("dead-zones")
@sale_command
def dead_zones_command(sale: Sale) -> None:
    """List the prices that net less than a lower one.

    Example: arb fees dead-zones --channel amazon_us --category apparel
    """
    zones = dead_zones(sale.curve())
    names = ("first", "last", "best_below", "net_below")
    rows = [{name: getattr(zone, name).text for name in names} for zone in zones]
    text = [f"{row['first']} to {row['last']}: {row['best_below']} nets {row['net_below']}, more" for row in rows]
    _show(sale, rows, "\n".join(text) or "no dead zones")


@app.command()
@sale_command
def schedules(sale: Sale) -> None:
    """List every fee schedule and fulfilment card with its dates and source.

    Example: arb fees schedules --channel ebay_us --json
    """
    kernel = load_schedules(sale.data)
    rows: list[dict[str, Any]] = [
        {**_identity(found), "kind": "selling", "sourced": True}
        | {"plans": {key: sorted(plan.categories) for key, plan in found.plans.items()}}
        for found in kernel.all()
        if sale.channel in ("", found.channel)
    ]
    rows += [
        {**_identity(card), "kind": card.kind.value, "sourced": card.sourced, "plans": {}}
        for card in kernel.cards.all()
        if sale.channel in ("", card.channel)
    ]
    if not rows:
        known = ", ".join(sorted({found.channel for found in kernel.all()}))
        raise FeeRefusal("unknown_channel", f"no fee schedule for the channel {sale.channel!r}; known are {known}")
    _show(sale, rows, "\n".join(_schedule_text(row) for row in rows))


def _identity(found: Any) -> dict[str, Any]:
    names = ("id", "channel", "version", "currency", "effective_from", "effective_to", "retrieved_on", "source")
    values = {name: getattr(found, name) for name in names}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _schedule_text(row: dict[str, Any]) -> str:
    known = "" if row["sourced"] else "  UNKNOWN PRICES"
    dates = f"{row['effective_from']} to {row['effective_to'] or 'now'}"
    head = f"{row['id']} v{row['version']} ({row['kind']}) {dates}{known}"
    plans = [f"  {plan}: {', '.join(categories)}" for plan, categories in row["plans"].items()]
    return "\n".join([head, f"  source: {row['source']} ({row['retrieved_on']})", *plans])


def _show(sale: Sale, body: Any, text: str) -> None:
    if sale.as_json:
        typer.echo(json.dumps(body, indent=2))
        return
    typer.echo(text)
    notes = body["notes"] if isinstance(body, dict) else []
    for note in notes:
        if note not in text:
            typer.echo(f"note: {note}")

"""The desk's charts: asks beside the prediction, chances of selling, ageing stock, profit by day.

What belongs here: which figures go into which chart. The geometry is `charts.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.api.desk.charts import (
    Chart,
    Curve,
    Dot,
    band_path,
    day_text,
    draw_bars,
    draw_level,
    line_path,
    step_path,
    time_axis,
    value_axis,
)
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.trade_views import AskPoint, SalePoint

OFFERS_DRAWN = 5  # colours that stay apart
AGES = ((0, 7), (7, 30), (30, 60), (60, 90), (90, None))
HORIZONS = (30, 60, 90)


def chart_prices(one: Opportunity, asks: Sequence[AskPoint], sales: Sequence[SalePoint], now: datetime) -> Chart:
    """Return what shops asked over time, what it sold for, and the predicted interval of the next sale."""
    currency = one.landed_cost.currency
    chart = Chart(f"Asked and expected, {currency}", ("time (UTC)", "where", "price"))
    shown = [ask for ask in asks if ask.price.currency == currency]
    sold = [sale for sale in sales if sale.price.currency == currency]
    band = _predicted(one)
    if not shown and not sold and not band:
        return chart
    paid = [*(ask.price for ask in shown), *(sale.price for sale in sold)]
    height = value_axis(chart, [float(money.amount) for money in (*paid, *band.values(), one.landed_cost)])
    times = [*(ask.observed_at for ask in shown), *(sale.sold_at for sale in sold)]
    start = min(times, default=now - timedelta(days=1))
    place = time_axis(chart, start, max(now, *times) if times else now)
    left, _, right, _ = chart.frame
    if {"low", "high"} <= band.keys():
        low, high = (height(float(band[name].amount)) for name in ("low", "high"))
        chart.curves.append(Curve("sells for (80 % interval)", "band", band_path(left, right, low, high)))
    if "middle" in band:
        draw_level(chart, "sells for (middle)", "middle-line", height(float(band["middle"].amount)))
    draw_level(chart, "our cost", "cost-line", height(float(one.landed_cost.amount)))
    for number, (site, points) in enumerate(_by_offer(shown, one.offer_key), start=1):
        drawn = [(place(ask.observed_at.timestamp()), height(float(ask.price.amount))) for ask in points]
        chart.curves.append(Curve(f"{site} asks", f"ask{number}", step_path(drawn, right)))
    for sale in sold:
        x, y = place(sale.sold_at.timestamp()), height(float(sale.price.amount))
        chart.dots.append(Dot(x, y, "sale", f"sold at {sale.outlet} for {sale.price}"))
    chart.rows = [*_ask_rows(shown), *_sale_rows(sold)]
    return chart


def chart_chances(one: Opportunity) -> Chart:
    """Return P(sold within 30, 60 and 90 days); a chance that the model does not tell has no bar."""
    said = _part(one.record, "prediction")
    told = {days: said.get(f"sold_within_{days}_days") for days in HORIZONS}
    known = {days: float(chance) for days, chance in told.items() if isinstance(chance, (int, float))}
    chart = Chart("Chance to be sold within, %", ("days", "chance"))
    if known:
        texts = [f"{chance:.0%} within {days} days" for days, chance in known.items()]
        draw_bars(chart, [f"{days} days" for days in known], [chance * 100 for chance in known.values()], texts)
        chart.rows = [(str(days), f"{chance:.0%}") for days, chance in known.items()]
    return chart


def chart_ageing(lots: Sequence[InventoryLot], currency: str, now: datetime) -> Chart:
    """Return the cost of the stock on hand by its age."""
    chart = Chart(f"Stock on hand by age, cost in {currency}", ("days", "units", "cost"))
    if not any(lot.on_hand for lot in lots):
        return chart
    labels, values, texts = [], [], []
    for low, high in AGES:
        aged = [lot for lot in lots if low <= (now - lot.received_at).days < (high or 10**6)]
        cost = Money(sum(lot.unit_cost.minor * lot.on_hand for lot in aged), currency)
        units = sum(lot.on_hand for lot in aged)
        label = f"{low}-{high}" if high else f"{low} and more"
        labels.append(f"{label} d")
        values.append(float(cost.amount))
        texts.append(f"{units} units for {cost}")
        chart.rows.append((label, str(units), cost.text))
    draw_bars(chart, labels, values, texts)
    return chart


def chart_daily_profit(daily: pl.DataFrame, currency: str) -> Chart:
    """Return the profit of each of the last 60 days with orders (`reports.profit_and_loss.build_daily`)."""
    chart = Chart(f"Profit a day, {currency}", ("day", "orders", "profit"))
    last = daily.tail(60)
    if last.is_empty():
        return chart
    profits = [Money(minor, currency) for minor in last["profit_minor"]]
    days = [day_text(day) for day in last["day"]]
    texts = [f"{day}: {profit}" for day, profit in zip(days, profits, strict=True)]
    draw_bars(chart, days, [float(profit.amount) for profit in profits], texts)
    orders = [str(number) for number in last["orders"]]
    amounts = [profit.text for profit in profits]
    chart.rows = list(zip((day.isoformat() for day in last["day"]), orders, amounts, strict=True))
    return chart


def chart_profit_so_far(daily: pl.DataFrame, currency: str) -> Chart:
    """Return the profit summed over all days."""
    chart = Chart(f"Profit so far, {currency}", ("day", "so far"))
    if daily.height < 2:
        return chart
    sums = [Money(minor, currency) for minor in daily["profit_minor"].cum_sum()]
    height = value_axis(chart, [0.0, *(float(money.amount) for money in sums)])
    left, _, right, _ = chart.frame
    step = (right - left) / (daily.height - 1)
    points = [(round(left + step * n, 1), height(float(money.amount))) for n, money in enumerate(sums)]
    chart.curves.append(Curve("profit so far", "sum-line", line_path(points)))
    chart.rows = [(day.isoformat(), money.text) for day, money in zip(daily["day"], sums, strict=True)]
    return chart


def _predicted(one: Opportunity) -> dict[str, Money]:
    said = _part(one.record, "prediction")
    texts = {name: said.get(name) for name in ("low", "middle", "high")}
    currency = one.expected_sale.currency
    return {name: Money.exact(text, currency) for name, text in texts.items() if isinstance(text, str)}


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _by_offer(asks: Sequence[AskPoint], first: str) -> list[tuple[str, list[AskPoint]]]:
    """Return (shop, its asks) of each offer: the one at hand, then those with most readings."""
    by_offer: dict[str, list[AskPoint]] = defaultdict(list)
    for ask in asks:
        by_offer[ask.offer_key].append(ask)
    ordered = sorted(by_offer.items(), key=lambda item: (item[0] != first, -len(item[1]), item[0]))
    return [(points[0].site, points) for _, points in ordered[:OFFERS_DRAWN]]


def _ask_rows(asks: Sequence[AskPoint]) -> list[Sequence[str]]:
    return [(f"{ask.observed_at:%Y-%m-%d %H:%M}", ask.site, ask.price.text) for ask in asks[-100:]]


def _sale_rows(sales: Sequence[SalePoint]) -> list[Sequence[str]]:
    return [(f"{s.sold_at:%Y-%m-%d %H:%M}", f"sold at {s.outlet}", s.price.text) for s in sales[-100:]]

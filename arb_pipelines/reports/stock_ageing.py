"""How long what we own has been lying here, and what it cost.

What belongs here: the lots by age, and the page.
"""

from __future__ import annotations

import polars as pl

from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.money import Money
from arb_pipelines.reports.page import ReportPage, Totals
from arb_pipelines.reports.plots import draw_bars
from arb_pipelines.reports.trade_data import DAY, TradeData

NAME = "stock_ageing"
BANDS = ((30, "0-30 days"), (60, "31-60 days"), (90, "61-90 days"), (180, "91-180 days"))
OLDEST = "over 180 days"
SCHEMA: dict[str, pl.DataType] = {
    "age": pl.String(),
    "days": pl.Float64(),
    "sku": pl.String(),
    "title": pl.String(),
    "units": pl.Int64(),
    "cost_minor": pl.Int64(),
    "listed_at": pl.String(),
    "price_minor": pl.Int64(),
    "floor_minor": pl.Int64(),
}


def band_of(days: float) -> str:
    """Return the name of the age band."""
    return next((name for most, name in BANDS if days <= most), OLDEST)


def age_lots(data: TradeData) -> pl.DataFrame:
    """Return one row a lot with units on hand, the oldest first; columns as `SCHEMA`.

    `listed_at` names the outlets that show it, with its price and floor at the first; null where none does.
    """
    shown: dict[str, list[tuple[str, int, int]]] = {}
    for one in data.listings:
        if one.state is ListingState.ACTIVE:
            shown.setdefault(one.sku, []).append((one.outlet, one.price.minor, one.floor.minor))
    rows = []
    for lot in data.lots:
        if not lot.on_hand:
            continue
        days = (data.now - lot.received_at) / DAY * data.days_a_day
        offers = shown.get(lot.sku, [])
        rows.append(
            {
                "age": band_of(days),
                "days": round(days, 1),
                "sku": lot.sku,
                "title": lot.title,
                "units": lot.on_hand,
                "cost_minor": lot.unit_cost.minor * lot.on_hand,
                "listed_at": ", ".join(outlet for outlet, _, _ in offers) or None,
                "price_minor": offers[0][1] if offers else None,
                "floor_minor": offers[0][2] if offers else None,
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("days", "sku", descending=[True, False])


def build_page(data: TradeData) -> ReportPage:
    """Return the report over what is on hand now."""
    table = age_lots(data)
    bands = [*(name for _, name in BANDS), OLDEST]
    costs = {band: int(table.filter(pl.col("age") == band)["cost_minor"].sum()) for band in bands}
    totals: Totals = {
        "units": int(table["units"].sum()),
        "cost": Money(sum(costs.values()), data.currency).text,
        "not_listed_units": int(table.filter(pl.col("listed_at").is_null())["units"].sum()),
        **{band: Money(minor, data.currency).text for band, minor in costs.items()},
    }
    amounts = [float(Money(minor, data.currency).amount) for minor in costs.values()]
    plot = draw_bars(bands, {"cost": amounts}, f"cost on hand, {data.currency}")
    return ReportPage(NAME, "Stock ageing", data.currency, totals, table, plot)

"""Order lines that say what was really sold: typed and checked, without cancellations, returns and postage.

What belongs here: the frame schema, the cleaning of order lines and sales by week. Forecasting is
`ml/sales_forecast.py`, recommending `ml/recommender.py`; both read nothing else of an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from arb_pipelines.domain.order import Order

RAW_COLUMNS = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "ordered_at")
LINE_SCHEMA: dict[str, pl.DataType] = {
    "order_id": pl.String(),
    "customer_id": pl.String(),
    "product_id": pl.String(),
    "name": pl.String(),
    "category": pl.String(),
    "quantity": pl.Float64(),
    "ordered_at": pl.Datetime("us"),
}
CANCELLED_ORDER = r"^[Cc]\d"
SHORTEST_CODE = 3
UNDONE_WITHIN = timedelta(days=7)
DAYS_A_WEEK = 7


class CleanedOrderLines(NamedTuple):
    """Lines that were sold (LINE_SCHEMA, oldest first) and how many were refused for which reason."""

    lines: pl.DataFrame
    refused: dict[str, int]


def clean_order_lines(raw: pl.DataFrame) -> CleanedOrderLines:
    """Type and check order lines; every row is either kept or counted under exactly one reason.

    Reasons: order_missing, product_missing, date_missing, cancelled (the order number says so), not_positive (a
    return or a correction), price_not_positive (a gift, a write-off), not_a_product (postage, fees, vouchers by
    hand: a code without a digit, or of one or two characters, where most codes are otherwise), undone (the same
    customer cancelled the same product and quantity within a week).

    Args:
        raw: RAW_COLUMNS, and if known `description` or `name`, and `category`. Rows without a customer are kept.
    """
    rows = _typed(raw).sort("ordered_at", "order_id", "product_id", nulls_last=True)
    rows = rows.with_columns(reason=_reason(rows))
    rows = _mark_undone(rows)
    counted = rows.filter(pl.col("reason").is_not_null())["reason"].value_counts().sort("reason")
    kept = rows.filter(pl.col("reason").is_null()).select(LINE_SCHEMA.keys())
    return CleanedOrderLines(kept, dict(counted.iter_rows()))


def lines_of_orders(orders: Sequence[Order], products: pl.DataFrame) -> pl.DataFrame:
    """Return our own orders as LINE_SCHEMA; outlets do not tell us who the buyer is, so no line has a customer.

    Args:
        orders: the order book.
        products: product_id, title, category.
    """
    values = [(f"{o.outlet}:{o.outlet_order_id}", o.product_id, float(o.quantity), o.ordered_at) for o in orders]
    schema = {"order_id": pl.String(), "product_id": pl.String(), "quantity": pl.Float64()}
    lines = pl.DataFrame(values, {**schema, "ordered_at": pl.Datetime("us", "UTC")}, orient="row")
    known = products.select("product_id", "category", name="title").unique("product_id")
    return (
        lines.join(known, on="product_id", how="left")
        .with_columns(pl.col("ordered_at").dt.replace_time_zone(None), customer_id=pl.lit(None, pl.String()))
        .select(LINE_SCHEMA.keys())
        .sort("ordered_at", "order_id", "product_id")
    )


def latest_names(lines: pl.DataFrame) -> pl.DataFrame:
    """Return product_id, name, category of each product as last told, ordered by product_id."""
    last = [pl.col(name).drop_nulls().last() for name in ("name", "category")]
    return lines.group_by("product_id").agg(last).sort("product_id")


def weekly_sales(lines: pl.DataFrame, end_on: date, by: str = "product_id") -> pl.DataFrame:
    """Return units sold: `key`, `week` (0: the seven days up to and including `end_on`, 1: those before), `units`.

    Weeks are counted back from the end, so that no week is cut short but the first, which is left out. Lines after
    the end and lines whose `by` is null are left out.
    """
    back = (pl.lit(end_on) - pl.col("ordered_at").dt.date()).dt.total_days()
    used = lines.with_columns(back=back).filter(pl.col("back") >= 0, pl.col(by).is_not_null())
    whole = 0 if used.is_empty() else (int(used.select(pl.col("back").max()).item()) + 1) // DAYS_A_WEEK
    return (
        used.with_columns(week=pl.col("back") // DAYS_A_WEEK)
        .filter(pl.col("week") < whole)
        .group_by(pl.col(by).alias("key"), "week")
        .agg(units=pl.col("quantity").sum())
        .sort("key", "week")
    )


def last_day(lines: pl.DataFrame) -> date:
    """Return the day of the newest line, which must exist."""
    newest = lines["ordered_at"].max()
    assert isinstance(newest, datetime), "there are lines"
    return newest.date()


def _typed(raw: pl.DataFrame) -> pl.DataFrame:
    name = next((column for column in ("description", "name") if column in raw.columns), None)
    texts = [pl.col(column).cast(pl.String).str.strip_chars() for column in ("order_id", "customer_id", "product_id")]
    return raw.select(
        *(pl.when(text != "").then(text) for text in texts),
        pl.lit(None, pl.String()).alias("name") if name is None else pl.col(name).cast(pl.String).alias("name"),
        pl.col("category").cast(pl.String) if "category" in raw.columns else pl.lit(None, pl.String).alias("category"),
        pl.col("quantity").cast(pl.Float64, strict=False),
        pl.col("unit_price").cast(pl.Float64, strict=False),
        _timed(raw.schema["ordered_at"]),
    )


def _timed(dtype: pl.DataType) -> pl.Expr:
    column = pl.col("ordered_at")
    if dtype == pl.String():
        column = column.str.to_datetime(time_unit="us", strict=False)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"), strict=False)


def _reason(rows: pl.DataFrame) -> pl.Expr:
    code, quantity, price = pl.col("product_id"), pl.col("quantity"), pl.col("unit_price")
    checks = {
        "order_missing": pl.col("order_id").is_null(),
        "product_missing": code.is_null(),
        "date_missing": pl.col("ordered_at").is_null(),
        "cancelled": pl.col("order_id").str.contains(CANCELLED_ORDER) & _marks_cancelled(rows),
        "not_positive": quantity.is_null() | quantity.is_nan() | (quantity <= 0),
        "price_not_positive": price.is_null() | price.is_nan() | (price <= 0),
        "not_a_product": _no_product(rows),
    }
    chosen = pl.lit(None, pl.String())
    for name, fails in reversed(checks.items()):
        chosen = pl.when(fails).then(pl.lit(name)).otherwise(chosen)
    return chosen


def _marks_cancelled(rows: pl.DataFrame) -> bool:
    """Whether the letter C means something: a shop may number all its orders C1, C2 ..."""
    share = rows.select(pl.col("order_id").str.contains(CANCELLED_ORDER).mean()).item()
    return share is not None and share < 0.5


def _no_product(rows: pl.DataFrame) -> pl.Expr:
    """Which codes are services; none where codes are words or plain short numbers."""
    code = pl.col("product_id")
    worded, short = ~code.str.contains(r"\d"), code.str.contains("[A-Za-z]") & (code.str.len_chars() < SHORTEST_CODE)
    codes = rows.select("product_id").drop_nulls().unique()
    odd = codes.select((worded | short).mean()).item()
    return (worded | short) & pl.lit(odd is not None and odd < 0.5)


def _mark_undone(rows: pl.DataFrame) -> pl.DataFrame:
    """Refuse sales of exactly what the customer cancelled within a week: wrong entries of 80,995 units are such."""
    keys = ["customer_id", "product_id", "quantity"]
    undone = rows.filter(
        (pl.col("quantity") < 0)
        & pl.col("reason").is_in(["cancelled", "not_positive"])
        & pl.col("customer_id").is_not_null()
    ).select("customer_id", "product_id", -pl.col("quantity"), undone_at="ordered_at")
    sales = rows.with_row_index("row").filter(pl.col("reason").is_null()).select("row", *keys, "ordered_at")
    waited = pl.col("undone_at") - pl.col("ordered_at")
    gone = (
        sales.join(undone, on=keys)
        .filter(waited.is_between(timedelta(0), UNDONE_WITHIN))
        .sort("undone_at", "ordered_at", "row")
        .unique([*keys, "undone_at"], keep="last", maintain_order=True)
    )
    is_gone = pl.int_range(pl.len()).is_in(gone["row"].implode())
    return rows.with_columns(reason=pl.when(is_gone).then(pl.lit("undone")).otherwise(pl.col("reason")))

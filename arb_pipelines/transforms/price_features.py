"""What was known about a product's price at a moment: features from sold prices and shelf prices.

What belongs here: point-in-time joins. Every row has its own `as_of`; nothing sold or observed at or after it is
looked at (a test changes the future and expects the same features). Prices are logarithms of minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

GROUP = ("product_id", "condition", "outlet")
KEY_SCHEMA: dict[str, pl.DataType] = {
    "product_id": pl.String(),
    "condition": pl.String(),
    "outlet": pl.String(),
    "category": pl.String(),
    "as_of": pl.Datetime("us", "UTC"),
}
FEATURES = (
    "comps_median",
    "comps_spread",
    "comps_trend",
    "comps_n",
    "comps_n_30d",
    "comps_age_d",
    "product_median",
    "product_n",
    "category_median",
    "shelf_min",
    "shelf_median",
    "shelf_offers",
)
ATTRIBUTE_PREFIX = "attribute_"  # numeric columns of the caller that describe the single item, e.g. attribute_mileage

MAX_COMPS = 30  # comparable sales of a group that are looked at: older ones hardly weigh anything
MAX_AGE_D = 180
HALF_LIFE_D = 30.0
NEWEST = 5  # the newest comps, whose distance to all comps is the trend
SHELF_TOLERANCE = timedelta(days=7)


def build_features(keys: pl.DataFrame, sales: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Return the keys, in their order, with FEATURES and the comps' `currency` and `currencies` (how many).

    Args:
        keys: KEY_SCHEMA and any other columns but `currency`, which are kept.
        sales: product_id, condition, outlet, category, price_minor, currency, sold_at.
        history: product_id, offer_key, price_minor, currency, observed_at; may be empty.
    """
    rows = keys.with_row_index("row")
    sold = sales.filter(pl.col("price_minor") > 0).with_columns(log_price=pl.col("price_minor").log())
    comps = _recent(rows, sold, GROUP, MAX_COMPS)
    found = comps.group_by("row").agg(
        comps_median=_quantile(0.5),
        comps_spread=(_quantile(0.75) - _quantile(0.25)) / 2,
        comps_n=pl.len().cast(pl.Int64),
        comps_n_30d=(pl.col("age_d") <= 30).sum().cast(pl.Int64),
        comps_age_d=pl.col("age_d").min(),
        newest_median=pl.col("log_price").filter(pl.col("age_rank") < NEWEST).median(),
        currency=pl.col("currency").sort().first(),
        currencies=pl.col("currency").n_unique(),
    )
    product = _recent(rows, sold, ("product_id", "outlet"), MAX_COMPS)
    product = product.group_by("row").agg(product_median=_quantile(0.5), product_n=pl.len().cast(pl.Int64))
    category = _recent(rows, sold, ("category", "outlet"), MAX_COMPS)
    category = category.group_by("row").agg(category_median=_quantile(0.5))
    joined = rows
    for part in (found, product, category):
        joined = joined.join(part, on="row", how="left")
    joined = joined.join(_shelf(joined, history), on="row", how="left")
    return (
        joined.with_columns(
            comps_trend=pl.col("newest_median") - pl.col("comps_median"),
            comps_n=pl.col("comps_n").fill_null(0),
            comps_n_30d=pl.col("comps_n_30d").fill_null(0),
            product_n=pl.col("product_n").fill_null(0),
        )
        .sort("row")
        .drop("row", "newest_median")
    )


def keys_from_sales(sales: pl.DataFrame, lead: timedelta) -> pl.DataFrame:
    """Return the sales as keys to learn from: each asked about `lead` before it happened, as a buyer must ask.

    Their own currency becomes `sale_currency`.
    """
    asked_at = pl.col("sold_at").cast(pl.Datetime("us", "UTC")) - lead
    return sales.rename({"currency": "sale_currency"}).with_columns(as_of=asked_at)


def _recent(rows: pl.DataFrame, sold: pl.DataFrame, by: Sequence[str], limit: int) -> pl.DataFrame:
    """Return (row, log_price, currency, age_d, age_rank, weight, cumulative, total) of the newest comps of each row."""
    group = pl.concat_str(*by, separator="\x1f").alias("group")
    ranked = (
        sold.select(group, "log_price", "currency", "sold_at")
        .drop_nulls("group")
        .sort("sold_at", "group", "log_price")
        .with_columns(place=pl.int_range(pl.len()).over("group"))
    )
    asked = rows.select("row", "as_of", group).drop_nulls("group").sort("as_of")
    last = asked.join_asof(
        ranked.select("group", "sold_at", "place").sort("sold_at"),
        left_on="as_of",
        right_on="sold_at",
        by="group",
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    ).drop_nulls("place")
    places = pl.int_ranges(pl.col("last_place") - limit + 1, pl.col("last_place") + 1)
    comps = (
        last.select("row", "as_of", "group", last_place="place")
        .with_columns(place=places)
        .explode("place")
        .join(ranked, on=["group", "place"], how="inner")
        .with_columns(age_d=(pl.col("as_of") - pl.col("sold_at")).dt.total_seconds() / 86_400)
        .filter(pl.col("age_d") <= MAX_AGE_D)
    )
    return (
        comps.with_columns(
            weight=pl.lit(2.0).pow(-pl.col("age_d") / HALF_LIFE_D),
            age_rank=pl.col("last_place") - pl.col("place"),
        )
        .sort("row", "log_price", "place")
        .with_columns(
            cumulative=pl.col("weight").cum_sum().over("row"),
            total=pl.col("weight").sum().over("row"),
        )
    )


def _quantile(share: float) -> pl.Expr:
    """Return the weighted quantile of a row's comps (sorted by price): the first price at which `share` is reached."""
    return pl.col("log_price").filter(pl.col("cumulative") >= share * pl.col("total")).first()


def _shelf(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Return (row, shelf_min, shelf_median, shelf_offers) of the last whole day before each row's `as_of`.

    Only shelf prices in the currency of the comps count. Whole days keep a five-minute history joinable.
    """
    daily = (
        history.filter(pl.col("price_minor") > 0)
        .with_columns(day_end=pl.col("observed_at").dt.truncate("1d").dt.offset_by("1d"))
        .group_by("product_id", "currency", "day_end")
        .agg(
            shelf_min=pl.col("price_minor").min().log(),
            shelf_median=pl.col("price_minor").median().log(),
            shelf_offers=pl.col("offer_key").n_unique().cast(pl.Int64),
        )
        .sort("day_end")
    )
    asked = rows.select("row", "as_of", "product_id", "currency").drop_nulls().sort("as_of")
    return asked.join_asof(
        daily,
        left_on="as_of",
        right_on="day_end",
        by=["product_id", "currency"],
        strategy="backward",
        tolerance=SHELF_TOLERANCE,
        check_sortedness=False,
    ).select("row", "shelf_min", "shelf_median", "shelf_offers")

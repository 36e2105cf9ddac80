"""All prices of a shop in another unit: its readings are held as a whole.

What belongs here: the rule over live readings; over a stored history it is `store_health.find_drifts`. One shop's
prices were ten times as high overnight, for 98.7 % of its products and for good.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from arb_pipelines.transforms.price_history import POINT_SCHEMA, QUARANTINE_SCHEMA, Cleaned, as_frame
from arb_pipelines.transforms.price_jumps import AGREE_PERCENT, CONFIRM_AFTER, held_sightings
from arb_pipelines.transforms.store_health import MIN_MOVED, MOVED_FACTOR, MOVED_SHARE

UNIT_TOLERANCE = 0.02  # of a power of ten, in decimal logarithms: 4.7 %


def flag_drifts(
    points: pl.DataFrame, latest: pl.DataFrame, held: pl.DataFrame, *, confirm_after: timedelta = CONFIRM_AFTER
) -> Cleaned:
    """Part observations into those of steady shops and those of shops that moved as one (reason `shop_drift`).

    A shop moved when more than 5 % of its offers, and at least ten, stand at more than twice or less than half of
    their last accepted price. Offers whose new price was sighted `confirm_after` before are not counted, unless the
    middle one moved by a power of ten: that is a unit, and no sale. It ends when the prices come back or the last
    accepted ones are too old to be in `latest`.

    Args:
        points: new observations (POINT_SCHEMA).
        latest: the last accepted point of each offer (POINT_SCHEMA).
        held: earlier quarantined rows (QUARANTINE_SCHEMA).
        confirm_after: smallest time between two sightings that confirm each other.
    """
    usual = latest.select("offer_key", "currency", usual_minor="price_minor")
    newest = points.sort("observed_at", "scrape_id").unique("offer_key", keep="last", maintain_order=True)
    compared = newest.join(usual, on=["offer_key", "currency"])
    factor = pl.col("price_minor") / pl.col("usual_minor")
    moved = (factor > MOVED_FACTOR) | (factor < 1 / MOVED_FACTOR)
    compared = _with_confirmed(compared.with_columns(factor=factor, moved=moved), held, confirm_after)
    sites = compared.group_by("site").agg(
        offers=pl.len(),
        moved=pl.col("moved").sum(),
        fresh=(pl.col("moved") & ~pl.col("confirmed")).sum(),
        factor=pl.col("factor").filter("moved").median(),
    )
    decimals = pl.col("factor").log(10)
    unit = ((decimals - decimals.round()).abs() <= UNIT_TOLERANCE) & (decimals.round() != 0)
    counted = pl.when(unit).then(pl.col("moved")).otherwise(pl.col("fresh"))
    drifted = sites.filter(counted >= MIN_MOVED, counted > MOVED_SHARE * pl.col("offers")).select("site", "factor")
    held_now = points.join(drifted, on="site", maintain_order="left").with_columns(
        reason=pl.lit("shop_drift"),
        detail=pl.format(
            "price_minor={} currency={}, the shop's prices moved by {} times",
            pl.col("price_minor"),
            pl.col("currency"),
            pl.col("factor").round(2),
        ),
    )
    steady = points.join(drifted, on="site", how="anti", maintain_order="left")
    return Cleaned(as_frame(steady, POINT_SCHEMA), as_frame(held_now, QUARANTINE_SCHEMA))


def _with_confirmed(compared: pl.DataFrame, held: pl.DataFrame, confirm_after: timedelta) -> pl.DataFrame:
    """Add `confirmed`: whether an earlier held sighting of the offer agrees with its price."""
    sightings = held_sightings(held).select(
        "offer_key", "currency", sighted_minor="price_minor", sighted_at="observed_at"
    )
    apart = (pl.col("price_minor") - pl.col("sighted_minor")).abs() * 100
    agreeing = compared.join(sightings, on=["offer_key", "currency"]).filter(
        pl.col("observed_at") - pl.col("sighted_at") >= confirm_after,
        apart <= pl.col("sighted_minor") * AGREE_PERCENT,
    )
    return compared.with_columns(confirmed=pl.col("offer_key").is_in(agreeing["offer_key"].implode()))

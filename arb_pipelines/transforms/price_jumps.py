"""Prices against their own past: a jump is held until a second sighting agrees.

What belongs here: the rule and its state, which is nothing but the accepted points and the held rows. On daily
prices of seven shops 89.5 % of prices at or below a tenth of the usual were gone the next day, 39.5 % of those at
10-30 %, but only 7.5 % of 50-70 % (true promotions): so the line is at 30 % and no promotion of 30-50 % off waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.transforms.price_history import POINT_SCHEMA, QUARANTINE_SCHEMA, Cleaned, as_frame

LOW_PERCENT = 30  # of the last accepted price, and below
HIGH_PERCENT = 400  # of the last accepted price, and above
AGREE_PERCENT = 10  # two sightings agree within this share of the first
# Two readings five minutes apart read the same glitch twice; the figures above are of the next day.
CONFIRM_AFTER = timedelta(hours=20)
SIGHTINGS = ("price_jump", "shop_drift")  # reasons of quarantined rows whose price was read well

_DETAIL = r"price_minor=([0-9]+) currency=([A-Z]{3})"


def flag_jumps(
    points: pl.DataFrame, latest: pl.DataFrame, held: pl.DataFrame, *, confirm_after: timedelta = CONFIRM_AFTER
) -> Cleaned:
    """Part observations into believable ones and jumps (reason `price_jump`).

    A jump is a price at or below 30 %, or at or above four times, of the offer's last accepted price, or a price in
    another currency. It is accepted once an earlier sighting at least `confirm_after` older agrees within 10 % and
    no ordinary price came between. A first price is accepted: there is nothing to hold it against.

    Args:
        points: new observations (POINT_SCHEMA), each scrape_id once.
        latest: the last accepted point of each offer (POINT_SCHEMA), as `PriceHistory.load_latest` gives it.
        held: earlier quarantined rows (QUARANTINE_SCHEMA); other reasons than SIGHTINGS are ignored.
        confirm_after: smallest time between two sightings that confirm each other: a day, less what the hour of a
            daily visit varies. In a world that runs faster than ours it is shorter by as much.
    """
    risky = _risky_offers(points, latest)
    reasons = dict(_judge(points.filter(pl.col("offer_key").is_in(risky)), latest, held, confirm_after))
    detail = pl.col("scrape_id").replace_strict(reasons, default=None, return_dtype=pl.String)
    marked = points.with_columns(detail=detail, reason=pl.lit("price_jump"))
    believed = marked.filter(pl.col("detail").is_null())
    jumps = marked.filter(pl.col("detail").is_not_null())
    return Cleaned(as_frame(believed, POINT_SCHEMA), as_frame(jumps, QUARANTINE_SCHEMA))


@dataclass(slots=True)
class _OfferState:
    """What is believed of one offer, and its sightings that wait: (scrape_id, when, minor units, currency)."""

    price_minor: int | None = None
    currency: str | None = None
    waiting: list[tuple[str, datetime, int, str]] = field(default_factory=list)

    def judge(self, row: dict[str, Any], confirm_after: timedelta) -> str | None:
        """Return None and move on if the row is believed, else the detail to hold it with."""
        price, currency, seen_at = row["price_minor"], row["currency"], row["observed_at"]
        usual = self.price_minor
        ordinary = usual is None or (
            currency == self.currency and usual * LOW_PERCENT < price * 100 < usual * HIGH_PERCENT
        )
        confirmed = any(
            first_id != row["scrape_id"]
            and first_currency == currency
            and seen_at - first_at >= confirm_after
            and abs(price - first) * 100 <= first * AGREE_PERCENT
            for first_id, first_at, first, first_currency in self.waiting
        )
        if ordinary or confirmed:
            self.price_minor, self.currency, self.waiting = price, currency, []
            return None
        self.waiting.append((row["scrape_id"], seen_at, price, currency))
        return f"price_minor={price} currency={currency}, last accepted {usual} {self.currency}"


def _risky_offers(points: pl.DataFrame, latest: pl.DataFrame) -> list[str]:
    """Return the offers in which any step of price is a jump; all others need no state."""
    columns = ["offer_key", "observed_at", "price_minor", "currency"]
    keys = points.select("offer_key").unique()
    steps = (
        pl.concat([latest.select(columns).join(keys, on="offer_key", how="semi"), points.select(columns)])
        .sort("offer_key", "observed_at", maintain_order=True)
        .with_columns(
            usual=pl.col("price_minor").shift(1).over("offer_key"),
            same_currency=pl.col("currency").eq(pl.col("currency").shift(1)).over("offer_key"),
        )
    )
    price, usual = pl.col("price_minor") * 100, pl.col("usual")
    jump = (price <= usual * LOW_PERCENT) | (price >= usual * HIGH_PERCENT) | pl.col("same_currency").not_()
    return steps.filter(usual.is_not_null() & jump)["offer_key"].unique().to_list()


def _judge(
    points: pl.DataFrame, latest: pl.DataFrame, held: pl.DataFrame, confirm_after: timedelta
) -> Iterator[tuple[str, str]]:
    """Yield (scrape_id, detail) of the rows to hold, walking each offer in time."""
    states = _states(points["offer_key"].unique().to_list(), latest, held)
    for row in points.sort("observed_at", "scrape_id").iter_rows(named=True):
        detail = states[row["offer_key"]].judge(row, confirm_after)
        if detail is not None:
            yield row["scrape_id"], detail


def held_sightings(held: pl.DataFrame) -> pl.DataFrame:
    """Return the quarantined rows that are sightings of a price, with `price_minor` and `currency`, oldest first."""
    parts = pl.col("detail").str.extract_groups(_DETAIL).struct
    seen = held.filter(pl.col("reason").is_in(SIGHTINGS)).sort("observed_at")
    return seen.with_columns(price_minor=parts[0].cast(pl.Int64), currency=parts[1]).drop_nulls("price_minor")


def _states(offers: list[str], latest: pl.DataFrame, held: pl.DataFrame) -> dict[str, _OfferState]:
    states = {offer: _OfferState() for offer in offers}
    accepted_at: dict[str, datetime] = {}
    for row in latest.filter(pl.col("offer_key").is_in(offers)).iter_rows(named=True):
        states[row["offer_key"]] = _OfferState(row["price_minor"], row["currency"])
        accepted_at[row["offer_key"]] = row["observed_at"]
    waiting = held_sightings(held.filter(pl.col("offer_key").is_in(offers)))
    for row in waiting.iter_rows(named=True):
        last_at = accepted_at.get(row["offer_key"])
        if last_at is None or row["observed_at"] > last_at:
            sighting = (row["scrape_id"], row["observed_at"], row["price_minor"], row["currency"])
            states[row["offer_key"]].waiting.append(sighting)
    return states

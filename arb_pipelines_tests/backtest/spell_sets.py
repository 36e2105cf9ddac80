"""A made-up history of two shops: promotions in the one, short-lived high prices in the other."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from arb_pipelines.transforms.spells import SpellSet

DAY0 = date(2025, 1, 1)
USUAL = 10.0


def day(number: int) -> date:
    return DAY0 + timedelta(days=number)


def spells_of(*rows: tuple[str, str, int, int, float]) -> pl.DataFrame:
    """(store, product, first day, last day, price) as a raw frame."""
    return pl.DataFrame(
        [
            {
                "store": store,
                "product_id": product,
                "first_seen_on": day(first),
                "last_seen_on": day(last),
                "n_days_seen": last - first + 1,
                "price": price,
            }
            for store, product, first, last, price in rows
        ],
        schema_overrides={"price": pl.Float32, "n_days_seen": pl.UInt16},
    )


def store_days_of(days: int, stores: dict[str, dict[int, int]], usual: int = 100) -> pl.DataFrame:
    """Every day of each store with `usual` rows, but for the days that are named with theirs."""
    return pl.DataFrame(
        [
            {
                "store": store,
                "d": day(number),
                "n_rows": odd.get(number, usual),
                "n_products": odd.get(number, usual) or None,
                "n_conflicting_dups": 0,
                "median_price": USUAL if odd.get(number, usual) else None,
            }
            for store, odd in stores.items()
            for number in range(days)
        ],
        schema_overrides={"n_products": pl.UInt32, "median_price": pl.Float64},
    )


def two_shops(products: int = 60, days: int = 200, seed: int = 3) -> SpellSet:
    """`steady` keeps 10.00 but doubles for three days now and then; `sales` has 40 % off for ten days now and then."""
    rows = []
    for number in range(products):
        for store, price, length in (("steady", 2 * USUAL, 3), ("sales", 0.6 * USUAL, 10)):
            chance = random.Random(f"{seed} {store} {number}")  # of its own, so that a longer history begins alike
            rows += _life(store, f"{store}-{number}", chance, days, price, length)
    names = [
        {"store": store, "product_id": f"{store}-{number}", "name": f"Table lamp number {number} of brass"}
        for number in range(products)
        for store in ("steady", "sales")
    ]
    return SpellSet(
        spells_of(*rows), pl.DataFrame(names), store_days_of(days, {"steady": {}, "sales": {}}, usual=products)
    )


def _life(store, product, chance, days, price, length):
    start = 0
    while start < days:
        calm = chance.randint(20, 40)
        yield (store, product, start, min(start + calm, days) - 1, USUAL)
        start += calm
        if start < days:
            yield (store, product, start, min(start + length, days) - 1, price)
        start += length


def write_set(found: SpellSet, folder: Path) -> Path:
    """Write the three files of a folder of price spells."""
    folder.mkdir(exist_ok=True)
    for name, frame in zip(("price_spells", "products", "store_days"), found, strict=True):
        frame.write_parquet(folder / f"{name}.parquet")
    return folder

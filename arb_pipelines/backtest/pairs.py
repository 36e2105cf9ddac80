"""The same product in two shops: when a price gap opens between them, and what became of it.

What belongs here: matching by exact name, the gaps and their outcomes, over price spells. A gap says buy in the one
shop, sell at the other's price. Matching by name is exact but for spelling (case, accents, punctuation, order of
words, units); a name that a shop uses twice is left out, because it does not name one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

NEW_GAP = 0.30  # of the lower price; a gap is new on the first day it is this wide
MIN_NAME_CHARS = 8
QUOTE_COLUMNS = ("key", "store", "product_id", "since_on", "until_on", "price_minor")


def name_key(name: pl.Expr) -> pl.Expr:
    """Return a name without its spelling: two names with one key are the same words and numbers."""
    text = name.str.replace_all("&amp;", " ").str.to_lowercase().str.normalize("NFKD")
    text = text.str.replace_all(r"\p{M}", "").str.replace_all("ς", "σ")
    text = text.str.replace_all(r"(\d)[.,](\d)", "${1}_${2}").str.replace_all(r"(\d)\s+(\p{L})", "${1}${2}")
    text = text.str.replace_all(r"[^\p{L}\p{N}_]+", " ")
    text = text.str.replace_all(r"(\d)(?:gr|gram|grams|γρ|γραμ|γραμμ)\b", "${1}g")
    text = text.str.replace_all(r"(\d)(?:lt|lit|ltr|λιτ)\b", "${1}l")
    return text.str.strip_chars().str.split(" ").list.sort().list.join(" ")


def find_quotes(products: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return the believed prices (QUOTE_COLUMNS) of products whose name stands in two shops or more.

    Args:
        products: store, product_id, name.
        judged: spells as `transforms.price_glitches.judge_spells` gives them.
    """
    named = products.select("store", "product_id", key=name_key(pl.col("name"))).drop_nulls()
    named = named.filter(pl.col("key").str.len_chars() >= MIN_NAME_CHARS).unique()
    once = named.filter(pl.len().over("store", "key") == 1, pl.len().over("store", "product_id") == 1)
    shared = once.filter(pl.col("store").n_unique().over("key") > 1)
    believed = judged.filter(pl.col("believed_on").is_not_null())
    quotes = believed.join(shared, on=["store", "product_id"])
    quotes = quotes.rename({"believed_on": "since_on", "last_seen_on": "until_on"})
    return quotes.select(QUOTE_COLUMNS).sort("key", "store", "since_on")


def find_gaps(quotes: pl.DataFrame, store_days: pl.DataFrame, least: float = NEW_GAP) -> pl.DataFrame:
    """Return the new gaps, oldest first: `row`, key, buy_store, sell_store, found_on, ask_minor, sale_minor.

    A gap is new when one of both prices changes and it is at least `least` of the ask, and was not before. Both
    shops must have returned something on that day. `ask_since_on` and `sale_since_on` are when the prices began.
    """
    sides = quotes.select("key", "store").unique()
    ways = sides.join(sides, on="key").filter(pl.col("store") != pl.col("store_right"))
    ways = ways.rename({"store": "buy_store", "store_right": "sell_store"})
    changes = quotes.select("key", "store", found_on="since_on")
    asked = pl.concat(
        ways.join(changes, left_on=["key", side], right_on=["key", "store"]) for side in ("buy_store", "sell_store")
    ).unique()
    asked = price_on(asked, quotes, "buy_store", "found_on", "ask")
    asked = price_on(asked, quotes, "sell_store", "found_on", "sale")
    read = store_days.filter(pl.col("n_rows") > 0).select("store", found_on=pl.col("d").cast(pl.Date))
    for side in ("buy_store", "sell_store"):
        asked = asked.join(read, left_on=[side, "found_on"], right_on=["store", "found_on"], how="semi")
    way = ("key", "buy_store", "sell_store")
    both = asked.drop_nulls(["ask_minor", "sale_minor"]).sort(*way, "found_on")
    gap = pl.col("sale_minor") / pl.col("ask_minor") - 1
    wide = (gap >= least) & ~(gap.shift(1).over(way) >= least).fill_null(value=False)
    return both.filter(wide).sort("found_on", *way).with_row_index("row")


def price_on(asked: pl.DataFrame, quotes: pl.DataFrame, side: str, day: str, name: str) -> pl.DataFrame:
    """Add `<name>_minor` and `<name>_since_on`: the price of shop `side` on `day`; null when it was not on show."""
    found = asked.sort(day).join_asof(
        quotes.select("key", "store", "since_on", "until_on", "price_minor").sort("since_on"),
        left_on=day,
        right_on="since_on",
        by_left=["key", side],
        by_right=["key", "store"],
        strategy="backward",
        check_sortedness=False,
    )
    shown = pl.col("until_on") >= pl.col(day)
    return found.with_columns(
        pl.when(shown).then(pl.col("price_minor")).alias(f"{name}_minor"),
        pl.when(shown).then(pl.col("since_on")).alias(f"{name}_since_on"),
    ).drop("since_on", "until_on", "price_minor")


def with_outcomes(gaps: pl.DataFrame, quotes: pl.DataFrame, horizons: Sequence[int]) -> pl.DataFrame:
    """Add `sale_minor_<days>`: what the selling shop asks so many days later; null when it is not on show then."""
    for days in horizons:
        gaps = gaps.with_columns(sold_on=pl.col("found_on") + timedelta(days=days))
        gaps = price_on(gaps, quotes, "sell_store", "sold_on", f"_{days}")
        gaps = gaps.rename({f"_{days}_minor": f"sale_minor_{days}"}).drop("sold_on", f"_{days}_since_on")
    return gaps.sort("row")

"""Offers in, certain matches to known products and new products out.

What belongs here: the frame schemas of products and matches, and the matching rules. What an identifier or a pack
quantity is, one value at a time, is `domain/product.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

import polars as pl

from arb_pipelines.domain import product
from arb_pipelines.domain.condition import parse_condition
from arb_pipelines.transforms.product_identity import map_values, with_identity

PRODUCT_SCHEMA: dict[str, pl.DataType] = {
    "product_id": pl.String(),
    "gtin": pl.String(),
    "brand": pl.String(),
    "mpn": pl.String(),
    "title": pl.String(),
    "category": pl.String(),
    "pack_quantity": pl.Int64(),
    "created_at": pl.Datetime("us", "UTC"),
}

MATCH_SCHEMA: dict[str, pl.DataType] = {
    "offer_key": pl.String(),
    "product_id": pl.String(),  # null unless outcome is `same`
    "outcome": pl.String(),  # same | different | unsure
    "method": pl.String(),
    "score": pl.Float64(),
    "matched_at": pl.Datetime("us", "UTC"),
}

FEEDBACK_SCHEMA: dict[str, pl.DataType] = {
    "offer_key": pl.String(),
    "product_id": pl.String(),
    "verdict": pl.String(),  # right | wrong
    "offer_title": pl.String(),
    "product_title": pl.String(),
    "given_by": pl.String(),
    "given_at": pl.Datetime("us", "UTC"),
}

VERDICT_COLUMNS = ("offer_key", "product_id", "outcome", "method", "score")

# The rules in order: identity column, method, and a confidence for people to sort by (the trade asks the outcome).
_RULES = (("gtin14", "gtin", 1.0), ("maker", "brand_mpn", 0.98), ("title_key", "title", 0.9))
NO_IDENTITY = "no_identity"
QUANTITY_UNCLEAR = "quantity_unclear"
REJECTED = "rejected"


class Matched(NamedTuple):
    """One row per offer (MATCH_SCHEMA) and the products that were not known before (PRODUCT_SCHEMA)."""

    matches: pl.DataFrame
    new_products: pl.DataFrame


class Judge(Protocol):
    """Compares by wording what has no identifiers (`ml/matching.py`)."""

    def __call__(self, offers: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
        """Return VERDICT_COLUMNS for some of the offers (POINT_SCHEMA with `quantity`); the others stay unsure."""


def match_offers(
    offers: pl.DataFrame,
    known: pl.DataFrame,
    now: datetime,
    *,
    feedback: pl.DataFrame | None = None,
    judge: Judge | None = None,
) -> Matched:
    """Match offers to known products and make products of offers that carry a sure identity.

    Rules in order, each gated by equal pack quantity: same valid GTIN; same brand and part number; same words in the
    title and same brand; of several that fit, the one with a GTIN. A contradiction (same GTIN but other quantity, or
    other brand and part number; other medium, edition or region; several products fit) is `unsure` and never the
    seed of a product. What no rule knows is left to `judge`; a match that a person called wrong is never made again.

    Args:
        offers: observations (POINT_SCHEMA); of several for an offer the newest counts.
        known: all known products (PRODUCT_SCHEMA).
        now: the time to stamp on matches and products, aware UTC.
        feedback: people's verdicts (FEEDBACK_SCHEMA).
        judge: compares the rest by wording; without one it stays unsure.
    """
    newest = offers.sort("observed_at", "scrape_id").unique("offer_key", keep="last").sort("observed_at", "offer_key")
    identified = with_identity(newest)
    first = _match_known(identified, with_identity(known))
    fresh = identified.join(first.filter(pl.col("method") == NO_IDENTITY), on="offer_key", how="semi")
    created = _new_products(fresh, now)
    second = _match_known(fresh, with_identity(created))
    ruled = pl.concat([first.join(fresh, on="offer_key", how="anti"), second])
    judged = _judge_rest(ruled, fresh, pl.concat([known.select(*PRODUCT_SCHEMA), created]), judge)
    matches = _heed_feedback(judged, feedback).with_columns(matched_at=pl.lit(now))
    columns = [pl.col(name).cast(dtype) for name, dtype in MATCH_SCHEMA.items()]
    return Matched(matches.select(columns).sort("offer_key"), created)


def attach_products(points: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """Return the observations of certainly matched offers, with their `product_id`."""
    certain = matches.filter(pl.col("outcome") == "same").select("offer_key", "product_id")
    return points.join(certain, on="offer_key", how="inner")


def identify_sales(sales: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return sold prices with `product_id` and our condition words, ready for the price model.

    A sale is a product's by its GTIN, at the pack quantity of the product (1 where the product is not known yet: its
    id follows from the GTIN). Sales that cannot be told are left out; a condition we have no word for is null.
    """
    by_gtin = known.filter(pl.col("gtin").is_not_null()).unique("gtin", keep="none")
    rows = sales.with_columns(
        gtin14=map_values(sales["gtin"], product.normal_gtin, pl.String()),
        quantity=map_values(sales["title"], product.pack_quantity, pl.Int64()),
        condition=map_values(sales["condition"], parse_condition, pl.String()),
    ).join(by_gtin.select("product_id", "pack_quantity", gtin14="gtin"), on="gtin14", how="left")
    derived = map_values(rows["gtin14"], lambda gtin: product.product_id(product.gtin_key(gtin)), pl.String())
    return (
        rows.with_columns(product_id=pl.coalesce("product_id", derived))
        .filter(pl.col("product_id").is_not_null(), pl.col("quantity") == pl.col("pack_quantity").fill_null(1))
        .drop("gtin14", "quantity", "pack_quantity")
    )


def _match_known(offers: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return (offer_key, product_id, outcome, method, score) for every offer; NO_IDENTITY where nothing is known."""
    unclear = offers.filter(pl.col("quantity").is_null())
    found = [_unsure(unclear, QUANTITY_UNCLEAR)]
    left = offers.join(unclear, on="offer_key", how="anti")
    for key, method, score in _RULES:
        verdicts = _apply_rule(left, known, key, method, score)
        found.append(verdicts)
        left = left.join(verdicts, on="offer_key", how="anti")
    return pl.concat([*found, _unsure(left, NO_IDENTITY)])


def _judge_rest(ruled: pl.DataFrame, fresh: pl.DataFrame, products: pl.DataFrame, judge: Judge | None) -> pl.DataFrame:
    rest = fresh.join(ruled.filter(pl.col("method") == NO_IDENTITY), on="offer_key", how="semi")
    if judge is None or rest.is_empty() or products.is_empty():
        return ruled
    verdicts = judge(rest, products).select(VERDICT_COLUMNS)
    return pl.concat([ruled.join(verdicts, on="offer_key", how="anti"), verdicts])


def _heed_feedback(matches: pl.DataFrame, feedback: pl.DataFrame | None) -> pl.DataFrame:
    """Take offers off products that a person said they are not."""
    if feedback is None or feedback.is_empty():
        return matches
    wrong = feedback.filter(pl.col("verdict") == "wrong").select("offer_key", "product_id")
    refused = matches.join(wrong, on=["offer_key", "product_id"], how="semi")
    return pl.concat([matches.join(refused, on="offer_key", how="anti"), _unsure(refused, REJECTED)])


def _apply_rule(offers: pl.DataFrame, known: pl.DataFrame, key: str, method: str, score: float) -> pl.DataFrame:
    """Return the verdicts of one rule; offers about which it says nothing are left out."""
    # An offer with a GTIN is that GTIN's product or none: so a product first seen without one is taken over by the
    # product with it, whose sold prices can be found.
    keyed = offers.filter(pl.col(key).is_not_null() & ((key == "gtin14") | pl.col("gtin14").is_null()))
    pairs = keyed.join(known, on=key, how="inner", suffix="_known", coalesce=False)
    same = (pl.col("quantity") == pl.col("quantity_known")) & ~pl.any_horizontal(
        _contradict(part) for part in ("medium", "edition", "region")
    )
    if key == "gtin14":
        same = same & ~(_contradict("brand_norm") & _contradict("mpn_norm"))
    if key == "title_key":
        same = same & ~_contradict("mpn_norm")
    sure = same & pl.col("gtin14_known").is_not_null()
    fits = (
        pairs.with_columns(same=same, sure=sure)
        .with_columns(chosen=pl.when(pl.col("sure").any().over("offer_key")).then("sure").otherwise("same"))
        .group_by("offer_key")
        .agg(fit=pl.col("chosen").sum(), product_id=pl.col("product_id").filter("chosen").first())
        .with_columns(same=pl.col("fit") > 0)
    )
    # Another quantity or GTIN of the same part number is another product; of the same GTIN it is a contradiction.
    spoken = fits if key == "gtin14" else fits.filter("same")
    certain = pl.col("fit") == 1
    return spoken.select(
        "offer_key",
        product_id=pl.when(certain).then(pl.col("product_id")),
        outcome=pl.when(certain).then(pl.lit("same")).otherwise(pl.lit("unsure")),
        method=pl.when(certain).then(pl.lit(method)).otherwise(pl.lit(f"{method}_conflict")),
        score=pl.when(certain).then(pl.lit(score)).otherwise(pl.lit(0.5)),
    )


def _contradict(column: str) -> pl.Expr:
    """Return whether both sides state a value and the values differ."""
    return (pl.col(column) != pl.col(f"{column}_known")).fill_null(value=False)


def _unsure(offers: pl.DataFrame, method: str) -> pl.DataFrame:
    return offers.select(
        "offer_key",
        product_id=pl.lit(None, dtype=pl.String),
        outcome=pl.lit("unsure"),
        method=pl.lit(method),
        score=pl.lit(0.0),
    )


def _new_products(offers: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return one product per new GTIN, then one per new brand, part number and quantity. The oldest offer names it."""
    clear = offers.filter(pl.col("quantity").is_not_null())
    by_gtin = _seed(clear.filter(pl.col("gtin14").is_not_null()), ["gtin14"])
    without = clear.filter(pl.col("gtin14").is_null(), pl.col("maker").is_not_null())
    by_maker = _seed(without.join(by_gtin, on=["maker", "quantity"], how="anti"), ["maker", "quantity"])
    seeds = pl.concat([by_gtin, by_maker]).with_columns(
        gtin=pl.col("gtin14"), pack_quantity=pl.col("quantity"), created_at=pl.lit(now)
    )
    keys = [
        product.gtin_key(gtin) if gtin else product.maker_key(brand, mpn, quantity)
        for gtin, brand, mpn, quantity in seeds.select("gtin14", "brand_norm", "mpn_norm", "quantity").iter_rows()
    ]
    named = seeds.with_columns(product_id=pl.Series([product.product_id(key) for key in keys], dtype=pl.String))
    return named.select(pl.col(name).cast(dtype) for name, dtype in PRODUCT_SCHEMA.items()).sort("product_id")


def _seed(offers: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return the first offer of each key among those with the key's commonest quantity (the smaller of equals).

    The category is the first that any offer of the key names: half of the pages name none.
    """
    counted = offers.with_columns(
        votes=pl.len().over([*dict.fromkeys([*keys, "quantity"])]),
        category=pl.col("category").sort_by("observed_at").drop_nulls().first().over(keys),
    )
    ordered = counted.sort("votes", "quantity", "observed_at", "offer_key", descending=[True, False, False, False])
    return ordered.unique(keys, keep="first", maintain_order=True).drop("votes")

"""Same, different or unsure, where no identifier says so: offers against all known products by their wording.

What belongs here: the `TitleMatcher` (a judge for `transforms/product_matching.match_offers`) and what it remembers
from pass to pass. Probabilities are `ml/matching_scorer.py`, finding candidates is `ml/matching_index.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from arb_pipelines.domain.product import normal_brand, normal_gtin, normal_mpn
from arb_pipelines.domain.product_title import refuse_title, scripts_of
from arb_pipelines.domain.product_variant import read_variant, variants_contradict
from arb_pipelines.ml.matching_index import TitleIndex
from arb_pipelines.ml.matching_scorer import PairScorer, agreement
from arb_pipelines.transforms.product_matching import VERDICT_COLUMNS

METHOD = "wording"
WAITING = "not_compared_yet"
CANDIDATES = 5
RIVAL_CHANCE = 0.2  # a second product this likely makes the first one doubtful
TITLES_A_PASS = 600  # about 5 CPU seconds; the rest waits for the next pass and is unsure until then
GROWTH = 1.2  # a verdict other than `same` is taken again once the products have grown by this much
MEMORY_FILE, IDS_FILE = "verdicts.parquet", "product_ids.parquet"
MEMORY_SCHEMA = {
    "text_key": pl.String(),
    "product_id": pl.String(),
    "outcome": pl.String(),
    "score": pl.Float64(),
    "known": pl.Int64(),
    "taught_by": pl.String(),
}

VERDICT_ON_TEXT = ("text_key", "product_id", "outcome", "score")


@dataclass(slots=True)
class KnownTitles:
    """The index over products and their ids by position. Products are added; none is ever taken out."""

    index: TitleIndex = field(default_factory=TitleIndex)
    product_ids: list[str] = field(default_factory=list)

    def add_new(self, products: pl.DataFrame) -> int:
        """Index the products that are not in it yet; return how many."""
        new = products.filter(~pl.col("product_id").is_in(self.product_ids))
        self.index.add([_index_text(*row) for row in new.select("title", "brand", "mpn").iter_rows()])
        self.product_ids += new["product_id"].to_list()
        return new.height

    def save(self, folder: Path) -> None:
        """Write index and ids."""
        self.index.save(folder)
        pl.DataFrame({"product_id": self.product_ids}, schema={"product_id": pl.String}).write_parquet(
            folder / IDS_FILE
        )

    @classmethod
    def load(cls, folder: Path) -> KnownTitles:
        """Read what `save` wrote; an empty one where nothing or something else is there."""
        try:
            index = TitleIndex.load(folder)
            ids = pl.read_parquet(folder / IDS_FILE)["product_id"].to_list()
        except (OSError, ValueError, KeyError):
            return cls()
        return cls(index, ids) if index.size == len(ids) else cls()


@dataclass(slots=True)
class TitleMatcher:
    """Judges offers by wording. `folder` keeps the index and earlier verdicts, so a pass pays for new titles only."""

    scorer: PairScorer
    folder: Path

    def __call__(self, offers: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
        """Return (offer_key, product_id, outcome, method, score) of the offers.

        Args:
            offers: offer_key, title, brand, gtin, mpn and `quantity` (null where unclear).
            products: all known products (PRODUCT_SCHEMA).
        """
        titles = KnownTitles.load(self.folder)
        if titles.add_new(products):
            titles.save(self.folder)
        keyed = offers.with_columns(text_key=_text_keys(offers))
        memory = self._recall(titles.index.size)
        fresh = keyed.unique("text_key", keep="first", maintain_order=True).join(memory, on="text_key", how="anti")
        judged = self._judge(fresh.head(TITLES_A_PASS), products, titles)
        memory = pl.concat([memory, judged.select(*MEMORY_SCHEMA)])
        memory.write_parquet(self.folder / MEMORY_FILE)
        return _spread(keyed, memory, products)

    def _recall(self, known: int) -> pl.DataFrame:
        """Return the verdicts of earlier passes that still count."""
        try:
            memory = pl.read_parquet(self.folder / MEMORY_FILE)
        except (OSError, pl.exceptions.PolarsError):
            return pl.DataFrame(schema=MEMORY_SCHEMA)
        taught = pl.col("taught_by") == self.scorer.taught_by
        return memory.filter(taught & ((pl.col("outcome") == "same") | (pl.col("known") * GROWTH >= known)))

    def _judge(self, offers: pl.DataFrame, products: pl.DataFrame, titles: KnownTitles) -> pl.DataFrame:
        pairs = _candidate_pairs(offers, products, titles)
        if pairs.is_empty():
            verdicts = pl.DataFrame(schema={name: MEMORY_SCHEMA[name] for name in VERDICT_ON_TEXT})
        else:
            chance, table = self.scorer.score(pairs)
            verdicts = self._decide(
                pairs.with_columns(chance=pl.Series(chance), agree=pl.Series(agreement(table) & _permitted(pairs)))
            )
        every = offers.select("text_key").join(verdicts, on="text_key", how="left")
        # A title that resembles nothing known is another product than all of them.
        return every.with_columns(
            pl.col("outcome").fill_null("different"),
            pl.col("score").fill_null(0.0),
            known=pl.lit(titles.index.size, pl.Int64),
            taught_by=pl.lit(self.scorer.taught_by),
        ).select(*MEMORY_SCHEMA)

    def _decide(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return one verdict a text: same only for one agreed, likely product without a likely rival."""
        ranked = pairs.sort("chance", "right_id", descending=[True, False])
        best = ranked.group_by("text_key", maintain_order=True).agg(
            product_id=pl.col("right_id").first(),
            score=pl.col("chance").first(),
            agree=pl.col("agree").first(),
            rival=pl.col("chance").get(1, null_on_oob=True).fill_null(0.0),
        )
        sure = pl.col("agree") & (pl.col("score") >= self.scorer.same_from) & (pl.col("rival") < RIVAL_CHANCE)
        outcome = (
            pl.when(sure)
            .then(pl.lit("same"))
            .when(pl.col("score") < self.scorer.different_below)
            .then(pl.lit("different"))
            .otherwise(pl.lit("unsure"))
        )
        chosen = pl.when(sure).then(pl.col("product_id"))
        return best.with_columns(product_id=chosen, outcome=outcome).select(VERDICT_ON_TEXT)


def _candidate_pairs(offers: pl.DataFrame, products: pl.DataFrame, titles: KnownTitles) -> pl.DataFrame:
    texts = [_index_text(*row) for row in offers.select("title", "brand", "mpn").iter_rows()]
    found = titles.index.query(texts, CANDIDATES)
    ids = np.array(titles.product_ids, dtype=object)[found.position] if found.position.size else []
    picked = pl.DataFrame({"query": found.query, "right_id": ids}, schema={"query": pl.Int64, "right_id": pl.String})
    left = offers.with_row_index("query").select(
        pl.col("query").cast(pl.Int64),
        "text_key",
        *(pl.col(name).alias(f"left_{name}") for name in ("title", "brand", "mpn", "gtin", "quantity")),
    )
    right = products.select(
        right_id="product_id",
        right_title="title",
        right_brand="brand",
        right_mpn="mpn",
        right_gtin="gtin",
        right_quantity="pack_quantity",
    )
    joined = picked.join(left, on="query", maintain_order="left")
    return joined.join(right, on="right_id", maintain_order="left")


def _permitted(pairs: pl.DataFrame) -> np.ndarray:
    """Return which pairs nothing stated forbids: quantity, GTIN, brand, part number, variant, a readable title."""
    columns = [f"{side}_{name}" for name in ("title", "brand", "mpn", "gtin", "quantity") for side in ("left", "right")]
    return np.array([_may_be_same(*row) for row in pairs.select(columns).iter_rows()], dtype=bool)


def _may_be_same(
    title: str | None,
    other_title: str | None,
    brand: str | None,
    other_brand: str | None,
    mpn: str | None,
    other_mpn: str | None,
    gtin: str | None,
    other_gtin: str | None,
    quantity: int | None,
    other_quantity: int | None,
) -> bool:
    if quantity is None or quantity != other_quantity:
        return False
    if refuse_title(title) or refuse_title(other_title) or len(scripts_of(title or "")) > 1:
        return False
    stated = (
        (normal_gtin(gtin), normal_gtin(other_gtin)),
        (normal_mpn(mpn), normal_mpn(other_mpn)),
        (normal_brand(brand), normal_brand(other_brand)),
    )
    if any(one and two and one != two for one, two in stated):
        return False
    return not variants_contradict(read_variant(title), read_variant(other_title))


def _spread(offers: pl.DataFrame, memory: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return every offer with the verdict on its text; a product that is gone makes it unsure."""
    joined = offers.select("offer_key", "text_key").join(memory, on="text_key", how="left")
    is_known = pl.col("product_id").is_in(products["product_id"].to_list())
    same = (pl.col("outcome") == "same") & is_known
    return joined.select(
        "offer_key",
        product_id=pl.when(same).then("product_id"),
        outcome=pl.when(same | (pl.col("outcome") == "different")).then("outcome").otherwise(pl.lit("unsure")),
        method=pl.when(pl.col("outcome").is_null()).then(pl.lit(WAITING)).otherwise(pl.lit(METHOD)),
        score=pl.col("score").fill_null(0.0),
    ).select(VERDICT_COLUMNS)


def _text_keys(offers: pl.DataFrame) -> pl.Series:
    """Return a digest of all that a verdict depends on."""
    rows = offers.select("title", "brand", "gtin", "mpn", "quantity").iter_rows()
    return pl.Series([hashlib.sha256(repr(row).encode()).hexdigest()[:24] for row in rows], dtype=pl.String)


def _index_text(title: str | None, brand: str | None, mpn: str | None) -> str:
    return " ".join(text for text in (brand, mpn, title) if text)

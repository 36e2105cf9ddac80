"""The identity columns of a frame of titles and identifiers.

What belongs here: applying the one-value rules of `domain/product.py` to whole columns, each distinct value once.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from arb_pipelines.domain import product
from arb_pipelines.domain.product_ids import is_miswritten
from arb_pipelines.domain.product_title import refuse_title
from arb_pipelines.domain.product_variant import read_variant

VARIANT = pl.Struct({"medium": pl.String(), "edition": pl.String(), "region": pl.String()})
MIN_TITLE_WORDS = 4  # "Chef Knife" of one brand is many products


def with_identity(frame: pl.DataFrame) -> pl.DataFrame:
    """Add gtin14, brand_norm, mpn_norm, maker, title_key, quantity and variant to title, gtin, brand and mpn.

    `maker` is brand and part number together, `title_key` brand and the words of the title; both are null without
    a known brand, because a part number or words alone prove nothing. `quantity` is taken from `pack_quantity`
    where the frame has it, else read off the title (null: the title contradicts itself or cannot be relied on, or
    the GTIN has a wrong check digit). `medium`, `edition` and `region` are what the title states.
    """
    stated = "pack_quantity" in frame.columns
    rows = frame.with_columns(
        gtin14=map_values(frame["gtin"], product.normal_gtin, pl.String()),
        brand_norm=map_values(frame["brand"], product.normal_brand, pl.String()),
        mpn_norm=map_values(frame["mpn"], product.normal_mpn, pl.String()),
        words=map_values(frame["title"], _words, pl.String()),
        quantity=pl.col("pack_quantity") if stated else _sure_quantity(frame),
        variant=map_values(frame["title"], _variant, VARIANT),
    ).unnest("variant")
    return rows.with_columns(
        maker=pl.concat_str("brand_norm", "mpn_norm", separator="|"),
        title_key=pl.concat_str("brand_norm", "words", separator="|"),
    )


def map_values(column: pl.Series, rule: Callable[[str], object], dtype: pl.DataType) -> pl.Series:
    """Apply a rule to the distinct values of a text column; what the rule answers None to is null."""
    values = column.drop_nulls().unique()
    answers = pl.DataFrame({"value": values}).with_columns(
        answer=pl.Series([rule(value) for value in values.to_list()], dtype=dtype)
    )
    asked = pl.DataFrame({"value": column})
    return asked.join(answers, on="value", how="left", maintain_order="left")["answer"].rename(column.name)


def _sure_quantity(frame: pl.DataFrame) -> pl.Series:
    stated = map_values(frame["title"], _quantity, pl.Int64())
    mixed_up = map_values(frame["gtin"], is_miswritten, pl.Boolean()).fill_null(value=False)
    return pl.select(pl.when(~mixed_up).then(stated)).to_series()


def _quantity(title: str) -> int | None:
    return None if refuse_title(title) else product.pack_quantity(title)


def _variant(title: str) -> dict[str, str | None]:
    found = read_variant(title)
    return {"medium": found.medium, "edition": found.edition, "region": found.region}


def _words(title: str) -> str | None:
    words = product.title_tokens(title)
    return " ".join(words) if len(words) >= MIN_TITLE_WORDS else None

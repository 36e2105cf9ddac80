"""Words of titles, and names such as brand or product, as one sparse hashed matrix.

What belongs here: text in, matrix out. Each distinct word is hashed once, so a million titles take seconds; a new
word at prediction time falls into some column and does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

WORD_PATTERN = r"[\p{L}\p{N}]+"


def word_matrix(rows: pl.DataFrame, text: str | None, names: Sequence[str], bits: int) -> Any:
    """Return a CSR matrix of shape (rows, 2**bits), float32.

    A row holds the words and word pairs of its text, scaled so that they have length 1 together, and 1 for each
    name column. The hash is MurmurHash3, the same on every machine.
    """
    from scipy.sparse import csr_matrix

    indexed = rows.select([*names, *([] if text is None else [text])]).with_row_index("row")
    parts = [
        indexed.select("row", token=pl.lit(f"{name}=") + pl.col(name).cast(pl.String), weight=pl.lit(1.0)).drop_nulls()
        for name in names
    ]
    if text is not None:
        parts.append(_words(indexed, text))
    tokens = pl.concat([part.with_columns(pl.col("row").cast(pl.UInt32)) for part in parts]) if parts else None
    if tokens is None or tokens.is_empty():
        return csr_matrix((rows.height, 2**bits), dtype=np.float32)
    joined = tokens.join(_hashed(tokens["token"], bits), on="token", how="left").with_columns(
        value=pl.col("weight") * pl.col("sign")
    )
    entries = (joined["value"].cast(pl.Float32).to_numpy(), (joined["row"].to_numpy(), joined["column"].to_numpy()))
    return csr_matrix(entries, shape=(rows.height, 2**bits))


def _words(indexed: pl.DataFrame, text: str) -> pl.DataFrame:
    single = (
        indexed.select("row", token=pl.col(text).str.to_lowercase().str.extract_all(WORD_PATTERN))
        .explode("token")
        .drop_nulls()
    )
    following = pl.col("token").shift(-1).over("row", order_by=None)
    pairs = single.select("row", token=pl.col("token") + pl.lit(" ") + following).drop_nulls()
    both = pl.concat([single, pairs])
    return both.with_columns(weight=1 / pl.len().over("row").cast(pl.Float64).sqrt())


def _hashed(tokens: pl.Series, bits: int) -> pl.DataFrame:
    """Return (token, column, sign) of each distinct token; the sign lets collisions cancel."""
    from sklearn.utils import murmurhash3_32

    distinct = tokens.unique().to_list()
    hashes = np.array([murmurhash3_32(token, seed=0) for token in distinct], dtype=np.int64)
    return pl.DataFrame(
        {
            "token": distinct,
            "column": np.abs(hashes) % 2**bits,
            "sign": np.where(hashes >= 0, 1.0, -1.0),
        }
    )

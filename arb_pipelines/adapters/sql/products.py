"""Known products, which offers are the same thing, and what people said about that.

What belongs here: the products repository. Matching itself is `transforms/product_matching.py`.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Engine, Table, func, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import as_frame, insert_frame, read_frame, stored_columns
from arb_pipelines.adapters.sql.match_tables import match_feedback
from arb_pipelines.adapters.sql.tables import offer_matches, products
from arb_pipelines.domain.market_stores import ArrowFrame
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA, MATCH_SCHEMA, PRODUCT_SCHEMA

FEEDBACK_KEY = ["offer_key", "product_id"]
REJECTED = {"product_id": None, "outcome": "unsure", "method": "rejected", "score": 0.0}


class SqlProducts:
    """Fulfils `domain.stores.Products`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def load(self) -> pl.DataFrame:
        """Return all products (columns as `transforms.product_matching.PRODUCT_SCHEMA`)."""
        return self._load(products, PRODUCT_SCHEMA)

    def insert(self, products_frame: ArrowFrame) -> int:
        """Insert new products; return how many were new."""
        frame = as_frame(products_frame, PRODUCT_SCHEMA).unique("product_id").sort("product_id")
        with money_transaction(self._engine) as connection:
            return insert_frame(connection, products, frame)

    def store_matches(self, matches: ArrowFrame) -> int:
        """Upsert offer matches (columns as `transforms.product_matching.MATCH_SCHEMA`); return how many.

        Raises:
            sqlalchemy.exc.IntegrityError: a match names a product that is not stored, or `same` names none.
        """
        frame = as_frame(matches, MATCH_SCHEMA).unique("offer_key", keep="last", maintain_order=True)
        with money_transaction(self._engine) as connection:
            return insert_frame(connection, offer_matches, frame.sort("offer_key"), _replace)

    def count_outcomes(self) -> dict[str, int]:
        """Return how many offers are matched with each outcome (same, different, unsure)."""
        query = select(offer_matches.c.outcome, func.count().label("matched")).group_by(offer_matches.c.outcome)
        with self._engine.connect() as connection:
            return {row.outcome: row.matched for row in connection.execute(query)}

    def load_matches(self) -> pl.DataFrame:
        """Return all offer matches."""
        return self._load(offer_matches, MATCH_SCHEMA)

    def store_feedback(self, feedback: ArrowFrame) -> int:
        """Upsert people's verdicts (columns as `transforms.product_matching.FEEDBACK_SCHEMA`); return how many.

        An offer that a verdict calls wrong is taken off its product in the same transaction, so that nothing
        buys on the match before the next matching.

        Raises:
            sqlalchemy.exc.IntegrityError: a verdict that is neither `right` nor `wrong`.
        """
        frame = as_frame(feedback, FEEDBACK_SCHEMA).unique(FEEDBACK_KEY, keep="last", maintain_order=True)
        wrong = frame.filter(pl.col("verdict") == "wrong").select(FEEDBACK_KEY).rows()
        with money_transaction(self._engine) as connection:
            stored = insert_frame(connection, match_feedback, frame.sort(FEEDBACK_KEY), _replace_feedback)
            for offer_key, product_id in wrong:
                taken = (offer_matches.c.offer_key == offer_key) & (offer_matches.c.product_id == product_id)
                connection.execute(update(offer_matches).where(taken).values(REJECTED))
        return stored

    def load_feedback(self) -> pl.DataFrame:
        """Return all verdicts of people."""
        return self._load(match_feedback, FEEDBACK_SCHEMA)

    def count_feedback(self) -> int:
        """Return how many verdicts of people there are."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(match_feedback)).scalar_one()

    def _load(self, table: Table, schema: dict[str, pl.DataType]) -> pl.DataFrame:
        with self._engine.connect() as connection:
            columns = stored_columns(connection, [table.c[name] for name in schema])
            return read_frame(connection, select(*columns).order_by(*table.primary_key.columns), schema)


def _replace(insert: Any) -> Any:
    changed = {name: insert.excluded[name] for name in MATCH_SCHEMA if name != "offer_key"}
    return insert.on_conflict_do_update(index_elements=["offer_key"], set_=changed)


def _replace_feedback(insert: Any) -> Any:
    changed = {name: insert.excluded[name] for name in FEEDBACK_SCHEMA if name not in FEEDBACK_KEY}
    return insert.on_conflict_do_update(index_elements=FEEDBACK_KEY, set_=changed)

"""The first run of each repricing rule at each outlet, and what it suggested.

What belongs here: the repository of suggestions. Changes that were made are logged by `listings.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, insert, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.selling_tables import price_suggestions, reprice_rules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.repricing import PriceChange


class SqlPriceSuggestions:
    """Fulfils `domain.sale_stores.PriceSuggestions`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def has_run(self, outlet: str, rule: str) -> bool:
        """Return whether the rule has made its first run."""
        made = select(reprice_rules.c.rule).where(reprice_rules.c.outlet == outlet, reprice_rules.c.rule == rule)
        with self._engine.connect() as connection:
            return connection.scalar(made) is not None

    def store_first(self, outlet: str, rule: str, changes: Sequence[PriceChange], at: datetime) -> bool:
        """Keep the suggestions of the first run; False if another run was first."""
        key = {"outlet": outlet, "rule": rule}
        with money_transaction(self._engine) as connection:
            first = insert_into(connection, reprice_rules).values(**key, first_run_at=at).on_conflict_do_nothing()
            if connection.execute(first).rowcount != 1:
                return False
            for change in changes:
                amounts = {"old_minor": change.old.minor, "new_minor": change.new.minor}
                words = {"sku": change.sku, "currency": change.new.currency, "reason": change.reason}
                connection.execute(insert(price_suggestions).values(**key, **amounts, **words))
        return True

    def load(self, outlet: str, rule: str) -> list[PriceChange]:
        """Return what the first run suggested, by SKU."""
        mine = (price_suggestions.c.outlet == outlet) & (price_suggestions.c.rule == rule)
        query = select(price_suggestions).where(mine).order_by(price_suggestions.c.sku)
        with self._engine.connect() as connection:
            return [
                PriceChange(row.sku, Money(row.old_minor, row.currency), Money(row.new_minor, row.currency), row.reason)
                for row in connection.execute(query)
            ]

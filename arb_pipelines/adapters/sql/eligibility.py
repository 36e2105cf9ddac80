"""What outlets let us sell.

What belongs here: the eligibility repository. The rule is `domain/eligibility.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Engine, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.risk_tables import product_eligibility
from arb_pipelines.domain.eligibility import Eligibility, Permission

KEY = ("product_id", "condition", "outlet")


class SqlEligibility:
    """Fulfils `domain.stores.EligibilityAnswers`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def put(self, answers: Sequence[Eligibility]) -> None:
        """Keep an outlet's answers; a newer one replaces an older one of the same product, condition and outlet."""
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, product_eligibility)
            changed = {name: insert.excluded[name] for name in ("permission", "checked_at")}
            newer = insert.excluded.checked_at > product_eligibility.c.checked_at
            insert = insert.on_conflict_do_update(index_elements=KEY, set_=changed, where=newer)
            for answer in sorted(answers, key=lambda one: (one.product_id, one.condition, one.outlet)):
                connection.execute(insert, asdict(answer) | {"permission": answer.permission.value})

    def load(self) -> dict[tuple[str, str, str], Eligibility]:
        """Return the latest answers by (product_id, condition, outlet)."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(product_eligibility)).mappings()
            found = [Eligibility(**{**row, "permission": Permission(row["permission"])}) for row in rows]
        return {(one.product_id, one.condition, one.outlet): one for one in found}

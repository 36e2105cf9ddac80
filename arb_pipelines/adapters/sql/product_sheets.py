"""What we say of products to buyers.

What belongs here: the repository of product sheets.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, select

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.selling_tables import product_sheets
from arb_pipelines.domain.product_sheet import ProductSheet


class SqlProductSheets:
    """Fulfils `domain.sale_stores.ProductSheets`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def put(self, sheet: ProductSheet, by: str, at: datetime) -> None:
        """Keep a sheet; a newer one replaces an older one.

        Raises:
            sqlalchemy.exc.IntegrityError: the product is not in the books.
        """
        said = {"title": sheet.title, "description": sheet.description, "photos": list(sheet.photos)}
        values = {"product_id": sheet.product_id, **said, "changed_by": by, "changed_at": at}
        with money_transaction(self._engine) as connection:
            kept = insert_into(connection, product_sheets).values(**values)
            changed = {name: kept.excluded[name] for name in values if name != "product_id"}
            connection.execute(kept.on_conflict_do_update(index_elements=["product_id"], set_=changed))

    def load(self) -> dict[str, ProductSheet]:
        """Return the sheets by product_id."""
        columns = (product_sheets.c[name] for name in ("product_id", "title", "description", "photos"))
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns)).all()
        return {
            row.product_id: ProductSheet(row.product_id, row.title, row.description, (*row.photos,)) for row in rows
        }

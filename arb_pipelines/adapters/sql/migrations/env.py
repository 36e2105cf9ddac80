"""Alembic's entry point: runs on the connection that `SqlBooks.migrate` hands over, inside its transaction.

What belongs here: the hand-over. `alembic revision --autogenerate` compares with `metadata` the same way.
"""

from __future__ import annotations

from alembic import context

from arb_pipelines.adapters.sql import book_tables, purchase_tables, sale_tables  # noqa: F401 - they fill the metadata
from arb_pipelines.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()

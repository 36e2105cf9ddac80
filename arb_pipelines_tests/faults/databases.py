"""Migrated, empty books on either database, for runs outside pytest.

What belongs here: a folder of SQLite files, a PostgreSQL cluster of our own, and their end.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines_tests.conftest import PostgresCluster, find_server_program

STORES = ("sqlite", "postgres")


class Databases:
    """Makes books; `stores` are the databases that can be had here."""

    def __init__(self, folder: Path, cluster: PostgresCluster | None) -> None:
        """Keep SQLite files in `folder`; without a cluster there is no PostgreSQL."""
        self._folder, self._cluster, self._numbers = folder, cluster, count(1)
        self.stores = STORES if cluster else STORES[:1]

    def migrated(self, store: str) -> str:
        """Return the address of new, migrated books."""
        if store == "sqlite":
            url = f"sqlite:///{self._folder}/books-{next(self._numbers)}.sqlite"
        else:
            assert self._cluster is not None
            url = self._cluster.url(self._cluster.create_database())
        books = open_books(url)
        books.migrate()
        books.close()
        return url


@contextmanager
def open_databases() -> Iterator[Databases]:
    """Provide SQLite always, and PostgreSQL where its server programs are installed; SIGTERM stops it too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = [find_server_program(name) for name in ("initdb", "pg_ctl")]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="arb-faults-")))
        cluster = None
        if programs[0] is not None and programs[1] is not None:
            cluster = PostgresCluster(programs[0], programs[1])
            stack.callback(cluster.stop)
        yield Databases(folder, cluster)

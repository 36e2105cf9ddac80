"""Rows a second into each store, the p95 of the reads that run every few minutes, and Dagster's growth; prints JSON.

What belongs here: figures of the stores. The peer in the same run is the plain way in: one dictionary a row through
SQLAlchemy's executemany, into the same table. PostgreSQL runs as a private cluster that is as durable as its defaults,
with the memory that docs/storage.md advises. 500 offers read 288 times a day are 144,000 price points a day, 50 million
in 347 days. `--restored 0.9` puts the first nine tenths in as a restore does (rows first, indexes after) and inserts
only the last tenth through the product, which is then the rate at full size. `--minutes` bounds the inserts into each
store; `rows` says how far they got. 50 million rows need 15 GB for SQLite (3 GB of memory while its indexes are built)
and 16 GB with 8 GB of log for PostgreSQL. Rates are also told a CPU-second, the servers' included.

    python benchmarks/storage.py --rows 50000000 --restored 0.9 --batch 250000 --stores sqlite --json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

import polars as pl
from sqlalchemy import text
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines.adapters.parquet.raw_scrapes import build
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.tables import offer_matches, price_points, products
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines_tests.conftest import PostgresCluster, find_server_program
from benchmarks.storage_dagster import measure_dagster
from benchmarks.storage_points import FIRST, TICK, Points

OFFERS_A_PRODUCT, MOST_POINTS = 5, 300  # of a product's history, which is sampled
READS, PEER, QUARTER = 30, 10_000, timedelta(days=90)
STORES = ("sqlite", "postgresql", "parquet", "dagster")
# Durable as by default; memory and log as docs/storage.md advises. At 45 million rows pglz, which `on` means, took 63 %
# of the CPU of an insert.
ROOMY = {
    "shared_buffers": "2GB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "lz4",
}


@dataclass
class Clock:
    """Rows, seconds and CPU-seconds of one insert after another."""

    servers: Callable[[], float]
    spans: list[tuple[int, float, float]] = field(default_factory=list)
    restored_rows_s: int | None = None

    def take(self, rows: int, act: Callable[[], Any]) -> None:
        """Time one insert."""
        cpu_s = time.process_time() + self.servers()
        spent_s = seconds(act)
        self.spans.append((rows, spent_s, time.process_time() + self.servers() - cpu_s))

    def figures(self, prefix: str, last: float = 1.0) -> dict[str, float]:
        """Return the rates over the last share of the rows."""
        wanted = sum(rows for rows, _, _ in self.spans) * last
        spans: list[tuple[int, float, float]] = []
        while sum(rows for rows, _, _ in spans) < wanted:
            spans.append(self.spans[-1 - len(spans)])
        rows, spent_s, cpu_s = (sum(column) for column in zip(*spans, strict=True))
        return {f"{prefix}_rows_s": round(rows / spent_s), f"{prefix}_rows_cpu_s": round(rows / cpu_s)}


@contextmanager
def progress(store: str, rows: int) -> Iterator[Callable[[int], Any]]:
    """Show on stderr how far a store is."""
    with tqdm(total=rows, desc=store, unit="row", unit_scale=True, mininterval=5, file=sys.stderr) as bar:
        yield bar.update


def seconds(act: Callable[[], Any]) -> float:
    """Return how long an act takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def p95_ms(act: Callable[[], Any]) -> float:
    """Return the 95th percentile of `READS` calls, in milliseconds."""
    return p95_of([seconds(act) for _ in range(READS)])


def p95_of(spent_s: list[float]) -> float:
    """Return the 95th percentile of times, in milliseconds."""
    return round(quantiles(spent_s, n=20)[-1] * 1_000, 1)


def fill(url: str, points: Points, options: argparse.Namespace, clock: Clock) -> int:
    """Fill new books and return how many readings they have."""
    books, first = open_books(url), options.offers
    books.migrate()
    books.price_history.insert(points.frame(0, first))
    with progress(url.split(":")[0], options.rows) as tell:
        if options.restored:
            engine, first = build_engine(url), int(options.rows * options.restored)
            clock.restored_rows_s = round(first / seconds(lambda: points.restore(engine, first, tell)))
            engine.dispose()
        began = time.monotonic()
        while first < options.rows and time.monotonic() - began < options.minutes * 60:
            batch = points.frame(first, min(options.batch, options.rows - first))
            clock.take(batch.height, lambda batch=batch: books.price_history.insert(batch))
            first += batch.height
            tell(batch.height)
    books.close()
    return first


def measure_books(
    url: str, options: argparse.Namespace, size: Callable[[], int], servers: Callable[[], float]
) -> dict[str, Any]:
    """Fill new books and read them."""
    points, clock = Points(options.rows + PEER + (READS + 1) * options.offers, options.offers), Clock(servers)
    rows = fill(url, points, options, clock)
    figures: dict[str, Any] = {"rows": rows, "bytes_a_row": round(size() / rows)} | clock.figures("insert")
    figures |= clock.figures("insert_last_tenth", 0.1) | {"restored_rows_s": clock.restored_rows_s}
    books = open_books(url)
    history, ticks = books.price_history, Clock(servers)
    rows += -rows % options.offers
    for _ in range(READS):
        tick = points.frame(rows, options.offers)
        ticks.take(options.offers, lambda tick=tick: history.insert(tick))
        rows += options.offers
    figures |= ticks.figures("tick") | {"tick_ms_p95": p95_of([spent_s for _, spent_s, _ in ticks.spans])}
    peer = Clock(servers)
    peer.take(PEER, insert_plainly(url, points.frame(rows, PEER)))
    figures |= peer.figures("peer_insert")
    last: datetime = tick["observed_at"].max()  # type: ignore[assignment]
    some, asked = map(points.offer_key, count()), count()
    match_offers(url, points)
    acts: dict[str, Callable[[], Any]] = {
        "latest_offers": lambda: history.load_latest(last - TICK),
        "offers_with_match": lambda: books.opportunities.load_offers(last - timedelta(hours=1)),
        "history_hour": lambda: history.load_between(last - timedelta(hours=1), last),
        "product_history": lambda: books.pages.load_history(
            f"p{next(asked) % READS}", last - QUARTER, last, MOST_POINTS
        ),
        "offer_history": lambda: history.load_between(last - QUARTER, last, [next(some)]),
        "invariants": books.broken_invariants,
    }
    figures |= {f"{name}_ms_p95": p95_ms(act) for name, act in acts.items()}
    figures["offer_history_rows"] = history.load_between(last - QUARTER, last, [next(some)]).height
    books.close()
    return figures


def match_offers(url: str, points: Points) -> None:
    """Make products of a few offers each, whose sampled history the API and the desk show."""
    matched = {"outcome": "same", "method": "gtin", "matched_at": FIRST}
    made = [{"product_id": f"p{number}", "title": "A kettle", "created_at": FIRST} for number in range(READS)]
    offers = [
        {"offer_key": points.offer_key(number), "product_id": f"p{number % READS}"} | matched
        for number in range(READS * OFFERS_A_PRODUCT)
    ]
    engine = build_engine(url)
    with money_transaction(engine) as connection:
        connection.execute(products.insert(), made)
        connection.execute(offer_matches.insert(), offers)
    engine.dispose()


def insert_plainly(url: str, frame: pl.DataFrame) -> Callable[[], None]:
    """Return the peer: one dictionary a row, of new readings into the same table."""
    described = frame.with_columns(description_id=pl.lit(0))
    dictionaries = described.select([column.name for column in price_points.c]).to_dicts()
    engine = build_engine(url)

    def insert() -> None:
        with money_transaction(engine) as connection:
            connection.execute(insert_into(connection, price_points).on_conflict_do_nothing(), dictionaries)
        engine.dispose()

    return insert


def measure_points(folder: str, options: argparse.Namespace) -> dict[str, float]:
    """Write the same price points into a Parquet file a day, sorted by offer, and read an offer's last 90 days."""
    place, some = Path(folder), count()
    points, clock = Points(options.rows, options.offers), Clock(lambda: 0.0)
    place.mkdir()
    day = options.offers * 288
    rows, began = 0, time.monotonic()
    with progress("parquet", options.rows) as tell:
        while rows < options.rows and time.monotonic() - began < options.minutes * 60:
            part = points.frame(rows, min(day, options.rows - rows)).sort("offer_key", "observed_at")
            write = partial(part.write_parquet, place / f"{rows:012}.parquet", row_group_size=20_000)
            clock.take(part.height, write)
            rows += part.height
            tell(part.height)
    files = sorted(place.iterdir())

    def read() -> pl.DataFrame:
        return pl.scan_parquet(files[-90:]).filter(pl.col("offer_key") == points.offer_key(next(some))).collect()

    figures = {"rows": rows, "bytes_a_row": round(sum(file.stat().st_size for file in files) / rows, 1)}
    figures |= clock.figures("insert") | clock.figures("insert_last_tenth", 0.1)
    return figures | {"offer_history_ms_p95": p95_ms(read), "offer_history_rows": read().height}


def measure_parquet(folder: str, rows: int) -> dict[str, float]:
    """Append batches of 200 records and read them."""
    store = build(folder)
    plain = RawProduct("shop-1", "u", FIRST, "tick", "0" * 64, "A kettle", "19.99", currency="USD")
    records = [RawProduct(plain.site, f"u{n}", FIRST, "tick", plain.content_sha256, "A kettle") for n in range(200)]
    batches = max(1, rows // 200)
    spent = sum(seconds(lambda: store.append(records)) for _ in range(batches))
    figures = {"append_rows_s": round(batches * 200 / spent), "append_batch_ms": round(spent / batches * 1_000, 1)}
    figures["load_all_ms"] = round(seconds(lambda: store.load_since(None)) * 1_000, 1)
    figures["contains_ms_p95"] = p95_ms(lambda: store.contains("absent"))
    store.close()
    return figures


def measure_postgresql(options: argparse.Namespace) -> dict[str, float] | str:
    """Return the figures of a private cluster, or why there are none."""
    programs = [find_server_program(name) for name in ("initdb", "pg_ctl")]
    if None in programs:
        return "PostgreSQL's server programs are not installed"
    cluster = PostgresCluster(str(programs[0]), str(programs[1]), ROOMY)
    try:
        url = cluster.url(cluster.create_database())
        postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])

        def size() -> int:
            engine = build_engine(url)
            with engine.connect() as connection:
                found = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            engine.dispose()
            return int(found)

        return measure_books(url, options, size, lambda: servers_cpu_s(postmaster))
    finally:
        cluster.stop()


def servers_cpu_s(postmaster: int) -> float:
    """Return the CPU-seconds of a server, the processes it has and those that ended."""
    spent = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(words[1]) == postmaster:
            spent += int(words[11]) + int(words[12])
        elif int(stat.parent.name) == postmaster:
            spent += sum(map(int, words[11:15]))
    return spent / os.sysconf("SC_CLK_TCK")


def measure_sqlite(folder: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the figures of a database file, its log counted."""
    url = f"sqlite:///{folder}/books.db"
    return measure_books(url, options, lambda: sum(f.stat().st_size for f in Path(folder).glob("books.db*")), float)


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--rows", type=int, default=200_000, help="price points in each store")
    arguments.add_argument("--offers", type=int, default=500, help="offers they are of, one reading each in 5 minutes")
    arguments.add_argument("--batch", type=int, default=10_000, help="rows an insert")
    arguments.add_argument("--restored", type=float, default=0.0, help="share that is put in as a restore does it")
    arguments.add_argument("--minutes", type=float, default=600, help="stop inserting into a store after so long")
    arguments.add_argument("--stores", default=",".join(STORES), help="which of them, with commas between")
    arguments.add_argument("--folder", type=Path, help="where to make the files, which are removed at the end")
    arguments.add_argument("--runs", type=int, default=8, help="shard runs to measure Dagster's growth with")
    arguments.add_argument("--json", action="store_true", help="one line of JSON instead of an indented one")
    options = arguments.parse_args()
    options.stores = options.stores.split(",")
    if unknown := set(options.stores) - set(STORES):
        arguments.error(f"there is no store {unknown.pop()!r}: choose among {', '.join(STORES)}")
    return options


def main() -> None:
    """Measure every store that can be had and print the figures."""
    options = parsed()
    tempfile.tempdir = str(options.folder) if options.folder else None
    found: dict[str, Any] = {name: getattr(options, name) for name in ("rows", "offers", "batch", "restored")}
    found["cores"] = os.cpu_count()
    with tempfile.TemporaryDirectory() as folder:
        if "sqlite" in options.stores:
            found["sqlite"] = measure_sqlite(folder, options)
        if "parquet" in options.stores:
            found["parquet"] = measure_points(f"{folder}/points", options)
            found["raw_store"] = measure_parquet(f"{folder}/raw", min(options.rows, 20_000))
    if "postgresql" in options.stores:
        found["postgresql"] = measure_postgresql(options)
    if "dagster" in options.stores:
        found["dagster_home"] = measure_dagster(options.runs)
    found["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()

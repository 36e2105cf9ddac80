"""Rows a second into each store, the p95 of the reads that run every few minutes, and Dagster's growth; prints JSON.

What belongs here: figures of the stores. The peer in the same run is the plain way in: one dictionary a row through
SQLAlchemy's executemany, into the same table. PostgreSQL runs as a private cluster with its durable defaults. A year of
500 sites x 1 offer x 288 ticks a day is 52 million price points; `--rows 50000000` takes hours and 40 GB of disk.

    python benchmarks/storage.py --rows 200000
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines.adapters.parquet.raw_scrapes import build
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.tables import price_points
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.transforms.price_history import POINT_SCHEMA
from arb_pipelines_tests.conftest import PostgresCluster, find_server_program

OFFERS, SITES, BATCH, READS = 2_000, 500, 10_000, 30
RUNS_A_DAY = 8 * 288  # shard runs; the other jobs add about 300 small ones
QUARTER = timedelta(days=90)
TICK = timedelta(minutes=5)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def readings(start: int, rows: int) -> pl.DataFrame:
    """Return `rows` observations from the `start`-th on: every offer once a tick of five minutes."""
    frame = pl.DataFrame({"n": range(start, start + rows)}, schema={"n": pl.Int64})
    number, offer = pl.col("n"), pl.col("n") % OFFERS
    texts = {name: pl.lit(None, pl.String) for name in POINT_SCHEMA}
    return frame.select(
        **texts
        | {
            "scrape_id": ((number * 2_654_435_761) % 2**32).cast(pl.String).str.pad_start(64, "0"),
            "offer_key": offer.cast(pl.String).str.pad_start(32, "0"),
            "site": pl.format("shop-{}", offer % SITES),
            "url": pl.format("https://shop-{}.example/products/item-{}.html", offer % SITES, offer),
            "title": pl.format("Plain stainless kettle, 1.7 litres, model {}", offer),
            "price_minor": 1_000 + (number * 7_919) % 9_000,
            "shipping_minor": pl.lit(499),
            "currency": pl.lit("USD"),
            "availability": pl.lit("InStock"),
            "condition": pl.lit("new"),
            "observed_at": pl.lit(FIRST) + TICK * (number // OFFERS),
        }
    ).cast(POINT_SCHEMA)


def seconds(act: Callable[[], Any]) -> float:
    """Return how long an act takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def p95_ms(act: Callable[[], Any]) -> float:
    """Return the 95th percentile of `READS` calls, in milliseconds."""
    return round(quantiles([seconds(act) * 1_000 for _ in range(READS)], n=20)[-1], 1)


def measure_books(url: str, rows: int) -> dict[str, float]:
    """Fill new books and read them."""
    books = open_books(url)
    books.migrate()
    history, spent = books.price_history, 0.0
    for start in range(0, rows, BATCH):
        batch = readings(start, min(BATCH, rows - start))
        spent += seconds(lambda batch=batch: history.insert(batch))
    last: datetime = batch["observed_at"].max()  # type: ignore[assignment]
    some = some_offers()
    figures = {
        "insert_rows_s": round(rows / spent),
        "peer_insert_rows_s": round(measure_peer(url, rows)),
        "latest_offers_ms_p95": p95_ms(lambda: history.load_latest(last - TICK)),
        "offers_with_match_ms_p95": p95_ms(lambda: books.opportunities.load_offers(last - timedelta(hours=1))),
        "history_hour_ms_p95": p95_ms(lambda: history.load_between(last - timedelta(hours=1), last)),
        "offer_history_ms_p95": p95_ms(lambda: history.load_between(last - QUARTER, last, [next(some)])),
        "invariants_ms_p95": p95_ms(books.broken_invariants),
    }
    books.close()
    return figures


def measure_peer(url: str, rows: int) -> float:
    """Return the rows a second of one dictionary a row, of new readings into the same table."""
    frame = readings(rows, BATCH).with_columns(description_id=pl.lit(0))
    dictionaries = frame.select([column.name for column in price_points.c]).to_dicts()
    engine = build_engine(url)

    def insert() -> None:
        with money_transaction(engine) as connection:
            connection.execute(insert_into(connection, price_points).on_conflict_do_nothing(), dictionaries)

    spent = seconds(insert)
    engine.dispose()
    return BATCH / spent


def some_offers() -> Iterator[str]:
    """Yield keys of offers all over the table, so that no read finds its pages warm from the one before."""
    return (str(number * 7_919 % OFFERS).rjust(32, "0") for number in count())


def measure_points(folder: str, rows: int) -> dict[str, float]:
    """Write the same price points into Parquet files of a day's size, and read one offer's history from all of them."""
    place, spent, some = Path(folder), 0.0, some_offers()
    place.mkdir()
    day = OFFERS * 288
    for start in range(0, rows, day):
        part = readings(start, min(day, rows - start))
        spent += seconds(lambda part=part, start=start: part.write_parquet(place / f"{start:012}.parquet"))

    def read() -> pl.DataFrame:
        return pl.scan_parquet(place / "*.parquet").filter(pl.col("offer_key") == next(some)).collect()

    size = sum(file.stat().st_size for file in place.iterdir())
    return {
        "insert_rows_s": round(rows / spent),
        "offer_history_ms_p95": p95_ms(read),
        "bytes_a_row": round(size / rows, 1),
    }


def measure_dagster(runs: int) -> dict[str, float]:
    """Return what shard runs and ticks add to the embedded Dagster home, and what the retention job leaves of them."""
    from dagster import AssetMaterialization, DagsterInstance, job, op

    from arb_pipelines.defs.crawling import site_metadata
    from arb_pipelines.defs.ops.retention import delete_run_files
    from arb_pipelines.domain.site import SiteVisit, VisitOutcome

    visit = SiteVisit("shop-1", "tick-20260101T000000", FIRST, FIRST, VisitOutcome.OK, None, 20, 20, 500_000, 120)

    @op
    def crawl(context) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Dagster reads the annotation
        for number in range(SITES // 8):
            facts = dict(site_metadata(visit))
            context.log_event(AssetMaterialization("raw_scrapes", partition=f"shop-{number}", metadata=facts))

    @job
    def shard() -> None:
        crawl()

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as home:
        Path(home, "dagster.yaml").write_text("telemetry: {enabled: false}\n")

        def size() -> int:
            return sum(file.stat().st_size for file in Path(home).rglob("*") if file.is_file())

        with DagsterInstance.from_config(home) as instance:
            made = [shard.execute_in_process(instance=instance).run_id for _ in range(4)]  # the tables themselves
            before = size()
            made += [shard.execute_in_process(instance=instance).run_id for _ in range(runs)]
            a_run = (size() - before) / runs
            for run_id in made:
                instance.delete_run(run_id)
            by_dagster = size()
            for run_id in made:
                delete_run_files(Path(home), run_id)
            left = size()
    logging.disable(logging.NOTSET)
    return {
        "runs": runs,
        "kb_a_shard_run": round(a_run / 1e3, 1),
        "mb_a_day": round(a_run * RUNS_A_DAY / 1e6),
        "mb_kept_with_7_days": round(a_run * RUNS_A_DAY * 7 / 1e6),
        "kb_a_deleted_run_without_our_retention": round(by_dagster / len(made) / 1e3, 1),
        "kb_a_deleted_run": round(left / len(made) / 1e3, 1),
    }


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


def main() -> None:
    """Measure every store that can be had and print the figures."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--rows", type=int, default=200_000, help="price points in each database")
    arguments.add_argument("--runs", type=int, default=8, help="shard runs to measure Dagster's growth with")
    arguments.add_argument("--json", action="store_true", help="one line of JSON instead of an indented one")
    options = arguments.parse_args()
    found: dict[str, Any] = {"rows": options.rows, "offers": OFFERS, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = measure_books(f"sqlite:///{folder}/books.db", options.rows)
        found["sqlite"]["bytes_a_row"] = round(Path(folder, "books.db").stat().st_size / options.rows)
        found["parquet"] = measure_points(f"{folder}/points", options.rows)
        found["raw_store"] = measure_parquet(f"{folder}/raw", min(options.rows, 20_000))
    found["dagster_home"] = measure_dagster(options.runs)
    programs = [find_server_program(name) for name in ("initdb", "pg_ctl")]
    if None in programs:
        found["postgresql"] = "PostgreSQL's server programs are not installed"
    else:
        cluster = PostgresCluster(str(programs[0]), str(programs[1]), {})
        try:
            found["postgresql"] = measure_books(cluster.url(cluster.create_database()), options.rows)
        finally:
            cluster.stop()
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()

"""Moving Parquet files into MongoDB, over the small collection of the adapter's own tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("pymongo", reason="pymongo is not installed: install arb-pipelines[servers]")

from arb_pipelines.adapters.mongo.copying import RawCopy, raw_files, record_of
from arb_pipelines.adapters.mongo.raw_scrapes import MongoRawScrapes
from arb_pipelines.adapters.parquet.raw_frame import raw_frame
from arb_pipelines.adapters.parquet.raw_scrapes import ParquetRawScrapes
from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines_tests.fakes.clock import START, SettableClock

FULL = RawProduct(
    "shop-1", "https://shop-1.example/p/1", START, "tick-1", "0" * 64, "Kettle", "19.99",
    availability=Availability.IN_STOCK, images=("a.png", "b.png"), views=3,
    evidence={"price": [Evidence("json-ld", "19.99", "offers.price")]},
)  # fmt: skip


class Kept:
    """What a collection with upserts by `_id` keeps; it may fail after some batches."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, object]] = {}
        self.fails_after = 10**6

    def append(self, records: Sequence[RawProduct]) -> int:
        if self.fails_after == 0:
            raise ConnectionError("gone")
        self.fails_after -= 1
        self.documents |= {row["scrape_id"]: row for row in raw_frame(records).iter_rows(named=True)}
        return len(records)

    def load_since(self, _cursor: str | None) -> tuple[pl.DataFrame, str]:
        rows = list(self.documents.values())
        return pl.DataFrame(rows, schema=raw_frame([]).schema), ""


@pytest.fixture
def folder(tmp_path: Path, clock: SettableClock) -> Path:
    store = ParquetRawScrapes(tmp_path / "raw", clock.now)
    for tick in range(4):
        store.append([replace(FULL, tick_id=f"tick-{tick}", url=f"u{page}") for page in range(3)])
    store.close()
    return tmp_path / "raw"


def copy_into(folder: Path, kept: Kept) -> RawCopy:
    target = object.__new__(MongoRawScrapes)
    target.append = kept.append  # type: ignore[method-assign]
    target.load_since = kept.load_since  # type: ignore[method-assign]
    return RawCopy(folder, target, "host/arb")


def test_a_record_comes_back_from_its_row() -> None:
    assert record_of(raw_frame([FULL]).row(0, named=True)) == FULL


def test_a_broken_copy_goes_on_with_the_file_it_was_at(folder: Path) -> None:
    kept, told = Kept(), []
    kept.fails_after = 2
    with pytest.raises(ConnectionError):
        copy_into(folder, kept).run(told.append)
    kept.fails_after = 10**6
    copying = copy_into(folder, kept)
    assert copying.run(told.append) == len(raw_files(folder)) == 4
    assert told == [0, 1, 1, 2, 1, 1]
    here, there = copying.compare()
    assert here == there
    assert here[0] == 12


def test_a_changed_record_is_found(folder: Path) -> None:
    kept = Kept()
    copying = copy_into(folder, kept)
    copying.run(lambda _done: None)
    next(iter(kept.documents.values()))["price"] = "1.99"
    here, there = copying.compare()
    assert here != there
    copying.finish()
    assert not (folder / ".copied.json").exists()

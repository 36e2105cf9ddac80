"""The Parquet raw store: whole files or none, names that only grow, a full disk."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.adapters.parquet import raw_scrapes
from arb_pipelines.adapters.parquet.raw_scrapes import OVERLAP, ParquetRawScrapes, StoreDamagedError, build
from arb_pipelines.domain.market_stores import StoreFullError
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines_tests.fakes.clock import SettableClock

PLAIN = RawProduct("shop-1", "https://shop-1.example/p/1", datetime(2026, 1, 5, tzinfo=UTC), "tick-1", "0" * 64)


@pytest.fixture
def store(tmp_path: Path, clock: SettableClock) -> Iterator[ParquetRawScrapes]:
    opened = ParquetRawScrapes(tmp_path / "raw", clock.now)
    yield opened
    opened.close()


def batches(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob(".tmp-*"))


def test_one_file_a_batch_in_a_folder_a_day(store: ParquetRawScrapes, tmp_path: Path, clock: SettableClock) -> None:
    store.append([PLAIN])
    clock.advance(days=1)
    store.append([PLAIN])
    names = batches(tmp_path / "raw")
    assert [name.split("-")[:3] for name in names] == [
        ["2026", "01", "05/20260105T090000123457"],
        ["2026", "01", "06/20260106T090000123457"],
    ]
    assert not leftovers(tmp_path / "raw")


def test_names_only_grow_even_if_the_clock_is_set_back(
    store: ParquetRawScrapes, tmp_path: Path, clock: SettableClock
) -> None:
    cursor = None
    for number, hours in enumerate((0, 0, -30, 5)):
        clock.advance(hours=hours)
        other = ParquetRawScrapes(tmp_path / "raw", clock.now)
        other.append([replace(PLAIN, tick_id=str(number))])
        frame, cursor = store.load_since(cursor)
        assert replace(PLAIN, tick_id=str(number)).scrape_id in set(frame["scrape_id"])
    names = [name.split("/")[1] for name in batches(tmp_path / "raw")]
    assert names == sorted(names)
    assert len({name.split("-")[0] for name in names}) == 4


@pytest.mark.parametrize("note", [None, b"", b"\x00" * 21, b"2026", b"99999999T999999"])
def test_names_grow_even_if_a_power_cut_tore_the_note_of_the_last(
    store: ParquetRawScrapes, tmp_path: Path, clock: SettableClock, note: bytes | None
) -> None:
    store.append([PLAIN])
    last = tmp_path / "raw" / ".last_stamp"
    last.unlink()
    if note is not None:
        last.write_bytes(note)
    clock.advance(hours=-1)
    store.append([replace(PLAIN, tick_id="tick-2")])
    names = [name.split("/")[1].split("-")[0] for name in batches(tmp_path / "raw")]
    assert names == ["20260105T090000123457", "20260105T090000123458"]


def test_what_is_older_than_the_overlap_is_not_read_again(store: ParquetRawScrapes, clock: SettableClock) -> None:
    store.append([PLAIN])
    clock.advance(seconds=OVERLAP.total_seconds())
    store.append([replace(PLAIN, tick_id="tick-2")])
    frame, cursor = store.load_since(None)
    assert frame.height == 2
    assert store.load_since(cursor)[0].height == 2
    clock.advance(microseconds=1)
    store.append([replace(PLAIN, tick_id="tick-3")])
    _, cursor = store.load_since(cursor)
    assert store.load_since(cursor)[0]["tick_id"].to_list() == ["tick-2", "tick-3"]


def test_unfinished_files_are_not_read(store: ParquetRawScrapes, tmp_path: Path) -> None:
    store.append([PLAIN])
    day = next(path for path in (tmp_path / "raw").iterdir() if path.is_dir())
    for place in (tmp_path / "raw", day):
        (place / ".tmp-torn").write_bytes(b"PAR1 torn")
    assert store.load_since(None)[0].height == 1
    assert store.contains(PLAIN.scrape_id)


def test_what_a_dead_writer_left_is_cleared_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, age in ((".tmp-old", timedelta(days=2)), (".tmp-young", timedelta(hours=1))):
        (folder / name).write_bytes(b"x")
        at = (datetime.now(UTC) - age).timestamp()
        os.utime(folder / name, (at, at))
    build(str(folder)).close()
    assert [path.name for path in leftovers(folder)] == [".tmp-young"]


def test_a_damaged_file_is_named(store: ParquetRawScrapes, tmp_path: Path) -> None:
    store.append([PLAIN])
    name = batches(tmp_path / "raw")[0]
    (tmp_path / "raw" / name).write_bytes(b"PAR1 damaged")
    with pytest.raises(StoreDamagedError, match=name.split("/")[1]):
        store.load_since(None)
    with pytest.raises(StoreDamagedError, match="move it out"):
        store.contains(PLAIN.scrape_id)


@pytest.mark.parametrize("failing", ["_write_durably", "_flush_folder"])
def test_nothing_half_written_stays_when_the_disk_is_full(
    store: ParquetRawScrapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(raw_scrapes, failing, fail)
        with pytest.raises(StoreFullError, match=r"raw is full: free space"):
            store.append([PLAIN])
    assert not leftovers(tmp_path / "raw")
    assert batches(tmp_path / "raw") == []
    assert store.append([PLAIN]) == 1


def test_another_error_of_the_disk_stays_what_it_is(store: ParquetRawScrapes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(raw_scrapes, "_write_durably", fail)
    with pytest.raises(OSError, match="Input/output") as caught:
        store.append([PLAIN])
    assert not isinstance(caught.value, StoreFullError)


def test_a_file_is_on_the_disk_before_it_has_its_name(
    store: ParquetRawScrapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each flush is noted with what could be read at that moment."""
    flushed: list[tuple[str, int]] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        flushed.append((Path(path).name[:5], len(batches(tmp_path / "raw"))))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    store.append([PLAIN])
    assert flushed == [(".tmp-", 0), ("raw", 0), ("2026-", 1)]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    mounted = os.getuid() == 0 and not subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], stderr=subprocess.DEVNULL
    )
    if not mounted:
        pytest.skip("mounting a tiny file system needs root; the same is tested with a fake error")
    yield place
    subprocess.check_call(["umount", str(place)])


def test_a_really_full_disk_loses_nothing(tiny_disk: Path) -> None:
    store = build(str(tiny_disk / "raw"))
    kept = 0
    with pytest.raises(StoreFullError, match="tiny"):
        for number in range(1_000):
            noise = [os.urandom(300).hex() for _ in range(20)]
            batch = [replace(PLAIN, tick_id=f"{number}-{text}", name=text) for text in noise]
            store.append(batch)
            kept += 20
    assert kept > 0
    assert not leftovers(tiny_disk)
    assert store.load_since(None)[0].height == kept
    (tiny_disk / "raw" / batches(tiny_disk / "raw")[0]).unlink()
    assert store.append([PLAIN]) == 1
    store.close()


def test_files_of_another_version_are_read(store: ParquetRawScrapes, tmp_path: Path) -> None:
    store.append([replace(PLAIN, name="Kettle", image="https://shop-1.example/i.png")])
    file = tmp_path / "raw" / batches(tmp_path / "raw")[0]
    pl.read_parquet(file).drop("image").with_columns(colour=pl.lit("red")).write_parquet(file)
    frame, _ = store.load_since(None)
    assert (frame["name"].item(), frame["image"].item(), "colour" in frame.columns) == ("Kettle", None, False)


def test_a_frame_of_the_store_is_an_arrow_stream(store: ParquetRawScrapes) -> None:
    store.append([PLAIN])
    frame, _ = store.load_since(None)
    assert pl.DataFrame(frame.to_arrow()).equals(frame)

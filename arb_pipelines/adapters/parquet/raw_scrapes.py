"""Raw scrapes as Parquet files, one a batch, in a folder a day: the embedded raw store.

What belongs here: writing a batch so that it is whole or absent, and reading what came since a cursor. A file is
written under a temporary name, flushed to disk and renamed; its final name begins with the time of the rename,
taken under a lock, so names only grow and a reader's cursor cannot overtake a slow writer.
"""

from __future__ import annotations

import errno
import io
import os
import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from filelock import FileLock

from arb_pipelines.adapters.parquet.raw_frame import RAW_SCHEMA, raw_frame
from arb_pipelines.domain.market_stores import StoreFullError
from arb_pipelines.domain.raw_product import RawProduct

STAMP = "%Y%m%dT%H%M%S%f"  # sorts as text; the cursor is one of these
FIRST_STAMP = "19700101T000000000000"
TEMPORARY = ".tmp-"
# The lock makes the order of names exact. Where a file system's locks do not hold, this much is read again.
OVERLAP = timedelta(minutes=2)
# A temporary file this old belongs to a writer that died.
ABANDONED_AFTER = timedelta(days=1)


class StoreDamagedError(OSError):
    """A finished file that cannot be read: the disk changed it after it was written."""


def build(path: str) -> ParquetRawScrapes:
    """Return the raw store in a folder, which is created."""
    return ParquetRawScrapes(Path(path))


class ParquetRawScrapes:
    """Fulfils `domain.stores.RawScrapes`. Any number of processes may append and read at once."""

    def __init__(self, folder: Path, now: Callable[[], datetime] | None = None) -> None:
        """Create the folder and clear what dead writers left.

        Args:
            folder: where the day folders are.
            now: the clock that names files; default the wall clock.
        """
        self._folder = folder
        self._now = now or _wall_clock
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / ".lock")
        self._last = folder / ".last_stamp"
        self._clear_abandoned()

    def append(self, records: Sequence[RawProduct]) -> int:
        """Store the records durably and return how many; return only after it is safe.

        Raises:
            StoreFullError: the disk is full; nothing of the batch was kept.
        """
        if not records:
            return 0
        frame = raw_frame(records)
        try:
            self._write(frame)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFullError(error.errno, "no space left", str(self._folder)) from error
            raise
        return frame.height

    def load_since(self, cursor: str | None) -> tuple[pl.DataFrame, str]:
        """Return the records stored since `cursor` (some may come twice) and the next cursor.

        Columns as `raw_frame.RAW_SCHEMA`. A `scrape_id` stored twice comes once, as it was stored last.

        Raises:
            ValueError: not a cursor of this store.
            StoreDamagedError: a file cannot be read.
        """
        files = self._files_since(_overlapped(cursor))
        frame = _read(files).unique("scrape_id", keep="last", maintain_order=True)
        newest = files[-1].name.split("-")[0] if files else FIRST_STAMP
        return frame, max(newest, cursor or FIRST_STAMP)

    def load_newest(self, limit: int) -> pl.DataFrame:
        """Return about the `limit` records stored last (whole batches), at least so many if there are.

        Raises:
            StoreDamagedError: a file cannot be read.
        """
        found: list[Path] = []
        rows = 0
        for file in (file for day in reversed(self._days()) for file in reversed(_batches(day))):
            if rows >= limit:
                break
            found.append(file)
            rows += _read([file]).height
        return _read(found[::-1]).unique("scrape_id", keep="last", maintain_order=True)

    def contains(self, scrape_id: str) -> bool:
        """Return whether the record is kept; the newest day is searched first.

        Raises:
            StoreDamagedError: a file cannot be read.
        """
        for day in reversed(self._days()):
            files = _batches(day)
            if files and _read(files, pl.col("scrape_id") == scrape_id).height:
                return True
        return False

    def close(self) -> None:
        """Release the lock, if it is held."""
        self._lock.release(force=True)

    def _write(self, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        temporary = self._folder / f"{TEMPORARY}{uuid.uuid4().hex}"
        try:
            _write_durably(temporary, buffer.getbuffer())
            with self._lock:
                stamp = self._next_stamp()
                day = self._folder / f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
                if not day.exists():
                    day.mkdir()
                    _flush_folder(self._folder)
                temporary.rename(day / f"{stamp}-{uuid.uuid4().hex[:8]}.parquet")
            _flush_folder(day)
        finally:
            temporary.unlink(missing_ok=True)

    def _next_stamp(self) -> str:
        """Return a stamp later than every stamp before, even if the clock was set back; call under the lock."""
        last = self._last_stamp()
        now = self._now().astimezone(UTC)
        if now.strftime(STAMP) <= last:
            now = datetime.strptime(last, STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1)
        stamp = now.strftime(STAMP)
        partial = self._last.with_name(f"{TEMPORARY}stamp-{os.getpid()}")
        try:
            partial.write_text(stamp)
            partial.replace(self._last)
        finally:
            partial.unlink(missing_ok=True)
        return stamp

    def _last_stamp(self) -> str:
        """Return the newest stamp given; where its note is missing or torn, the files of the newest day say it."""
        noted = self._last.read_text(errors="replace") if self._last.exists() else ""
        if re.fullmatch(r"\d{8}T\d{12}", noted, re.ASCII):
            return noted
        names = [file.name.split("-")[0] for day in self._days()[-1:] for file in _batches(day)]
        return max(names, default=FIRST_STAMP)

    def _days(self) -> list[Path]:
        return sorted(entry for entry in self._folder.iterdir() if entry.is_dir())

    def _files_since(self, stamp: str) -> list[Path]:
        first = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
        with self._lock:
            files = [file for day in self._days() if day.name >= first for file in _batches(day)]
        return [file for file in files if file.name >= stamp]

    def _clear_abandoned(self) -> None:
        oldest = (self._now() - ABANDONED_AFTER).timestamp()
        for file in self._folder.glob(f"{TEMPORARY}*"):
            with suppress(FileNotFoundError):  # a living writer has renamed it meanwhile
                if file.stat().st_mtime < oldest:
                    file.unlink()


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _overlapped(cursor: str | None) -> str:
    if cursor is None:
        return FIRST_STAMP
    try:
        at = datetime.strptime(cursor, STAMP).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{cursor!r} is not a cursor of the Parquet raw store; begin again with no cursor") from error
    return FIRST_STAMP if cursor == FIRST_STAMP else (at - OVERLAP).strftime(STAMP)


def _batches(day: Path) -> list[Path]:
    return sorted(file for file in day.iterdir() if file.suffix == ".parquet")


def _scan(files: list[Path]) -> pl.LazyFrame:
    """Older files may lack a column of today, newer ones may have one more."""
    return pl.scan_parquet(
        files,
        schema=RAW_SCHEMA,
        glob=False,
        hive_partitioning=False,
        missing_columns="insert",
        extra_columns="ignore",
    )


def _read(files: list[Path], condition: pl.Expr | None = None) -> pl.DataFrame:
    if not files:
        return pl.DataFrame(schema=RAW_SCHEMA)
    try:
        scan = _scan(files)
        return (scan if condition is None else scan.filter(condition)).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        damaged = next((file for file in files if not _is_readable(file)), files[0])
        message = f"{damaged} cannot be read ({error}); move it out of the store to go on without its records"
        raise StoreDamagedError(message) from error


def _is_readable(file: Path) -> bool:
    try:
        _scan([file]).collect()
    except (pl.exceptions.PolarsError, OSError):
        return False
    return True


def _write_durably(path: Path, content: memoryview) -> None:
    with path.open("xb", buffering=0) as file:
        written = 0
        while written < len(content):
            written += file.write(content[written:])
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder durable (a rename is otherwise lost with the power)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

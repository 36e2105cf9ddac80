"""Moving the embedded raw store into MongoDB: file by file, to be taken up again, compared at the end.

What belongs here: reading Parquet files back into records, and the note of how far a copy came. Writing a record twice
changes nothing, so a copy that was killed begins again with the file it was at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from arb_pipelines.adapters.mongo.raw_scrapes import MongoRawScrapes
from arb_pipelines.adapters.parquet.raw_frame import RAW_SCHEMA
from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct

BATCH = 1_000


def raw_files(folder: Path) -> list[Path]:
    """Return the finished files of an embedded raw store, oldest first."""
    return sorted(folder.glob("????-??-??/*.parquet"))


def record_of(row: Mapping[str, Any]) -> RawProduct:
    """Return the record that a row of `RAW_SCHEMA` was made of."""
    evidence = json.loads(row["evidence"]) if row["evidence"] else {}
    given = {name: row[name] for name in RAW_SCHEMA if name not in ("scrape_id", "offer_key", "evidence", "images")}
    given["availability"] = None if row["availability"] is None else Availability(row["availability"])
    return RawProduct(
        **given,
        images=tuple(row["images"] or ()),
        evidence={field: [Evidence(**one) for one in found] for field, found in evidence.items()},
    )


class RawCopy:
    """One copy of a folder of Parquet files into MongoDB."""

    def __init__(self, folder: Path, target: MongoRawScrapes, target_name: str) -> None:
        """Copy `folder` into `target`; `target_name` (an address without its password) tells copies apart."""
        self._folder = folder
        self._target = target
        self._note = folder / ".copied.json"
        self._name = hashlib.sha256(target_name.encode()).hexdigest()

    def run(self, tell: Callable[[int], None]) -> int:
        """Copy the files that were not yet; `tell(1)` after each, return how many there are."""
        files, done = raw_files(self._folder), self._done()
        tell(sum(file.name <= done for file in files))
        for file in files:
            if file.name > done:
                for part in pl.read_parquet(file).iter_slices(BATCH):
                    self._target.append([record_of(row) for row in part.iter_rows(named=True)])
                self._note.write_text(json.dumps({"target": self._name, "last": file.name}))
                tell(1)
        return len(files)

    def compare(self) -> tuple[tuple[int, str], tuple[int, str]]:
        """Return count and digest of the distinct records here and of those there; equal for an exact copy."""
        here: dict[str, str] = {}
        for file in raw_files(self._folder):
            columns = ["scrape_id", "content_sha256", "price"]
            here |= {row[0]: f"{row[1]}|{row[2]}" for row in pl.read_parquet(file, columns=columns).iter_rows()}
        kept = self._target.load_since(None)[0].select("scrape_id", "content_sha256", "price")
        return _digest(here.items()), _digest((row[0], f"{row[1]}|{row[2]}") for row in kept.iter_rows())

    def finish(self) -> None:
        """Forget how far the copy came."""
        self._note.unlink(missing_ok=True)

    def _done(self) -> str:
        try:
            note = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return ""
        return str(note["last"]) if note.get("target") == self._name else ""


def _digest(records: Iterable[tuple[str, str]]) -> tuple[int, str]:
    rows, total = 0, 0
    for scrape_id, said in records:
        rows += 1
        total += int.from_bytes(hashlib.sha256(f"{scrape_id}|{said}".encode()).digest()[:16], "big")
    return rows, f"{total % 2**128:032x}"

"""Raw stores for the child process of crawl tests: one that keeps JSON lines, some that fail.

What belongs here: factories that a crawl spec can name. They run in the child, so tests look at the file.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arb_pipelines.domain.raw_product import RawProduct

MODULE = "arb_pipelines_tests.scraping.jsonl_store"


class JsonLinesStore:
    """Appends each record as one line."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def append(self, records: Sequence[RawProduct]) -> int:
        with self._path.open("a", encoding="utf-8") as file:
            for record in records:
                file.write(json.dumps(dataclasses.asdict(record), default=str) + "\n")
        return len(records)

    def close(self) -> None:
        """Nothing is held open."""


class FullDisk(JsonLinesStore):
    """Refuses every record."""

    def append(self, records: Sequence[RawProduct]) -> int:
        raise OSError(28, "No space left on device")


def build(path: str) -> JsonLinesStore:
    """Return a store that keeps everything."""
    return JsonLinesStore(path)


def build_full(path: str) -> JsonLinesStore:
    """Return a store that keeps nothing."""
    return FullDisk(path)


def load(path: Path) -> list[dict[str, Any]]:
    """Return the records kept at `path`, oldest first."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

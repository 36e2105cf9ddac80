"""The port of a place for files by name: a folder of this machine or a bucket.

What belongs here: the port alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class ObjectStore(Protocol):
    """Files under names like `reports/2026-11-23/profit_and_loss.md`; a file is there whole or not at all."""

    def put_file(self, key: str, path: Path) -> None:
        """Keep a copy of a file under a name; what had the name before is replaced."""
        ...

    def fetch(self, key: str) -> bytes | None:
        """Return the content under a name; None when there is none."""
        ...

    def load_sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the sizes, in bytes, of everything whose name begins with `prefix`."""
        ...

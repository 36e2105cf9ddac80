"""What a backup holds: every file with its size and hash, the rows of every table, and what it was made from.

What belongs here: writing and checking `manifest.json`. It is written last, so a folder without one is no backup.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "manifest.json"
FORMAT = 1


class BackupError(RuntimeError):
    """A backup that cannot be made or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files`: sha256 by path inside the backup; `tables`: rows by table; `books`: its file, its kind by the suffix."""

    made_at: str
    mode: str
    revision: str
    books: str
    tables: dict[str, int]
    files: dict[str, str]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())


def hash_file(path: Path) -> str:
    """Return the sha256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, by its path inside."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in files}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest durably."""
    with (folder / NAME).open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())


def load_checked(folder: Path) -> Manifest:
    """Return the manifest of a backup after every file of it was found and has its hash.

    Raises:
        BackupError: it is no backup, of a newer version, or a file is missing, changed or not named.
    """
    try:
        manifest = Manifest(**json.loads((folder / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder} is no complete backup: its {NAME} cannot be read") from error
    if manifest.format != FORMAT:
        raise BackupError(f"this backup has form {manifest.format}, and this program reads {FORMAT}: upgrade it")
    found = hash_files(folder)
    wrong = sorted(name for name in found.keys() | manifest.files.keys() if found.get(name) != manifest.files.get(name))
    if wrong:
        raise BackupError(f"{len(wrong)} file(s) of the backup are missing or changed, first {wrong[0]}: take another")
    return manifest

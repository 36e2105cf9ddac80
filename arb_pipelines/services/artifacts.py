"""Bringing files that were made on one machine to where they are kept: checkout evidence, reports, pages, models.

What belongs here: which files of a folder are not there yet. Files of these folders never change once they have their
name, so a file of the same size under the same name is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arb_pipelines.domain.object_store import ObjectStore


def keep_files(folders: Mapping[str, Path], objects: ObjectStore) -> dict[str, int]:
    """Copy the new files of each folder under its name, and return how many of each there were.

    Hidden files are locks and drafts, and stay. Safe to run again: what is there is not copied twice.
    """
    return {name: _keep_folder(name, folder, objects) for name, folder in folders.items() if folder.is_dir()}


def _keep_folder(name: str, folder: Path, objects: ObjectStore) -> int:
    there = objects.load_sizes(f"{name}/")
    kept = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        key = f"{name}/{inside.as_posix()}"
        if there.get(key) != path.stat().st_size:
            objects.put_file(key, path)
            kept += 1
    return kept

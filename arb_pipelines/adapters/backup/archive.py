"""Backing an installation up and putting it back: books, models' register, and the folders of files.

What belongs here: the order of the steps. A backup is complete or absent: it is built beside its target, its manifest
is written last and it is renamed. A restore changes nothing before every hash of the backup was checked.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from arb_pipelines.adapters.backup.databases import (
    copy_sqlite,
    dump_postgresql,
    find_revision,
    holds_books,
    replace_sqlite,
    restore_postgresql,
)
from arb_pipelines.adapters.backup.manifest import BackupError, Manifest, hash_files, load_checked, write_manifest

TAR = (".tar", ".tar.gz", ".tgz")
REGISTER = "mlflow.sqlite"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installation:
    """What is kept: the books, MLflow's register where it is a file, and folders by the name they get in a backup."""

    books_url: str
    mode: str
    register: Path | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)

    @property
    def books_file(self) -> Path | None:
        """The file of SQLite books; None when they are in PostgreSQL."""
        url = make_url(self.books_url)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def write_backup(installation: Installation, target: Path, now: datetime, tell: Tell) -> Manifest:
    """Back up into `target`: a folder, or one file when its name ends in .tar, .tar.gz or .tgz.

    Raises:
        BackupError: the target is there already, or there are no books.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is there already: name another place, earlier backups are never overwritten")
    revision = find_revision(installation.books_url)
    if revision is None:
        raise BackupError("there are no books to back up: check ARB_HOME, ARB_MODE and ARB_DATABASE_URL")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".arb-backup-", dir=target.parent) as place:
        folder = Path(place) / "backup"
        folder.mkdir(mode=0o700)
        books, tables = _copy_books(installation, folder, tell)
        _copy_files(installation, folder, tell)
        tell("hashing")
        manifest = Manifest(now.isoformat(), installation.mode, revision, books, tables, hash_files(folder))
        write_manifest(folder, manifest)
        _put_down(folder, target)
    return manifest


def restore_backup(source: Path, installation: Installation, *, is_forced: bool, tell: Tell) -> Manifest:
    """Put a backup in the place of an installation that nobody uses; return what it held.

    Raises:
        BackupError: the backup is damaged or of another mode, or there are books already and `is_forced` is not set.
    """
    with _opened(source) as folder:
        tell("checking hashes")
        manifest = load_checked(folder)
        if manifest.mode != installation.mode:
            raise BackupError(f"this is a backup of {manifest.mode} mode: set ARB_MODE={manifest.mode}")
        if (manifest.books == "books.sqlite") != (installation.books_file is not None):
            raise BackupError("this backup is of the other kind of database: restore there, then `arb storage copy`")
        if not is_forced and _is_in_use(installation):
            raise BackupError("there are books here already: give --force to replace them, after a backup of them")
        tell("books")
        if installation.books_file is not None:
            replace_sqlite(folder / manifest.books, installation.books_file)
        else:
            restore_postgresql(folder / manifest.books, installation.books_url)
        if installation.register is not None and (folder / REGISTER).exists():
            replace_sqlite(folder / REGISTER, installation.register)
        for name, place in installation.folders.items():
            tell(name)
            _replace_folder(folder / name, place)
    return manifest


def _is_in_use(installation: Installation) -> bool:
    return holds_books(installation.books_url) or any(
        place.is_dir() and any(place.iterdir()) for place in installation.folders.values()
    )


def _copy_books(installation: Installation, folder: Path, tell: Tell) -> tuple[str, dict[str, int]]:
    tell("books")
    if installation.books_file is not None:
        return "books.sqlite", copy_sqlite(installation.books_file, folder / "books.sqlite")
    return "books.dump", dump_postgresql(installation.books_url, folder / "books.dump")


def _copy_files(installation: Installation, folder: Path, tell: Tell) -> None:
    if installation.register is not None and installation.register.exists():
        tell("models' register")
        copy_sqlite(installation.register, folder / REGISTER)
    for name, place in installation.folders.items():
        if place.is_dir():
            tell(name)
            # Files of these stores are whole from the moment they have their name; hidden ones are locks and drafts.
            shutil.copytree(place, folder / name, ignore=shutil.ignore_patterns(".*"))


def _put_down(folder: Path, target: Path) -> None:
    if not target.name.endswith(TAR):
        if target.exists():
            target.rmdir()
        folder.rename(target)
        return
    packed = folder.with_name("packed")
    with tarfile.open(packed, "w" if target.suffix == ".tar" else "w:gz") as tar:
        tar.add(folder, arcname=".")
    packed.chmod(0o600)
    packed.rename(target)


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="arb-restore-") as place:
        try:
            with tarfile.open(source) as tar:
                _unpack(tar, Path(place))
        except (OSError, tarfile.TarError) as error:
            raise BackupError(f"{source} cannot be read as a backup: {error}") from error
        yield Path(place)


def _unpack(tar: tarfile.TarFile, place: Path) -> None:
    """Unpack plain files and folders below `place`; `extractall(filter=...)` came only with Python 3.11.4.

    Raises:
        tarfile.TarError: a member is something else or lies elsewhere.
    """
    inside = place.resolve()
    for member in tar:
        target = (inside / member.name).resolve()
        if not (member.isfile() or member.isdir()) or not target.is_relative_to(inside):
            raise tarfile.TarError(f"{member.name!r} is no plain file of a backup")
        content = tar.extractfile(member)
        if content is None:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with content, target.open("wb") as kept:
            shutil.copyfileobj(content, kept)
        target.chmod(0o600)


def _replace_folder(source: Path, place: Path) -> None:
    """Put a copy of `source` in the place of a folder; a folder that the backup does not have is emptied."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = place.with_name(f".{place.name}.restored"), place.with_name(f".{place.name}.before")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, fresh)
    if place.exists():
        place.rename(old)
    if fresh.exists():
        fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)

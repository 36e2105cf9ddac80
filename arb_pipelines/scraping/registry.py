"""The folder of site declarations, one TOML file a shop.

What belongs here: reading the files. A broken file never hides the other sites: it comes back beside them with
one line that says which file, what is wrong and how to mend it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.site_fields import SiteError, build_site


@dataclass(frozen=True, slots=True)
class BrokenSite:
    """A declaration that cannot be used: its file and why, in one line."""

    path: Path
    reason: str

    def __str__(self) -> str:
        """Return `<file>: <reason>`, ready to be shown to a person."""
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class SiteRegistry:
    """All declarations of a folder: the usable sites by key, and the broken files."""

    sites: tuple[Site, ...]
    broken: tuple[BrokenSite, ...]


def load_sites(folder: Path) -> SiteRegistry:
    """Read every `*.toml` of `folder` (not its subfolders), in order of file name.

    The key of a site is its file name unless the file says otherwise; the second file with a key is broken.
    A folder that does not exist is one broken entry, not an exception.
    """
    if not folder.is_dir():
        reason = "this folder of site files does not exist: create it or correct the setting"
        return SiteRegistry(sites=(), broken=(BrokenSite(folder, reason),))
    sites: dict[str, tuple[Site, Path]] = {}
    broken: list[BrokenSite] = []
    for path in sorted(folder.glob("*.toml")):
        site = _load_site(path)
        if isinstance(site, SiteError):
            broken.append(BrokenSite(path, str(site)))
            continue
        if site.key in sites:
            first = sites[site.key][1].name
            broken.append(BrokenSite(path, f"key '{site.key}' is already used by {first}: change one of them"))
            continue
        sites[site.key] = (site, path)
    return SiteRegistry(sites=tuple(site for site, _ in sites.values()), broken=tuple(broken))


def load_path(folder: Path, key: str) -> Path:
    """Return the file that declares site `key`: the one of that name, else the one that says so inside.

    Raises:
        SiteError: no usable file of the folder does.
    """
    for path in (folder / f"{key}.toml", *sorted(folder.glob("*.toml"))):
        site = _load_site(path)
        if isinstance(site, Site) and site.key == key:
            return path
    raise SiteError(f"no file in {folder} declares a site with the key '{key}'")


def _load_site(path: Path) -> Site | SiteError:
    try:
        stat = path.stat()
        return _load_version(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        return _unreadable(error)


# The sensor reads the folder every tick; parsing 500 unchanged files again would cost it 0.2 s each time.
@lru_cache(maxsize=8192)
def _load_version(path: Path, mtime_ns: int, size: int) -> Site | SiteError:
    try:
        return build_site(_load_toml(path), default_key=path.stem)
    except SiteError as error:
        return error


def _unreadable(error: OSError) -> SiteError:
    return SiteError(f"cannot be read ({error.strerror}): check its owner and permissions")


def _load_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SiteError(f"not valid TOML ({error}): correct that line") from error
    except UnicodeDecodeError as error:
        raise SiteError("not UTF-8 text: save the file as UTF-8") from error
    except RecursionError as error:
        raise SiteError("nested too deeply: a site file is flat, with one table [selectors]") from error

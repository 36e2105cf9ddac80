"""What one shard is told to do: the JSON that `services/crawling.py` writes and `crawl.py` reads.

What belongs here: reading and checking the spec. The sites in it are mappings with the fields of
`domain.site.Site`, read by the same code as the TOML files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.site_fields import SiteError, build_site


class SpecError(ValueError):
    """A crawl spec that cannot be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class CrawlSpec:
    """One shard: its sites, where records and results go, and the limits. Times in seconds.

    `raw_sites` are the sites as the JSON had them. `store_factory` is `package.module:callable`; called with
    `store_options` it returns a raw store. `state_dir` keeps robots.txt copies, parked sites and page memories
    between ticks (None: forget them); `segments_dir` keeps the pages themselves (default: beside the result).
    `hot_urls` are pages that an open opportunity hangs on: they are read before others.
    """

    tick_id: str
    sites: tuple[Site, ...]
    raw_sites: tuple[dict[str, Any], ...]
    store_factory: str
    user_agent: str
    deadline_s: float
    result_path: Path
    store_options: Mapping[str, Any] = field(default_factory=dict)
    allow_loopback: bool = False
    browser_path: str | None = None
    browser_engine: str = "chromium"
    browser_grid_url: str | None = field(default=None, repr=False)
    request_timeout_s: float | None = None
    proxies: tuple[str, ...] = field(default=(), repr=False)
    state_dir: Path | None = None
    segments_dir: Path = Path("segments")
    hot_urls: frozenset[str] = frozenset()
    log_format: str = "text"
    run_id: str | None = None


def load_spec(path: Path) -> CrawlSpec:
    """Read the spec at `path`.

    Raises:
        SpecError: the file cannot be read, is not JSON, or a field is missing or bad.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return _build_spec(raw)
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise SpecError(f"{path}: not JSON ({error})") from error
    except SiteError as error:
        raise SpecError(f"{path}: a site in it is bad: {error}") from error
    except KeyError as error:
        raise SpecError(f"{path}: field {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SpecError(f"{path}: {error}") from error


def _build_spec(raw: dict[str, Any]) -> CrawlSpec:
    store = raw["raw_store"]
    deadline_s = float(raw["deadline_s"])
    if not 0 < deadline_s <= 86_400:
        raise ValueError(f"deadline_s must be above 0 and at most 86400, got {deadline_s}")
    state_dir, segments_dir = raw.get("state_dir"), raw.get("segments_dir")
    return CrawlSpec(
        tick_id=str(raw["tick_id"]),
        sites=tuple(build_site(site) for site in raw["sites"]),
        raw_sites=tuple(raw["sites"]),
        store_factory=str(store["factory"]),
        store_options=dict(store.get("options") or {}),
        user_agent=str(raw["user_agent"]),
        deadline_s=deadline_s,
        result_path=Path(raw["result_path"]),
        allow_loopback=raw.get("allow_loopback") is True,
        browser_path=raw.get("browser_path") or None,
        browser_engine=str(raw.get("browser_engine") or "chromium"),
        browser_grid_url=raw.get("browser_grid_url") or None,
        request_timeout_s=float(raw["request_timeout_s"]) if raw.get("request_timeout_s") else None,
        proxies=tuple(raw.get("proxies") or ()),
        state_dir=Path(state_dir) if state_dir else None,
        hot_urls=frozenset(raw.get("hot_urls") or ()),
        log_format=str(raw.get("log_format") or "text"),
        run_id=raw.get("run_id") or None,
        segments_dir=Path(segments_dir) if segments_dir else Path(raw["result_path"]).parent / "segments",
    )

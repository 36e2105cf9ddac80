"""What the last reading of each page of a site was: its validators, its hashes and the record it gave.

What belongs here: recognising a page that has not changed, so that it costs a request and nothing more, and
repeating its record as a sighting of now. One JSON file a site; a broken one is an empty memory, which costs a few
full readings and loses nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from arb_pipelines.domain.raw_product import Availability, Evidence, RawProduct
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.visit_schedule import PageFacts

MAX_PAGES = 2_000  # a site; the longest unread are forgotten first
# A page is parsed again at least once a day, so that a better extraction reaches pages that never change.
FULL_READ_AFTER = timedelta(hours=24)
UNCHANGED = "unchanged"
# Who, where and when are of the sighting; the rest is of the page.
SIGHTING = frozenset({"site", "url", "fetched_at", "tick_id", "evidence"})


@dataclass(slots=True)
class RememberedPage:
    """One page: when it was read and changed (ISO, UTC), how to ask whether it changed, and its last record."""

    read_at: str
    parsed_at: str
    changed_at: str
    reads: int = 1
    changes: int = 0
    etag: str | None = None
    last_modified: str | None = None
    wire_sha256: str | None = None
    rules: str = ""
    tick_id: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    def is_current(self, rules: str, now: datetime) -> bool:
        """Return whether the record may be repeated: it has a price, our rules are the same, and it is not old."""
        return (
            self.record.get("price") is not None
            and self.rules == rules
            and timedelta(0) <= now - datetime.fromisoformat(self.parsed_at) < FULL_READ_AFTER
        )

    def repeat(self, site: str, url: str, now: datetime, tick_id: str) -> RawProduct:
        """Return the record as seen again `now`; its evidence names the tick that read it."""
        return build_record(self.record, site=site, url=url, fetched_at=now, tick_id=tick_id, read_in=self.tick_id)


class PageMemory:
    """The remembered pages of one site, by URL."""

    def __init__(self, rules: str, pages: dict[str, RememberedPage] | None = None) -> None:
        """Remember under `rules`, the fingerprint of what decides how this site's pages are read."""
        self.rules = rules
        self.pages = pages or {}

    def current(self, url: str, now: datetime) -> RememberedPage | None:
        """Return what may be repeated of the page, None when it must be read in full."""
        page = self.pages.get(url)
        return page if page is not None and page.is_current(self.rules, now) else None

    def facts(self, urls: Iterable[str], hot: Collection[str] = ()) -> list[PageFacts]:
        """Return what is known of each page, for the choice of what to read next; a page never read has no times."""
        return [_facts(url, self.pages.get(url), url in hot) for url in dict.fromkeys(urls)]

    def forget(self, url: str) -> None:
        """Drop a page that is gone."""
        self.pages.pop(url, None)

    def confirm(self, url: str, now: datetime) -> None:
        """Note that the page was seen and has not changed."""
        page = self.pages[url]
        page.read_at = now.isoformat()
        page.reads += 1

    def learn(
        self,
        product: RawProduct,
        etag: str | None = None,
        last_modified: str | None = None,
        wire_sha256: str | None = None,
    ) -> None:
        """Note a page that was read in full."""
        now = product.fetched_at.isoformat()
        record = record_fields(product)
        before = self.pages.get(product.url)
        page = RememberedPage(
            now, now, now, 1, 0, etag, last_modified, wire_sha256, self.rules, product.tick_id, record
        )
        if before is not None:
            page.reads = before.reads + 1
            changed = _offer(before.record) != _offer(record)
            page.changes = before.changes + changed
            page.changed_at = now if changed else before.changed_at
        self.pages[product.url] = page


class PageMemories:
    """The memories of a shard's sites, read at first use and written by `save`."""

    def __init__(self, folder: Path | None) -> None:
        """Keep them in `folder`, or only in the process when it is None."""
        self._folder = folder
        self._memories: dict[str, PageMemory] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, site: Site) -> PageMemory:
        """Return the memory of a site; a site never seen has an empty one."""
        if site.key not in self._memories:
            self._memories[site.key] = PageMemory(fingerprint(site), self._load(site.key))
        return self._memories[site.key]

    def save(self, may_keep: Callable[[str], bool] = lambda key: True) -> None:
        """Write every memory that was looked at and `may_keep`, each by write-then-rename."""
        if self._folder is None:
            return
        for key, memory in self._memories.items():
            if not may_keep(key) or not memory.pages:
                continue
            newest = sorted(memory.pages.items(), key=lambda item: item[1].read_at)[-MAX_PAGES:]
            path = self._folder / f"{key}.json"
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(json.dumps({url: asdict(page) for url, page in newest}), encoding="utf-8")
            temporary.replace(path)

    def _load(self, key: str) -> dict[str, RememberedPage]:
        if self._folder is None:
            return {}
        try:
            raw = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            return {url: RememberedPage(**page) for url, page in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def fingerprint(site: Site) -> str:
    """Return what must be the same for a record to be repeated: the site's own rules of reading."""
    told = json.dumps([sorted(site.selectors.items()), site.currency, site.rendering.value])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def record_fields(product: RawProduct) -> dict[str, Any]:
    """Return what the page said as JSON, without the sighting and the evidence."""
    names = (f.name for f in fields(product) if f.name not in SIGHTING)
    told = {name: getattr(product, name) for name in names}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items() if v not in (None, (), "")}


def build_record(
    record: Mapping[str, Any], *, site: str, url: str, fetched_at: datetime, tick_id: str, read_in: str
) -> RawProduct:
    """Return the record that `record_fields` gave, as a sighting of `fetched_at`."""
    known = {f.name for f in fields(RawProduct)} - SIGHTING
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in record.items() if name in known
    }
    if values.get("availability"):
        values["availability"] = Availability(values["availability"])
    seen = Evidence(UNCHANGED, str(record.get("price", "")), f"as read in {read_in}")
    return RawProduct(site=site, url=url, fetched_at=fetched_at, tick_id=tick_id, evidence={"page": (seen,)}, **values)


def _facts(url: str, page: RememberedPage | None, is_hot: bool) -> PageFacts:
    if page is None:
        return PageFacts(url, is_hot=is_hot)
    read_at, changed_at = (datetime.fromisoformat(at) for at in (page.read_at, page.changed_at))
    return PageFacts(url, read_at, changed_at, page.reads, page.changes, is_hot)


def _offer(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes a change worth coming back for."""
    return tuple(record.get(name) for name in ("price", "currency", "availability"))

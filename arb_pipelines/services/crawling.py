"""Starting and supervising the crawl of one shard, which runs in a process of its own.

What belongs here: the spec that the child reads, its command line, and its result read back so that every
site of the shard has exactly one visit, whatever became of the child.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from arb_pipelines.domain.manners import manners_from_json
from arb_pipelines.domain.site import Site, SiteVisit, VisitOutcome

CHILD_MODULE = "arb_pipelines.scraping.crawl"
CHILD_GRACE_S = 30  # the child ends itself this long after its deadline
KILL_AFTER_S = 15  # and is killed this much later
NO_RESULT = "no_result"


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """One shard: its sites, where its records go, and its limits.

    `raw_store` is `{"factory": "package.module:callable", "options": {...}}`: called in the child with the
    options, it returns an object with `append(records)` and `close()`. `deadline_s` bounds the visits; the
    child ends at most `CHILD_GRACE_S` later. `state_dir` keeps robots.txt copies, parked sites and page
    memories between ticks; without it every tick asks for robots.txt again and forgets a Retry-After.
    `segments_dir` keeps the pages as they came; what a killed child left there is shipped by the next one.
    `hot_urls` are pages that an open opportunity hangs on: they are read before others.
    """

    tick_id: str
    sites: Sequence[Site]
    raw_store: Mapping[str, Any]
    user_agent: str
    deadline_s: float
    allow_loopback: bool = False
    browser_path: str | None = None
    browser_engine: str = "chromium"
    browser_grid_url: str | None = field(default=None, repr=False)  # maybe with a token
    request_timeout_s: float | None = None  # default: the crawl's own
    proxies: Sequence[str] = field(default=(), repr=False)  # full URLs, maybe with a password
    state_dir: Path | None = None
    segments_dir: Path | None = None
    hot_urls: Sequence[str] = ()
    log_format: str = "text"  # or "json": one object a line
    run_id: str | None = None  # the run that the child's log lines name


def write_spec(plan: CrawlPlan, folder: Path) -> Path:
    """Write the child's spec into `folder` (made if missing) and return its path."""
    body = {
        "tick_id": plan.tick_id,
        "sites": [_site_to_json(site) for site in plan.sites],
        "raw_store": dict(plan.raw_store),
        "user_agent": plan.user_agent,
        "deadline_s": plan.deadline_s,
        "result_path": str(_result_path(folder)),
        "allow_loopback": plan.allow_loopback,
        "browser_path": plan.browser_path,
        "browser_engine": plan.browser_engine,
        "browser_grid_url": plan.browser_grid_url,
        "request_timeout_s": plan.request_timeout_s,
        "proxies": list(plan.proxies),
        "state_dir": str(plan.state_dir) if plan.state_dir else None,
        "segments_dir": str(plan.segments_dir) if plan.segments_dir else None,
        "hot_urls": list(plan.hot_urls),
        "log_format": plan.log_format,
        "run_id": plan.run_id,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _result_path(folder).unlink(missing_ok=True)
    path = folder / "spec.json"
    # The store's options may hold a password: only the owner reads the spec.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(body, file, default=_plain)
    return path


def build_crawl_command(spec_path: Path, python: str = sys.executable, ship_only: bool = False) -> list[str]:
    """Return the command of the child process whose spec is at `spec_path`.

    With `ship_only` it visits nothing and ships what killed children of these segments left.

    The child supervises itself: it closes its spiders at the plan's `deadline_s`, is ended by the kernel's alarm
    30 s later even when its event loop hangs, and ends with the process that started it. Start it directly,
    without a shell or `timeout` between, so that the last holds.
    """
    return [python, "-m", CHILD_MODULE, "--spec", str(spec_path), *(["--ship-only"] if ship_only else [])]


def load_visits(plan: CrawlPlan, folder: Path, clock: Callable[[], datetime] | None = None) -> list[SiteVisit]:
    """Return one visit for each site of `plan`, in their order, from the child's result in `folder`.

    A site that the result does not name, or that an interim result does not show as OK, failed with reason
    `no_result`: the child was ended before it could say more. So did all when there is no readable result.
    """
    now = (clock or _utc_now)()
    is_complete, found = _read_result(_result_path(folder), plan.tick_id)

    def visit_of(site: Site) -> SiteVisit:
        visit = found.get(site.key)
        if visit is not None and (is_complete or visit.outcome is VisitOutcome.OK):
            return visit
        started_at = visit.started_at if visit is not None else now
        return SiteVisit(site.key, plan.tick_id, started_at, now, VisitOutcome.FAILED, NO_RESULT, 0, 0, 0, None)

    return [visit_of(site) for site in plan.sites]


def run_crawl(plan: CrawlPlan, folder: Path) -> list[SiteVisit]:
    """Run the shard in a child process, wait for it, and return one visit a site.

    The child's messages go to `folder/crawl.log`. A child that outlives its own limits is killed.
    """
    spec_path = write_spec(plan, folder)
    with (folder / "crawl.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            build_crawl_command(spec_path),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(timeout=plan.deadline_s + CHILD_GRACE_S + KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_group(child)
    if child.returncode != 0:
        ship_after_crash(spec_path, plan.deadline_s)
    return load_visits(plan, folder)


def ship_after_crash(spec_path: Path, timeout_s: float) -> bool:
    """Ship what a child that ended badly had fetched; return whether that went well.

    It may fail for the child's own reason (a full disk); then the next crawl tries again, and nothing is lost.
    """
    command = build_crawl_command(spec_path, ship_only=True)
    try:
        done = subprocess.run(command, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def visit_from_json(raw: Mapping[str, Any]) -> SiteVisit:
    """Return the visit that one object of the result file (or of a Pipes message) describes.

    Raises:
        KeyError, ValueError, TypeError: a field is missing or has another form.
    """
    return SiteVisit(
        site=str(raw["site"]),
        tick_id=str(raw["tick_id"]),
        started_at=datetime.fromisoformat(raw["started_at"]),
        finished_at=datetime.fromisoformat(raw["finished_at"]),
        outcome=VisitOutcome(raw["outcome"]),
        reason=raw["reason"],
        pages=int(raw["pages"]),
        unchanged=int(raw["unchanged"]),
        offers=int(raw["offers"]),
        bytes_received=int(raw["bytes_received"]),
        latency_ms=None if raw["latency_ms"] is None else int(raw["latency_ms"]),
        manners=manners_from_json(raw.get("manners")),
    )


def _result_path(folder: Path) -> Path:
    return folder / "visits.json"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the child and of the browser it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _read_result(path: Path, tick_id: str) -> tuple[bool, dict[str, SiteVisit]]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        visits = [visit_from_json(visit) for visit in raw["visits"]]
    except (OSError, ValueError, KeyError, TypeError):
        return False, {}
    return raw.get("complete") is True, {visit.site: visit for visit in visits if visit.tick_id == tick_id}


def _site_to_json(site: Site) -> dict[str, Any]:
    return {name: value for name, value in asdict(site).items() if value is not None}


def _plain(value: object) -> Any:
    if isinstance(value, (Decimal, Path)):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written to a crawl spec: {value!r}")

"""The spec of a shard: what services write, the child reads; a bad one is one clear line."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.site import Rendering, Site, SiteClass, SiteShape
from arb_pipelines.scraping.crawl_spec import SpecError, load_spec
from arb_pipelines.services.crawling import CrawlPlan, write_spec

SITE = Site(
    "corner", "Corner", "https://corner.example", SiteClass.PERMITTED, SiteShape.LISTING, ("https://corner.example/a",),
    "/p/", Rendering.BROWSER, 4, 1.5, 600, "EUR", Decimal("0.0825"), True, "sandbox", {"price": ".p"}, True,
)  # fmt: skip
BARE = Site("bare", "Bare", "https://bare.example", start_urls=("https://bare.example",))


def plan(**changes: Any) -> CrawlPlan:
    values: dict[str, Any] = {
        "tick_id": "tick-1",
        "sites": (SITE, BARE),
        "raw_store": {"factory": "a.b:build", "options": {"path": "/x"}},
        "user_agent": "arb/0.1 (+mailto:x@example.org)",
        "deadline_s": 60,
        "allow_loopback": True,
        "browser_path": "/usr/bin/chromium",
        "state_dir": Path("/state"),
    }
    return CrawlPlan(**(values | changes))


def test_the_child_reads_what_the_service_wrote(tmp_path: Path) -> None:
    path = write_spec(plan(), tmp_path / "shard")
    spec = load_spec(path)
    assert spec.sites == (SITE, BARE)
    assert (spec.tick_id, spec.deadline_s, spec.allow_loopback) == ("tick-1", 60.0, True)
    assert (spec.store_factory, spec.store_options) == ("a.b:build", {"path": "/x"})
    assert (spec.browser_path, spec.state_dir) == ("/usr/bin/chromium", Path("/state"))
    assert spec.result_path == tmp_path / "shard" / "visits.json"


def test_only_the_owner_may_read_the_spec(tmp_path: Path) -> None:
    path = write_spec(plan(), tmp_path)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sites": [{"key": "x"}]}, "a site in it is bad"),
        ({"deadline_s": 0}, "deadline_s must be above 0"),
        ({"deadline_s": "soon"}, "could not convert"),
        ({"raw_store": {}}, "field 'factory' is missing"),
        ({"sites": 5}, "not iterable"),
    ],
)
def test_a_bad_spec_names_the_fault(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = write_spec(plan(), tmp_path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(raw | change), encoding="utf-8")
    with pytest.raises(SpecError, match=said):
        load_spec(path)


def test_a_missing_or_torn_spec_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_spec(tmp_path / "none.json")
    torn = tmp_path / "torn.json"
    torn.write_text('{"tick', encoding="utf-8")
    with pytest.raises(SpecError, match="not JSON"):
        load_spec(torn)

"""A whole cycle over real saved product pages served on loopback as shops: what cannot be known buys nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dagster import DagsterInstance, PipesSubprocessClient

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.definitions import build_defs
from arb_pipelines.defs.partitions import SITES
from arb_pipelines.defs.resources import build_resources
from arb_pipelines.sandbox.replay import ReplayShops
from arb_pipelines.settings import Settings
from arb_pipelines_tests.conftest import skip_or_fail

TOP = Path(__file__).resolve().parents[2]
PAGES = Path(os.environ.get("ARB_SHARED_DIR", TOP.parent / "shared")) / "pages" / "product-pages"


@pytest.fixture
def shops() -> Iterator[dict[str, str]]:
    """The saved pages as shops: site key -> URL."""
    if not PAGES.is_dir():
        skip_or_fail(f"the real pages are not at {PAGES} (set ARB_SHARED_DIR)")
    files = sorted((PAGES / "html").glob("*.html.gz"))
    pages = {file.name.partition(".")[0][:16]: file.read_bytes() for file in files}
    with ReplayShops(pages) as served:
        yield dict(served.urls)


@pytest.fixture
def settings(tmp_path: Path, shops: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of its own, one site file a shop, no outlet."""
    sites = tmp_path / "sites"
    sites.mkdir()
    for key, url in shops.items():
        origin = url.rpartition("/product/")[0]
        lines = {"key": key, "name": f"Shop {key}", "url": origin, "site_class": "permitted", "shape": "pages"}
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        (sites / f"{key}.toml").write_text(f"{text}start_urls = [{json.dumps(url)}]\ndelay_s = 0.0\n")
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARB_SITES_DIR", str(sites))
    monkeypatch.setenv("ARB_ALLOW_LOOPBACK", "true")
    settings = Settings()
    (tmp_path / "home").mkdir()
    books = open_books(settings.books_url)
    books.migrate()
    books.close()
    return settings


def truth() -> dict[str, dict[str, Any]]:
    """Return the accepted values of each page by site key."""
    return {name[:16]: fields for name, fields in json.loads((PAGES / "ground-truth.json").read_text()).items()}


def test_a_cycle_over_real_pages(settings: Settings, shops: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Crawl, clean, match, predict, score: prices are right, and without sales to learn from nothing is bought."""
    resources = {"pipes": PipesSubprocessClient(), **build_resources(settings)}
    defs = build_defs(resources)
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(SITES.name or "", list(shops))
        crawl = defs.resolve_job_def("crawl_shard_job").execute_in_process(
            run_config={"ops": {"crawl_shard": {"config": {"tick_id": "tick-1", "sites": list(shops)}}}},
            instance=instance,
        )
        assert crawl.success
        analysis = defs.resolve_job_def("analysis_job").execute_in_process(instance=instance)
        assert analysis.success
        green = {event.partition for event in crawl.get_asset_materialization_events()}
    books = open_books(settings.books_url)
    try:
        points = pl.DataFrame(books.price_history.load_latest(settings_start()))
        visits = {visit.site: visit for visit in books.visits.load_tick("tick-1")}
        opportunities = books.totals()["opportunities"]
        assert books.broken_invariants() == {}
    finally:
        books.close()
    right, wrong = compare(points)
    with capsys.disabled():
        print(f"\nreal pages in a whole cycle: {len(shops)} shops, {right} prices right, {wrong} wrong")
    assert set(visits) == set(shops)
    assert green == {site for site, visit in visits.items() if visit.reason is None}
    assert right >= 40
    assert wrong <= 6
    assert opportunities == 0


def compare(points: pl.DataFrame) -> tuple[int, int]:
    """Return how many stored prices agree and disagree with the truth."""
    accepted = {key: {Decimal(p) for p in fields.get("price", [])} for key, fields in truth().items()}
    verdicts = [Decimal(row["price_minor"]).scaleb(-2) in accepted[row["site"]] for row in points.iter_rows(named=True)]
    return sum(verdicts), len(verdicts) - sum(verdicts)


def settings_start() -> Any:
    """Return a moment before any observation."""
    from datetime import UTC, datetime

    return datetime(2020, 1, 1, tzinfo=UTC)


def test_one_site_is_materialized_alone(settings: Settings, shops: dict[str, str]) -> None:
    """Retrying a site from the page crawls that site and shows its own figures; an unknown site fails and says so."""
    from dagster import DagsterInstance, materialize

    from arb_pipelines.defs.assets.raw_scrapes import raw_scrapes

    resources = {"pipes": PipesSubprocessClient(), **build_resources(settings)}
    site = next(key for key in shops if truth()[key].get("price"))
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(SITES.name or "", [site, "gone"])
        done = materialize([raw_scrapes], instance=instance, resources=resources, partition_key=site)
        assert done.success
        (event,) = done.get_asset_materialization_events()
        assert event.partition == site
        assert event.materialization.metadata["outcome"].value == "ok"
        lost = materialize(
            [raw_scrapes], instance=instance, resources=resources, partition_key="gone", raise_on_error=False
        )
        assert not lost.success

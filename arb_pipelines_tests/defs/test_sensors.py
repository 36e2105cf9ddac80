"""The sensors: even shards, no site twice at a time, one analysis a tick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, SensorResult, SkipReason, build_sensor_context

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SitesResource
from arb_pipelines.defs.sensors import (
    busy_sites,
    due_sites_sensor,
    fresh_offers_sensor,
    positions_sensor,
    shard_request,
    waiting_for,
)
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines_tests.contracts import trade_records as records
from arb_pipelines_tests.fakes.clock import START


@pytest.fixture
def sites(tmp_path: Path) -> SitesResource:
    """Twenty declared sites and one broken file."""
    folder = tmp_path / "sites"
    folder.mkdir()
    for number in range(20):
        (folder / f"s{number:02}.toml").write_text(
            f'key = "s{number:02}"\nname = "Shop"\nurl = "https://s{number:02}.example"\n'
            f'site_class = "permitted"\nstart_urls = ["/a"]\n'
        )
    (folder / "broken.toml").write_text("key = ")
    return SitesResource(folder=str(folder))


@pytest.fixture
def books(tmp_path: Path) -> BooksResource:
    """Empty books."""
    url = f"sqlite:///{tmp_path}/books.sqlite"
    opened = open_books(url)
    opened.migrate()
    opened.close()
    return BooksResource(url=url, mode="paper")


def evaluate(sites: SitesResource, books: BooksResource, instance: DagsterInstance) -> SensorResult | SkipReason:
    """Evaluate the scrape sensor once."""
    resources = {"sites": sites, "books": books, "settings": SettingsResource()}
    with build_sensor_context(instance, resources=resources) as context:
        return due_sites_sensor(context)


def shards_of(result: SensorResult | SkipReason) -> list[list[str]]:
    """Return the site keys of each requested run."""
    assert isinstance(result, SensorResult)
    return [request.run_config["ops"]["crawl_shard"]["config"]["sites"] for request in result.run_requests or []]


def test_due_sites_are_split_evenly(sites: SitesResource, books: BooksResource) -> None:
    """Every site once, over 8 shards of 2 or 3, as partitions of the page; the broken file costs itself alone."""
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(sites, books, instance)
    shards = shards_of(result)
    assert sorted(key for shard in shards for key in shard) == [f"s{number:02}" for number in range(20)]
    assert {len(shard) for shard in shards} == {2, 3}
    assert isinstance(result, SensorResult)
    assert len((result.dynamic_partitions_requests or [])[0].partition_keys) == 20


def test_sites_visited_just_now_are_not_due(sites: SitesResource, books: BooksResource) -> None:
    """Only the sites whose interval has passed are asked again."""
    now = datetime.now(UTC)
    with books.opened() as opened:
        opened.visits.record([SiteVisit("s03", "tick-0", now, now, VisitOutcome.OK, None, 1, 1, 100, 5)])
    with DagsterInstance.ephemeral() as instance:
        shards = shards_of(evaluate(sites, books, instance))
    assert "s03" not in {key for shard in shards for key in shard}


def test_a_site_belongs_to_one_crawl_at_a_time(sites: SitesResource, books: BooksResource) -> None:
    """A tick that meets runs still going skips their sites instead of piling up."""
    from arb_pipelines.defs.ops.crawling import crawl_shard_job

    with DagsterInstance.ephemeral() as instance:
        request = shard_request("tick-1", 0, ["s00", "s01"])
        run = instance.create_run_for_job(crawl_shard_job, run_config=dict(request.run_config), tags=request.tags)
        assert busy_sites([run]) == {"s00", "s01"}
        shards = shards_of(evaluate(sites, books, instance))
    assert {"s00", "s01"}.isdisjoint({key for shard in shards for key in shard})


def test_no_folder_of_sites_is_said(tmp_path: Path, books: BooksResource) -> None:
    """Without site files the sensor skips and says so."""
    with DagsterInstance.ephemeral() as instance:
        result = evaluate(SitesResource(folder=str(tmp_path / "none")), books, instance)
    assert isinstance(result, SkipReason)
    assert "no site is due" in (result.skip_message or "")


def test_one_analysis_a_tick(books: BooksResource) -> None:
    """Nothing to analyse before the first crawl."""
    with DagsterInstance.ephemeral() as instance:
        answer = fresh_offers_sensor(build_sensor_context(instance))
    assert isinstance(answer, SkipReason)


@contextmanager
def written(books: BooksResource) -> Iterator[SqlBooks]:
    """Open the books to write the case."""
    opened = open_books(books.url, mode=books.mode)
    yield opened
    opened.close()


def jobs_wanted(books: BooksResource) -> set[str]:
    """Return the jobs for which something waits, after the sensor has asked for just those."""
    with written(books) as opened:
        wanted = {name for name, count in waiting_for(opened).items() if count}
    with DagsterInstance.ephemeral() as instance, build_sensor_context(instance, resources={"books": books}) as context:
        asked = positions_sensor(context)
    requests = asked if isinstance(asked, list) else []
    assert wanted == {str(one.job_name) for one in requests if isinstance(one, RunRequest)}
    return wanted


def test_a_purchase_is_followed_until_it_is_stock(books: BooksResource) -> None:
    """An order that may exist, and goods that a person received, need no other purchase to be looked after."""
    assert jobs_wanted(books) == set()
    with written(books) as opened:
        claimed = records.claim(opened, 1)
        records.step(opened, claimed, PurchaseState.CLAIMED, PurchaseState.SUBMITTING)
        records.step(opened, claimed, PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN)
    assert jobs_wanted(books) == {"books_job"}
    with written(books) as opened:
        records.step(opened, claimed, PurchaseState.UNCERTAIN, PurchaseState.NOT_PLACED)
        bought = records.buy(opened, 2)
        opened.purchases.mark_delivered(bought.purchase_id, START)
    assert jobs_wanted(books) == {"books_job"}
    with written(books) as opened:
        opened.inventory.receive(records.lot(bought))
    assert jobs_wanted(books) == {"listing_job"}


@pytest.mark.parametrize("state", [ListingState.PENDING, ListingState.ENDING])
def test_a_listing_left_half_done_is_finished(books: BooksResource, state: ListingState) -> None:
    """Nothing is left to list, but one must be put up or, sold elsewhere, be taken down before it is sold again."""
    with written(books) as opened:
        if state is ListingState.PENDING:
            opened.listings.insert(records.listing(records.stock(opened)))
        else:
            offered = records.offer_for_sale(opened)
            opened.listings.advance(offered.sku, expected=[ListingState.ACTIVE], state=state)
    assert jobs_wanted(books) == {"books_job", "listing_job"}

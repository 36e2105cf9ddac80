"""The purchase job on the page: what it shows of each outcome, and what the operator hears when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    ConfigurableResource,
    DagsterInstance,
    ExecuteInProcessResult,
    SkipReason,
    build_run_status_sensor_context,
)

from arb_pipelines.adapters.checkout.assist import AssistBuyers
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.ops.fulfilment import fulfilment_job
from arb_pipelines.defs.ops.listing import listing_job
from arb_pipelines.defs.ops.purchasing import purchase_job
from arb_pipelines.defs.ops.repricing import repricing_job
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SitesResource
from arb_pipelines.defs.sensors import failed_run_sensor
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines_tests.contracts.trade_records import approval, opportunity

SITE = 'key = "shop-1"\nname = "A"\nurl = "https://shop-1.example"\nsite_class = "permitted"\nstart_urls = ["/"]\n'


class Outlet(ConfigurableResource):
    """Leaves every purchase to a person, or breaks down."""

    breaks: bool = False

    @contextmanager
    def buyers(self, sites: Any) -> Iterator[AssistBuyers]:
        if self.breaks:
            raise ConnectionError("the outlet is away")
        yield AssistBuyers()


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """Books with one approval that can be used now."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "shop-1.toml").write_text(SITE)
    opened = open_books(f"sqlite:///{tmp_path}/books.sqlite")
    opened.migrate()
    now = datetime.now(UTC)
    found = opportunity(1, observed_at=now - timedelta(minutes=1), decided_at=now)
    opened.opportunities.store([found], [])
    opened.approvals.insert(approval(found, now))
    prices = (found.expected_sale,) * 3
    key = (found.product_id, found.condition, found.outlet)
    opened.predictions.replace([PricePrediction(*key, *prices, 10.0, 0.9, "model-1", now)])
    yield opened
    opened.close()


def buy(tmp_path: Path, instance: DagsterInstance, *, breaks: bool = False) -> ExecuteInProcessResult:
    resources = {
        "books": BooksResource(url=f"sqlite:///{tmp_path}/books.sqlite", mode="paper"),
        "sites": SitesResource(folder=str(tmp_path / "sites")),
        "outlet": Outlet(breaks=breaks),
        "settings": SettingsResource(),
    }
    return purchase_job.execute_in_process(resources=resources, instance=instance, raise_on_error=False)


def test_each_outcome_is_shown_with_the_decision_it_rests_on(books: SqlBooks, tmp_path: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        done = buy(tmp_path, instance)
    assert done.success
    (output,) = [event for event in done.all_events if event.event_type_value == "STEP_OUTPUT"]
    metadata: Any = output.step_output_data.metadata
    decision = books.opportunities.load_one("opportunity-1")
    assert decision is not None
    (row,) = metadata["decisions"].value.splitlines()[2:]
    for word in ("person_required", "opportunity-1", decision.scrape_id, decision.model_version):
        assert word in row
    assert metadata["person_required"].value == 1
    assert metadata["new_alerts"].value == 1
    assert [one.alert.kind for one in books.alerts.load_open()] == ["person_required"]


def test_a_failure_of_an_acting_job_is_one_urgent_alert(books: SqlBooks, tmp_path: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        failed = [buy(tmp_path, instance, breaks=True) for _ in range(2)]
        assert not any(done.success for done in failed)
        run = instance.get_run_by_id(failed[0].run_id)
        assert run is not None
        event = next(e for e in failed[0].all_events if e.event_type_value == "PIPELINE_FAILURE")
        context = build_run_status_sensor_context(
            sensor_name="failed_run_sensor",
            dagster_event=event,
            dagster_instance=instance,
            dagster_run=run,
            resources={"books": BooksResource(url=f"sqlite:///{tmp_path}/books.sqlite", mode="paper")},
        ).for_run_failure()
        told = failed_run_sensor(context)
    assert isinstance(told, SkipReason)
    (one,) = books.alerts.load_open()
    assert (one.alert.dedupe_key, one.alert.severity, one.times) == ("run_failed:purchase_job", "critical", 3)


def test_every_acting_job_alerts_and_is_never_retried() -> None:
    for job in (purchase_job, listing_job, repricing_job, fulfilment_job):
        assert job.hook_defs == ALERTING
        assert job.tags["dagster/max_retries"] == "0"

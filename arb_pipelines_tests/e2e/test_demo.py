"""The whole trade as a newcomer sees it: the sensor ticks, the page fills, things are bought and sold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines_tests.e2e.conftest import ARB, TOP, RunningDemo, free_port, read_summary

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TICKS = """
query Ticks($sensor: String!) {
  sensorOrError(sensorSelector: {sensorName: $sensor, repositoryName: "__repository__",
                                 repositoryLocationName: "arb_pipelines"}) {
    ... on Sensor { sensorState { status ticks(limit: 20) { status runIds error { message } } } }
  }
}
"""
PARTITIONS = """
query { assetNodeOrError(assetKey: {path: ["raw_scrapes"]}) {
  ... on AssetNode { partitionStats { numPartitions numMaterialized } } } }
"""
RUNS = "query { runsOrError(limit: 500) { ... on Runs { results { runId jobName status tags { key value } } } } }"
LAUNCH = """
mutation Launch($site: String!) {
  launchPipelineExecution(executionParams: {
    selector: {repositoryLocationName: "arb_pipelines", repositoryName: "__repository__",
               pipelineName: "__ASSET_JOB", assetSelection: [{path: ["raw_scrapes"]}], assetCheckSelection: []}
    executionMetadata: {tags: [{key: "dagster/partition", value: $site}]}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


def runs_of(demo: RunningDemo, job: str) -> list[dict[str, Any]]:
    """Return the runs of a job, newest first."""
    return [run for run in demo.graphql(RUNS)["runsOrError"]["results"] if run["jobName"] == job]


def test_1_the_sensor_ticks(demo: RunningDemo) -> None:
    """The 5-minute sensor starts 8 shard runs in one tick, and each succeeds."""

    def started() -> list[str] | None:
        state = demo.graphql(TICKS, sensor="due_sites_sensor")["sensorOrError"]["sensorState"]
        assert state["status"] == "RUNNING"
        return next((tick["runIds"] for tick in state["ticks"] if tick["status"] == "SUCCESS"), None)

    assert len(demo.wait_for(started, "a tick of due_sites_sensor", 60)) == 8

    def shards_done() -> list[dict[str, Any]] | None:
        runs = runs_of(demo, "crawl_shard_job")
        return runs if len(runs) >= 8 and all(run["status"] in ENDED for run in runs[-8:]) else None

    runs = demo.wait_for(shards_done, "the first 8 shard runs")
    assert {run["status"] for run in runs[-8:]} == {"SUCCESS"}


def test_2_sites_are_partitions(demo: RunningDemo) -> None:
    """The page shows 500 partitions, nearly all of them materialized; the others failed by their own fault."""
    stats = demo.graphql(PARTITIONS)["assetNodeOrError"]["partitionStats"]
    assert stats["numPartitions"] == 500
    assert 475 <= stats["numMaterialized"] < 500


def test_3_a_second_demo_is_refused(demo: RunningDemo) -> None:
    """Two demos on one set of books would trade twice: one clear line, status 1."""
    command = [ARB, "demo", "--home", str(demo.home), "--port", str(free_port())]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "already in use by a running demo" in second.stderr


def test_4_a_port_in_use_is_named(demo: RunningDemo, tmp_path: Path) -> None:
    """A busy port is one clear line with the option that mends it."""
    command = [ARB, "demo", "--home", str(tmp_path / "home"), "--port", demo.url.rpartition(":")[2]]
    busy = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert busy.returncode == 1
    assert "in use" in busy.stderr
    assert "--port" in busy.stderr


def test_5_the_page_in_a_browser(demo: RunningDemo) -> None:
    """A real browser shows the asset and its partitions; the pictures are kept as artifacts."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    folder = TOP / "artifacts"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{demo.url}/assets/raw_scrapes?view=partitions", timeout=60_000)
        page.get_by_text("raw_scrapes").first.wait_for(timeout=60_000)
        page.get_by_text(re.compile("shop-001")).first.wait_for(timeout=60_000)
        page.screenshot(path=str(folder / "page-raw-scrapes.png"))
        page.goto(f"{demo.url}/runs", timeout=60_000)
        page.get_by_text("crawl_shard_job").first.wait_for(timeout=60_000)
        page.screenshot(path=str(folder / "page-runs.png"))
        browser.close()


def test_6_one_site_is_retried_alone(demo: RunningDemo) -> None:
    """Materializing one partition from the page crawls that site alone; a dead shop fails with its reason."""
    broken = next(key for key, why in world_of(demo)["expected_failures"].items() if why == "unavailable")
    launched = {
        site: demo.graphql(LAUNCH, site=site)["launchPipelineExecution"]["run"]["runId"]
        for site in ("shop-001", broken)
    }

    def both_ended() -> dict[str, str] | None:
        runs = {run["runId"]: run["status"] for run in demo.graphql(RUNS)["runsOrError"]["results"]}
        states = {site: runs.get(run_id, "") for site, run_id in launched.items()}
        return states if set(states.values()) <= ENDED else None

    assert demo.wait_for(both_ended, "the two single-site runs") == {"shop-001": "SUCCESS", broken: "FAILURE"}


def test_7_the_summary_and_the_books(demo: RunningDemo) -> None:
    """Three cycles end by themselves: scraped, bought, listed, sold; every invariant of the books holds."""
    summary = read_summary(demo.process, 600)
    print(summary)
    assert summary["sites_scraped"] + summary["sites_failed"] == 500
    assert summary["sites_scraped"] >= 475
    assert summary["offers"] > 1000
    for name in ("opportunities", "purchases", "listings", "sales"):
        assert summary[name] > 0, name
    assert summary["profit"] > 0
    assert summary["dagster_runs"] >= 3 * 8
    assert summary["failed_runs"] <= 1  # the single-site run of a dead shop
    assert summary["cycles"][0]["opportunities"] > 0
    url = f"sqlite:///{demo.home}/books-paper.sqlite"
    checked = subprocess.run([ARB, "verify", "--database", url], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def world_of(demo: RunningDemo) -> dict[str, Any]:
    """Return what the sandbox world said when it was ready."""
    import json

    return json.loads((demo.home / "world.json").read_text())

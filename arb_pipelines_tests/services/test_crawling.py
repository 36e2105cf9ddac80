"""The service side of a crawl: every site of the plan has one visit, whatever the child left behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.site import Site, VisitOutcome, tick_id_at
from arb_pipelines.services.crawling import (
    CrawlPlan,
    build_crawl_command,
    load_visits,
    visit_from_json,
    write_spec,
)
from arb_pipelines_tests.fakes.clock import START, SettableClock

SITES = (Site("a", "A", "https://a.example"), Site("b", "B", "https://b.example"))
PLAN = CrawlPlan("tick-1", SITES, {"factory": "x:y", "options": {}}, "arb/0.1", 60)


def visit_json(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "site": key,
        "tick_id": "tick-1",
        "started_at": "2026-01-05T09:00:00+00:00",
        "finished_at": "2026-01-05T09:00:02+00:00",
        "outcome": "ok",
        "reason": None,
        "pages": 2,
        "unchanged": 0,
        "offers": 1,
        "bytes_received": 999,
        "latency_ms": 12,
    } | changes


def write_result(folder: Path, visits: list[dict[str, Any]], complete: bool = True) -> None:
    (folder / "visits.json").write_text(json.dumps({"complete": complete, "visits": visits}), encoding="utf-8")


def loaded(folder: Path) -> list[tuple[str, str, str | None]]:
    visits = load_visits(PLAN, folder, SettableClock().now)
    return [(visit.site, visit.outcome.value, visit.reason) for visit in visits]


def test_visits_come_in_the_order_of_the_plan(tmp_path: Path) -> None:
    write_result(tmp_path, [visit_json("b", outcome="failed", reason="http_503", offers=0), visit_json("a")])
    assert loaded(tmp_path) == [("a", "ok", None), ("b", "failed", "http_503")]


def test_a_site_without_a_result_failed(tmp_path: Path) -> None:
    write_result(tmp_path, [visit_json("a"), visit_json("stranger")])
    assert loaded(tmp_path) == [("a", "ok", None), ("b", "failed", "no_result")]


def test_an_interim_result_counts_only_what_is_ok(tmp_path: Path) -> None:
    write_result(tmp_path, [visit_json("a"), visit_json("b", outcome="failed", reason="no_offers")], complete=False)
    assert loaded(tmp_path) == [("a", "ok", None), ("b", "failed", "no_result")]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"visits": [{}]}', '{"visits": 5}'])
def test_without_a_readable_result_every_site_failed(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "visits.json").write_text(text, encoding="utf-8")
    assert loaded(tmp_path) == [("a", "failed", "no_result"), ("b", "failed", "no_result")]


def test_the_result_of_another_tick_is_none_of_ours(tmp_path: Path) -> None:
    write_result(tmp_path, [visit_json("a", tick_id="tick-0")])
    assert loaded(tmp_path)[0] == ("a", "failed", "no_result")


def test_a_new_spec_removes_the_old_result(tmp_path: Path) -> None:
    write_result(tmp_path, [visit_json("a")])
    write_spec(PLAN, tmp_path)
    assert loaded(tmp_path)[0][2] == "no_result"


def test_a_visit_reads_back(tmp_path: Path) -> None:
    visit = visit_from_json(visit_json("a", latency_ms=None))
    assert (visit.outcome, visit.latency_ms, visit.bytes_received) == (VisitOutcome.OK, None, 999)
    assert visit.finished_at - visit.started_at == timedelta(seconds=2)
    with pytest.raises(KeyError):
        visit_from_json({})


def test_a_tick_is_named_by_its_second_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert tick_id_at(datetime(2026, 1, 2, 5, 4, 5, 999, tzinfo=east)) == "tick-20260102T030405Z"
    assert tick_id_at(START.astimezone(UTC), prefix="manual") == "manual-20260105T090000Z"


def test_the_command_runs_the_crawl_module(tmp_path: Path) -> None:
    command = build_crawl_command(tmp_path / "spec.json", python="/venv/python")
    assert command == ["/venv/python", "-m", "arb_pipelines.scraping.crawl", "--spec", str(tmp_path / "spec.json")]

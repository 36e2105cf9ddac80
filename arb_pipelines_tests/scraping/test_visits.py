"""What a visit is called: OK only with an offer in the store, else the one reason that explains it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arb_pipelines.domain.site import Site, SiteVisit, VisitOutcome
from arb_pipelines.scraping.visits import VisitRecorder, write_visits
from arb_pipelines.services.crawling import visit_from_json
from arb_pipelines_tests.fakes.clock import SettableClock

SITE = Site("corner", "Corner", "https://corner.example")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def recorder(clock: SettableClock) -> VisitRecorder:
    return VisitRecorder("tick-1", [SITE], clock.now)


def only(recorder: VisitRecorder) -> SiteVisit:
    (visit,) = recorder.visits()
    return visit


def test_a_stored_offer_makes_a_visit_ok(recorder: VisitRecorder, clock: SettableClock) -> None:
    recorder.record_response("corner", 1_000, 0.2)
    recorder.record_response("corner", 500, 0.4)
    recorder.record_page("corner")
    clock.advance(seconds=3)
    recorder.record_offers("corner", 1)
    visit = only(recorder)
    assert (visit.outcome, visit.reason) == (VisitOutcome.OK, None)
    assert (visit.pages, visit.offers, visit.bytes_received, visit.latency_ms) == (1, 1, 1_500, 300)
    assert (visit.finished_at - visit.started_at).total_seconds() == 3


def test_pages_without_an_offer_are_a_failure(recorder: VisitRecorder) -> None:
    recorder.record_page("corner")
    recorder.finish("corner")
    assert (only(recorder).outcome, only(recorder).reason) == (VisitOutcome.FAILED, "no_offers")
    assert only(recorder).latency_ms is None


def test_the_most_frequent_fault_is_told(recorder: VisitRecorder) -> None:
    for reason in ("timeout", "http_503", "http_503"):
        recorder.record_failure("corner", reason)
    assert only(recorder).reason == "http_503"


def test_a_stop_is_told_before_any_fault(recorder: VisitRecorder) -> None:
    for reason in ("timeout", "timeout", "challenge"):
        recorder.record_failure("corner", reason)
    assert only(recorder).reason == "challenge"


def test_an_unfinished_visit_gets_the_reason_of_the_end(recorder: VisitRecorder) -> None:
    recorder.close("deadline")
    assert only(recorder).reason == "deadline"
    recorder.close("interrupted")
    assert only(recorder).reason == "deadline"


def test_the_file_reads_back_as_the_same_visits(recorder: VisitRecorder, tmp_path: Path) -> None:
    recorder.record_failure("corner", "http_404")
    path = tmp_path / "out" / "visits.json"
    write_visits(path, recorder.visits(), complete=True)
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert raw["complete"] is True
    assert [visit_from_json(visit) for visit in raw["visits"]] == recorder.visits()
    assert [entry.name for entry in path.parent.iterdir()] == ["visits.json"]

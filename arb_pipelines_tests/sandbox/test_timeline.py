"""World time against the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.sandbox.timeline import Anchor, Timeline, format_utc, parse_utc
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.sandbox.conftest import STARTED_AT


@pytest.fixture
def timeline(clock: SettableClock) -> Timeline:
    return Timeline([Anchor(STARTED_AT, 0.0, 3600.0)], clock.now)


def test_one_second_is_one_hour_at_the_default_speed(timeline: Timeline, clock: SettableClock) -> None:
    clock.advance(seconds=20)
    assert timeline.now_h() == 20
    assert timeline.real_at(15) == STARTED_AT + timedelta(seconds=15)


def test_a_jump_maps_the_skipped_hours_to_its_moment(timeline: Timeline, clock: SettableClock) -> None:
    clock.advance(seconds=10)
    timeline.jump(100)
    assert timeline.now_h() == 110
    assert timeline.real_at(60) == STARTED_AT + timedelta(seconds=10)
    clock.advance(seconds=5)
    assert timeline.real_at(timeline.now_h()) == clock.now()


def test_history_runs_in_real_hours(timeline: Timeline) -> None:
    assert timeline.real_at(-48) == STARTED_AT - timedelta(days=2)


def test_time_never_runs_backwards(timeline: Timeline, clock: SettableClock) -> None:
    clock.advance(seconds=-60)
    assert timeline.now_h() == 0
    with pytest.raises(ValueError, match="forward"):
        timeline.jump(-1)


def test_published_times_read_back() -> None:
    moment = STARTED_AT + timedelta(milliseconds=42)
    assert format_utc(moment) == "2026-03-01T12:00:00.042Z"
    assert parse_utc(format_utc(moment)) == moment
    assert parse_utc("2026-03-01T13:00:00.042999+01:00") == moment
    with pytest.raises(ValueError, match="zone"):
        parse_utc("2026-03-01T12:00:00")

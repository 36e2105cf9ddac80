"""What a site's next visit remembers: a parking, robots.txt for a day, and where to go on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from arb_pipelines.scraping.site_state import RobotsCopy, SiteState, SiteStates
from arb_pipelines_tests.fakes.clock import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_states_survive_the_process(tmp_path: Path, clock: SettableClock) -> None:
    states = SiteStates(tmp_path)
    state = states.get("corner")
    state.cursor = 7
    state.park(clock.now(), 60, "http_429")
    state.robots["https://corner.example"] = RobotsCopy(200, "User-agent: *", clock.now().isoformat())
    states.save()
    again = SiteStates(tmp_path).get("corner")
    assert again == state
    assert again.parked(clock.now() + timedelta(seconds=59)) == "http_429"
    assert again.parked(clock.now() + timedelta(seconds=60)) is None


def test_robots_are_kept_for_a_day(clock: SettableClock) -> None:
    state = SiteState(robots={"o": RobotsCopy(200, "x", clock.now().isoformat())})
    assert state.fresh_robots("o", clock.now() + timedelta(hours=23)) is not None
    assert state.fresh_robots("o", clock.now() + timedelta(hours=24)) is None
    assert state.fresh_robots("o", clock.now() - timedelta(hours=1)) is None
    assert state.fresh_robots("other", clock.now()) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cursor": "x"}', '{"cursor": 1, "robots": 3}'])
def test_a_broken_file_is_an_empty_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "corner.json").write_text(text, encoding="utf-8")
    assert SiteStates(tmp_path).get("corner") == SiteState()


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    states = SiteStates(None)
    states.get("corner").cursor = 1
    states.save()
    assert SiteStates(None).get("corner").cursor == 0

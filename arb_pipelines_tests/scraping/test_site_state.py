"""What a site's next visit remembers: a parking, robots.txt for a day, and where to go on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from arb_pipelines.domain.circuit_breaker import CircuitState
from arb_pipelines.domain.site import Site, SiteVisit, VisitOutcome
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


def visit(clock: SettableClock, reason: str | None, unchanged: int = 0) -> SiteVisit:
    outcome = VisitOutcome.FAILED if reason else VisitOutcome.OK
    return SiteVisit("corner", "t", clock.now(), clock.now(), outcome, reason, 1, 0, 0, None, unchanged)


def test_the_circuit_opens_over_visits_and_processes(tmp_path: Path, clock: SettableClock) -> None:
    site = Site("corner", "Corner", "https://corner.example", interval_s=300)
    for _ in range(3):
        assert SiteStates(tmp_path).get("corner").refusal(clock.now()) is None
        states = SiteStates(tmp_path)
        states.learn([visit(clock, "http_500")], [site])
        states.save()
        clock.advance(seconds=300)
    state = SiteStates(tmp_path).get("corner")
    assert state.refusal(clock.now()) == "circuit_open"
    assert state.refused_until(clock.now()) == state.circuit.open_until
    clock.advance(seconds=600)
    assert state.refusal(clock.now()) is None
    assert state.refused_until(clock.now()) is None
    assert state.circuit.state(clock.now()) is CircuitState.HALF_OPEN


@pytest.mark.parametrize("broken", [{}, {"circuit": None}, {"circuit": {"failures": "x"}}])
def test_a_broken_circuit_keeps_the_robots_copy(tmp_path: Path, broken: dict[str, object]) -> None:
    robots = {"o": {"status": 200, "text": "x", "fetched_at": "2026-01-01T00:00:00+00:00"}}
    told = {"cursor": 2, "parked_until": None, "parked_reason": None, "robots": robots, **broken}
    (tmp_path / "corner.json").write_text(json.dumps(told), encoding="utf-8")
    state = SiteStates(tmp_path).get("corner")
    assert (state.cursor, list(state.robots)) == (2, ["o"])
    assert state == replace(SiteState(), cursor=2, robots=state.robots)


def test_one_process_at_a_time_holds_a_host(tmp_path: Path) -> None:
    holder = (
        "import sys, pathlib; from arb_pipelines.scraping.site_state import SiteStates;"
        "states = SiteStates(pathlib.Path(sys.argv[1])); print(states.hold('a', 'shop.example'), flush=True);"
        "sys.stdin.read()"
    )
    states = SiteStates(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "True\n"
        assert not states.hold("b", "shop.example")
        assert states.hold("c", "other.example")
        states.get("b").cursor = 9
        states.save()
        child.stdin.close()
    assert not (tmp_path / "b.json").exists(), "the state of a site that another process holds was written"
    states.release()
    assert states.hold("b", "shop.example"), "the lock outlived its process"
    states.release()


def test_without_a_folder_nothing_is_locked() -> None:
    assert SiteStates(None).hold("a", "shop.example")
    assert SiteStates(None).hold("b", "shop.example")


def test_a_lock_that_cannot_be_made_is_not_held(tmp_path: Path) -> None:
    states = SiteStates(tmp_path / "states")
    (tmp_path / "states").rmdir()
    assert not states.hold("a", "shop.example")

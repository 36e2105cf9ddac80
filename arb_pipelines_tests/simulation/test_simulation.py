"""A thousand simulated days without one broken invariant, beside baselines that break them in the same world."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.simulation.baselines import BASELINES
from arb_pipelines_tests.simulation.running import simulate
from arb_pipelines_tests.simulation.world import World

DAYS, DAYS_A_SEED = 1_000, 2
PARTS = 4


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_days_without_a_violation(part: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Crashes, lost and late answers, wrong clocks, outages and switches; the rate is printed."""
    seeds = DAYS // DAYS_A_SEED // PARTS
    figures = simulate(range(part * seeds, (part + 1) * seeds), DAYS_A_SEED)
    with capsys.disabled():
        rate = figures.as_json()["days_per_cpu_s"]
        print(f"\n{figures.days:.0f} simulated days, {figures.deaths} deaths, {rate} days per CPU-second")
    assert figures.by_name == {}, f"seed {figures.first_failed_seed}"
    assert figures.days == DAYS / PARTS
    # A world in which nothing happens proves nothing.
    assert figures.deaths > 10 * figures.seeds
    assert figures.orders > 3 * figures.seeds
    assert figures.sales > figures.seeds
    assert figures.messages > figures.seeds
    assert min(figures.clock_jumps, figures.outages, figures.switch_flips) > figures.seeds / 2


@pytest.mark.parametrize("name", list(BASELINES))
def test_what_everybody_writes_first_breaks_the_same_rules(name: str) -> None:
    """The harness can see a double order and an order that no book knows."""
    figures = simulate(range(10), stop_at_first=False, world=BASELINES[name])
    assert figures.double_orders > 0
    assert figures.untracked_orders > 0
    assert figures.failed_seeds >= 5


def test_a_seed_makes_the_same_world_twice() -> None:
    """A failure can be looked at again."""
    first, second = (simulate(range(3)).as_json() for _ in range(2))
    timed = {"cpu_s", "days_per_cpu_s"}
    assert {key: first[key] for key in first.keys() - timed} == {key: second[key] for key in second.keys() - timed}


def test_another_seed_makes_another_world() -> None:
    """The seeds are not all the same day."""
    worlds = [World(seed) for seed in range(3)]
    for world in worlds:
        world.run(1)
    assert len({world.crew.turns for world in worlds}) == 3

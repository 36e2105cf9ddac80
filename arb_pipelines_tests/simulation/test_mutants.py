"""The simulator catches mistakes that somebody may make: at least 95 of 100 of them."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.simulation.mutants import MUTANTS, catch

SEEDS = range(100)
LEAST_SHARE = 0.95


@pytest.mark.timeout(900)
def test_nearly_every_mutant_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    """Each within a hundred two-day worlds; the unpatched code passes the same seeds in `test_simulation.py`."""
    needed = {name: catch(name, SEEDS) for name in MUTANTS}
    caught = {name: number for name, number in needed.items() if number is not None}
    with capsys.disabled():
        print(f"\n{len(caught)} of {len(needed)} mutants caught; missed: {sorted(needed.keys() - caught.keys())}")
    assert len(needed) >= 20
    assert len(caught) >= LEAST_SHARE * len(needed)


def test_a_patch_ends_with_its_context() -> None:
    """A mutant leaves the real code as it was."""
    assert catch("ignore_buy_switch", SEEDS) is not None
    from arb_pipelines_tests.simulation.running import seeds_to_catch

    assert seeds_to_catch(range(2)) is None

"""Seeded mistakes in the real code: the simulator must catch them.

What belongs here: running one. A mutant changes what a service, a rule or a store does while its context is open;
nothing else knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from arb_pipelines_tests.simulation import mutants_buying, mutants_messaging, mutants_selling
from arb_pipelines_tests.simulation.mutation import MUTANTS
from arb_pipelines_tests.simulation.running import seeds_to_catch

REGISTERED = (mutants_buying, mutants_selling, mutants_messaging)


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Run with one mistake."""
    with ExitStack() as stack:
        MUTANTS[name](stack)
        yield


def catch(name: str, seeds: Sequence[int], days: float = 2.0) -> int | None:
    """Return how many worlds it took to catch a mutant, or None."""
    with mutated(name):
        return seeds_to_catch(seeds, days)

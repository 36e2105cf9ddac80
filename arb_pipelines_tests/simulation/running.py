"""Many seeds, and what they add up to.

What belongs here: running worlds and counting. Which code runs in them is changed by `mutants.py` and `baselines.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import process_time
from typing import Any
from unittest import mock

from arb_pipelines.domain.listing import ProductFacts
from arb_pipelines.services import listing_drafts
from arb_pipelines_tests.simulation.terms import PRODUCTS, schedules
from arb_pipelines_tests.simulation.world import World


@dataclass
class Figures:
    """Sums over worlds. `days` counts the days under fire, not the three and a half of coming to rest."""

    days: float = 0.0
    seeds: int = 0
    violations: int = 0
    failed_seeds: int = 0
    deaths: int = 0
    clock_jumps: int = 0
    outages: int = 0
    switch_flips: int = 0
    claims: int = 0
    orders: int = 0
    sales: int = 0
    messages: int = 0
    steps: int = 0
    checks: int = 0
    double_orders: int = 0
    untracked_orders: int = 0
    cpu_s: float = 0.0
    by_name: dict[str, int] = field(default_factory=dict)
    first_failed_seed: int | None = None

    def add(self, world: World, found: Counter[str], seed: int, days: float) -> None:
        """Count one world."""
        self.days += days
        self.seeds += 1
        self.violations += sum(found.values())
        self.failed_seeds += bool(found)
        if found and self.first_failed_seed is None:
            self.first_failed_seed = seed
        self.by_name = dict(Counter(self.by_name) + found)
        for name in ("clock_jumps", "outages", "switch_flips", "claims"):
            setattr(self, name, getattr(self, name) + world.events[name])
        self.deaths += world.crew.deaths
        self.steps += world.crew.turns
        self.checks += world.judge.checks
        self.orders += sum(len(shop.landed) for shop in world.shops.values())
        self.sales += len(world.outlet.orders)
        self.messages += len(world.books.outbox.rows)
        self.double_orders += sum(
            len(shop.orders_of(key)) - 1 for shop in world.shops.values() for key in shop.by_purchase
        )
        self.untracked_orders += found["I8_order_not_in_the_books"]

    def as_json(self) -> dict[str, Any]:
        """Return the figures with simulated days per CPU-second."""
        rounded = {"cpu_s": round(self.cpu_s, 2), "days_per_cpu_s": round(self.days / max(self.cpu_s, 0.001), 2)}
        return asdict(self) | rounded


@contextmanager
def facts_from_memory() -> Iterator[None]:
    """Let the product facts come from memory: they never change here, and a data frame a cycle costs a tenth."""
    facts = {f"product-{n}": ProductFacts(f"Thing {n}", "Kitchen") for n in range(PRODUCTS)}
    schedules()
    with mock.patch.object(listing_drafts, "load_facts", return_value=facts):
        yield


def simulate(
    seeds: Iterable[int], days: float = 2.0, *, stop_at_first: bool = True, world: type[World] = World
) -> Figures:
    """Run one world a seed.

    Args:
        seeds: which worlds.
        days: how many simulated days each lives.
        stop_at_first: end a world with its first violation, else count them all.
        world: the kind of world.
    """
    figures = Figures()
    with facts_from_memory():
        for seed in seeds:
            began_s = process_time()
            one = world(seed)
            found = one.run(days, stop_at_first=stop_at_first)
            figures.cpu_s += process_time() - began_s
            figures.add(one, found, seed, days)
    return figures


def seeds_to_catch(seeds: Iterable[int], days: float = 2.0) -> int | None:
    """Return how many worlds were needed until one was wrong, or None."""
    with facts_from_memory():
        for number, seed in enumerate(seeds, 1):
            if World(seed).run(days):
                return number
    return None

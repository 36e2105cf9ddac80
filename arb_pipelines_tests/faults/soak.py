"""Many rounds of killed workers on both databases, the failing baselines beside them, as one JSON object.

What belongs here: the command. `python -m arb_pipelines_tests.faults.soak --rounds 1000` splits the rounds over the
databases in batches of a hundred, each with books, a marketplace and a seed of its own, and each with another fault
met often. A violation exits with 1 and is told with its store, seed, fault and SKUs; so does a baseline that has none.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from arb_pipelines_tests.faults.baselines import DESIGNS
from arb_pipelines_tests.faults.databases import Databases, open_databases
from arb_pipelines_tests.faults.rounds import Figures, run_rounds
from arb_pipelines_tests.faults.wire import Fault

BATCH, BASELINE_KILLS = 100, 40
# Each baseline meets often what it cannot stand: with few orders one of them passed by luck.
BASELINE_OFTEN = {"new_sku_each_time": Fault.DROP_AFTER}
OFTEN = (Fault.NONE, Fault.TWICE, Fault.DROP_AFTER, Fault.LATE)


@dataclass(frozen=True, slots=True)
class Batch:
    """One run of rounds; `seed` and `often` make its faults again."""

    store: str
    seed: int
    design: str
    kills: int
    often: Fault = Fault.NONE


def plan(stores: Sequence[str], kills: int, seed: int) -> list[Batch]:
    """Return our batches and each baseline, by database."""
    planned = []
    share = -(-kills // len(stores))
    for store in stores:
        sizes = [min(BATCH, share - begun) for begun in range(0, share, BATCH)]
        planned += [Batch(store, seed + n, "ours", size, OFTEN[n % len(OFTEN)]) for n, size in enumerate(sizes)]
        for design in DESIGNS:
            often = BASELINE_OFTEN.get(design, Fault.LATE)
            planned.append(Batch(store, seed, design, min(BASELINE_KILLS, share), often))
    return planned


def soak(databases: Databases, kills: int, seed: int, at_once: int) -> dict[str, Any]:
    """Return the figures of our design and of each baseline, by database."""
    planned, one_migrates = plan(databases.stores, kills, seed), threading.Lock()

    def run(batch: Batch) -> Figures:
        with one_migrates:
            url = databases.migrated(batch.store)
        figures = run_rounds(url, batch.seed, batch.design, batch.kills, batch.often)
        said = explain(batch, figures) if batch.design == "ours" else None
        print(f"{batch}: {figures.kills} killed in {figures.seconds:.0f} s", file=sys.stderr, flush=True)
        print(f"VIOLATION {json.dumps(said)}\n" if said else "", end="", file=sys.stderr, flush=True)
        return figures

    with ThreadPoolExecutor(at_once) as pool:
        done = list(zip(planned, pool.map(run, planned), strict=True))
    return {
        store: {
            design: sum_up([(batch, run) for batch, run in done if (batch.store, batch.design) == (store, design)])
            for design in ("ours", *DESIGNS)
        }
        for store in databases.stores
    }


def explain(batch: Batch, run: Figures) -> dict[str, Any] | None:
    """Return all that is known of what went wrong in a run, None if nothing did."""
    wrong = run.verdict.violations() | {
        name: value for name in ("errors", "alarms", "broken_while_running") if (value := getattr(run, name))
    }
    known = {"orders": run.verdict.orders, "listings": run.verdict.listings, "left": run.left}
    return {**asdict(batch), **wrong, "untracked": run.verdict.untracked, **known} if wrong else None


def sum_up(runs: Iterable[tuple[Batch, Figures]]) -> dict[str, Any]:
    """Return the sums of several runs of one design; `violations` holds each run that had one, as `explain` says."""
    sums: Counter[str] = Counter()
    labels: set[str] = set()
    found = []
    for batch, run in runs:
        verdict = asdict(run.verdict)
        broken = sum((Counter(verdict.pop("broken_invariants")), Counter(run.broken_while_running)), Counter[str]())
        verdict.pop("untracked")
        sums.update(verdict)
        sums.update(broken_invariants=broken.total(), errors=len(run.errors), alarms=len(run.alarms))
        sums.update(rounds=run.rounds, kills=run.kills, kills_from_outside=run.kills_outside)
        sums.update(seconds=round(run.seconds), **{f"fault_{name}": times for name, times in run.faults.items()})
        labels |= set(run.labels_killed_at)
        found += [said] if (said := explain(batch, run)) else []
    return {**sums, "distinct_failpoints": len(labels), "violations": found}


def is_as_claimed(figures: Mapping[str, Any]) -> bool:
    """Return whether our design has no violation and each baseline has."""
    return all(bool(figures[design]["violations"]) is (design != "ours") for design in ("ours", *DESIGNS))


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="how many workers are killed in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2, help="how many batches run at a time; they mostly wait")
    chosen = parser.parse_args()
    with open_databases() as databases:
        result = soak(databases, chosen.rounds, chosen.seed, chosen.at_once)
    print(json.dumps({"seed": chosen.seed, "stores": result}, indent=1))
    sys.exit(0 if all(is_as_claimed(figures) for figures in result.values()) else 1)


if __name__ == "__main__":
    main()

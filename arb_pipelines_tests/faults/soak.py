"""Many rounds of killed workers on both databases, the failing baselines beside them, as one JSON object.

What belongs here: the command. `python -m arb_pipelines_tests.faults.soak --rounds 1000` splits the rounds over the
databases in batches of a hundred, each with books, a marketplace and a seed of its own; a violation exits with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from arb_pipelines_tests.faults.baselines import DESIGNS
from arb_pipelines_tests.faults.databases import Databases, open_databases
from arb_pipelines_tests.faults.rounds import Figures, run_rounds

BATCH, BASELINE_KILLS = 100, 40


def sum_up(runs: Iterable[Figures]) -> dict[str, Any]:
    """Return the sums of several runs of one design."""
    sums: Counter[str] = Counter()
    labels: set[str] = set()
    errors: list[str] = []
    broken: Counter[str] = Counter()
    for run in runs:
        verdict = asdict(run.verdict)
        broken.update(verdict.pop("broken_invariants"))
        broken.update(run.broken_while_running)
        sums.update(verdict)
        sums.update(kills=run.kills, kills_from_outside=run.kills_outside, seconds=round(run.seconds))
        sums.update({f"fault_{name}": times for name, times in run.faults.items()})
        labels |= set(run.labels_killed_at)
        errors += [*run.errors, *run.alarms]
    return {**sums, "distinct_failpoints": len(labels), "errors_and_alarms": errors, "broken_invariants": dict(broken)}


def soak(databases: Databases, kills: int, seed: int) -> dict[str, Any]:
    """Return the figures of our design and of each baseline, by database."""
    result: dict[str, Any] = {}
    share = -(-kills // len(databases.stores))
    for store in databases.stores:
        sizes = [min(BATCH, share - begun) for begun in range(0, share, BATCH)]
        runs = []
        for number, size in enumerate(sizes):
            runs.append(run_rounds(databases.migrated(store), seed + number, "ours", size))
            print(f"{store}: {sum(run.kills for run in runs)} of {share} workers killed", file=sys.stderr)
        result[store] = {"ours": sum_up(runs)}
        for design in DESIGNS:
            print(f"{store}: baseline {design}", file=sys.stderr)
            baseline = run_rounds(databases.migrated(store), seed, design, min(BASELINE_KILLS, share))
            result[store][design] = sum_up([baseline])
    return result


VIOLATIONS = (
    "double_purchases",
    "lost_purchases",
    "imagined_purchases",
    "spent_over_limit_minor",
    "left_open",
    "book_differs_minor",
    "untraced_purchases",
    "units_listed_twice",
    "untracked_listings",
)


def is_clean(figures: dict[str, Any]) -> bool:
    """Return whether summed figures hold no violation."""
    return not any(figures[name] for name in VIOLATIONS) and not figures["broken_invariants"]


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="how many workers are killed in all")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with open_databases() as databases:
        result = soak(databases, chosen.rounds, chosen.seed)
    print(json.dumps({"seed": chosen.seed, "stores": result}, indent=1))
    sys.exit(0 if all(is_clean(figures["ours"]) for figures in result.values()) else 1)


if __name__ == "__main__":
    main()

"""Simulated days: how many a CPU-second, what was broken in them, and what three naive buyers break in the same ones.

Run `python benchmarks/simulation.py --json [--days 1000] [--baseline-seeds 20] [--mutant-seeds 100]`. The simulator
is `arb_pipelines_tests/simulation`; a day is one under crashes, lost and late answers, wrong clocks and outages. The
zero of the real code stands beside the double and untracked orders of the baselines and the mutants that were caught.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the simulator belongs to the tests, not to the package

from arb_pipelines_tests.simulation.baselines import BASELINES
from arb_pipelines_tests.simulation.mutants import MUTANTS, catch
from arb_pipelines_tests.simulation.running import Figures, simulate

SHOWN = (
    "days", "seeds", "violations", "failed_seeds", "double_orders", "untracked_orders", "orders", "sales", "deaths",
    "clock_jumps", "outages", "switch_flips", "steps", "checks", "cpu_s", "days_per_cpu_s",
)  # fmt: skip


def shown(figures: Figures) -> dict[str, Any]:
    """Return the figures that are compared."""
    every = figures.as_json()
    return {name: every[name] for name in SHOWN}


def measure(days: int, baseline_seeds: int, mutant_seeds: int) -> dict[str, Any]:
    """Return the figures of the real code, of each baseline and of the mutants."""
    caught = {name: catch(name, range(mutant_seeds)) for name in MUTANTS}
    return {
        "python": platform.python_version(),
        "real_code": shown(simulate(range(days // 2))),
        "baselines": {
            name: shown(simulate(range(baseline_seeds), stop_at_first=False, world=world))
            for name, world in BASELINES.items()
        },
        "mutants": {
            "of": len(caught),
            "caught": sum(number is not None for number in caught.values()),
            "seeds_needed": caught,
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--days", type=int, default=1_000)
    parser.add_argument("--baseline-seeds", type=int, default=20)
    parser.add_argument("--mutant-seeds", type=int, default=100)
    given = parser.parse_args()
    figures = measure(given.days, given.baseline_seeds, given.mutant_seeds)
    if given.json:
        print(json.dumps(figures))
        return
    for name, row in {"real code": figures["real_code"], **figures["baselines"]}.items():
        print(
            f"{name:24} {row['days']:7.0f} days {row['violations']:6} violations "
            f"{row['double_orders']:4} double orders {row['untracked_orders']:4} untracked "
            f"{row['days_per_cpu_s']:6.1f} days/CPU-s"
        )
    print(f"mutants caught: {figures['mutants']['caught']} of {figures['mutants']['of']}")


if __name__ == "__main__":
    main()

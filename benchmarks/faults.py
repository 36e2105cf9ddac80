"""Killed workers, racing claims and the kill switch on SQLite and PostgreSQL, each beside a baseline that fails.

Usage: python benchmarks/faults.py [--rounds N] [--halts N] [--seed N] [--json]

`rounds` workers are killed with SIGKILL in all, at failpoints and from outside; the baselines meet the same seeds and
the same faults. Every figure of `ours` but the counts of orders, listings, kills and faults must be 0. Seconds of the
kill switch run from calling `halt` to the last claim that still succeeded, while eight processes claim without pause.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines_tests.faults.contests import halt_under_load, race_by_check_then_act, race_for_a_budget
from arb_pipelines_tests.faults.databases import Databases, open_databases
from arb_pipelines_tests.faults.soak import soak

RACE_OFFERS, OFFERS_A_HALT = 96, 60


def contest(databases: Databases, store: str, halts: int) -> dict[str, Any]:
    """Return what eight processes do at one budget and at the kill switch."""
    race = race_for_a_budget(databases.migrated(store), RACE_OFFERS)
    return {
        "race": asdict(race) | {"check_then_act_over_limit_minor": race_by_check_then_act(databases.migrated(store))},
        "kill_switch": asdict(halt_under_load(databases.migrated(store), halts, OFFERS_A_HALT * halts)),
    }


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--halts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object (the default is indented)")
    chosen = parser.parse_args()
    with open_databases() as databases:
        contests = {store: contest(databases, store, chosen.halts) for store in databases.stores}
        killed = soak(databases, chosen.rounds, chosen.seed)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    stores = {store: contests[store] | {"killed_workers": killed[store]} for store in killed}
    result = {"machine": machine, "seed": chosen.seed, "stores": stores}
    print(json.dumps(result, indent=None if chosen.json else 1))


if __name__ == "__main__":
    main()

"""`python -m arb_pipelines_tests.simulation`: simulated days, mutants and baselines, as long as you like.

What belongs here: the command line. Exit code 1 when the real code broke an invariant or too few mutants were caught.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from arb_pipelines_tests.simulation.baselines import BASELINES
from arb_pipelines_tests.simulation.mutants import MUTANTS, catch
from arb_pipelines_tests.simulation.running import Figures, simulate

DAYS_A_SEED = 2


def main(
    days: Annotated[int, typer.Option(min=2, help="Simulated days under fire.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    mutants: Annotated[int, typer.Option(min=0, help="Seeds to catch each mutant with; 0 leaves them out.")] = 0,
    baselines: Annotated[int, typer.Option(min=0, help="Seeds for each failing baseline; 0 leaves them out.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Simulate the trade under crashes, lost answers and wrong clocks, and look for a broken invariant.

    Example: python -m arb_pipelines_tests.simulation --days 10000 --seed 500 --mutants 120 --baselines 20
    """
    real = _simulate(range(seed, seed + days // DAYS_A_SEED))
    report: dict[str, object] = {"real_code": real.as_json()}
    caught = {name: catch(name, range(seed, seed + mutants)) for name in MUTANTS} if mutants else {}
    if caught:
        found = sum(number is not None for number in caught.values())
        report["mutants"] = {"caught": found, "of": len(caught), "seeds_needed": caught}
    for name, world in BASELINES.items() if baselines else ():
        report[name] = simulate(range(seed, seed + baselines), stop_at_first=False, world=world).as_json()
    typer.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))
    missed = sum(number is None for number in caught.values())
    sys.exit(1 if real.violations or missed * 20 > len(caught) else 0)


def _simulate(seeds: range) -> Figures:
    with typer.progressbar(seeds, label="simulating", file=sys.stderr) as shown:
        return simulate(shown)


if __name__ == "__main__":
    typer.run(main)

"""`arb bench matching`: the matcher on labelled pairs of yours, beside TF-IDF and rapidfuzz rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

PairsFile = Annotated[
    Path,
    typer.Option("--pairs", help="Parquet or CSV with columns split (train, valid, test), label, left_*, right_*."),
]
Size = Annotated[
    str | None, typer.Option("--size", help="Of splits such as train_small and train_large, learn from this one only.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
RULES = ("ours", "ours_pair_alone", "tfidf_cosine", "rapidfuzz")
SHOWN = ("f1", "precision", "recall", "recall_at_precision_95", "precision_at_coverage_70")


def matching(pairs: PairsFile, size: Size = None, as_json: AsJson = False) -> None:
    """Learn from the train and valid rows of a pairs file and judge its test rows; thresholds come from valid.

    Figures are in percent. `ours` also looks at the rivals of a pair among all pairs of the file (never at their
    labels); `ours_pair_alone` looks at nothing but the pair.

    Example:

      arb bench matching --pairs pairs.parquet --json
    """
    from arb_pipelines.ml.matching_bench import run_matching_bench
    from arb_pipelines.ml.matching_table import NotPairsError

    typer.echo(f"learning from {pairs} (a minute for 10,000 pairs) ...", err=True)
    try:
        figures = run_matching_bench(pairs, size)
    except NotPairsError as error:
        typer.echo(f"arb bench matching: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(json.dumps(figures) if as_json else _as_table(figures))


def _as_table(figures: dict[str, Any]) -> str:
    lines = [f"{'':18}" + "".join(f"{name:>26}" for name in SHOWN)]
    lines += [f"{rule:18}" + "".join(f"{figures[rule][name]:>26.2f}" for name in SHOWN) for rule in RULES]
    counts = ", ".join(f"{split} {rows}" for split, rows in figures["pairs"].items())
    return "\n".join([*lines, f"pairs: {counts}; {figures['seconds']} s, {figures['pairs_per_s']} pairs/s"])

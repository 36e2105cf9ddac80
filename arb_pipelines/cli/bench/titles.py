"""`arb bench titles`: how often brand and model come right off titles, on makers seen in training and on unseen ones.

What belongs here: the table's columns, who is trained on and who is held out, the figures, and the command. The
reader is `ml/title_extraction.py`, labels and scoring `ml/title_labels.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.bench.files import DataFileError, read_table

if TYPE_CHECKING:
    from arb_pipelines.ml.title_extraction import TitleReader, TitleRecord
    from arb_pipelines.ml.title_labels import LabelledTitle

TITLE_NAMES = ("title", "name", "product_name", "product_title")
BRAND_NAMES = ("brand", "manufacturer", "brand_name", "maker")
MODEL_NAMES = ("modelno", "model", "mpn", "model_no", "model_number", "part_number")
SPELLINGS = {  # of one side's columns, as published pairs files write them
    "left": ("left_{}", "ltable_{}", "l_{}", "{}_left", "{}_l", "{}_1"),
    "right": ("right_{}", "rtable_{}", "r_{}", "{}_right", "{}_r", "{}_2"),
}
MADE_UP_TITLES = 1500  # mixed into the training, so that few makers in a file do not teach their names alone
EXAMPLES = 32_000  # titles times passes of one training
MAKERS = ("seen", "unseen")


@dataclass(frozen=True, slots=True)
class FoldRun:
    """What was read with the makers of one fold held out; both tables by `MAKERS`, times in CPU-seconds."""

    tests: dict[str, list[LabelledTitle]]
    records: dict[str, list[TitleRecord]]
    train_titles: int
    train_brands: int
    unseen_brands: int
    collection_titles: int
    train_cpu_s: float
    study_cpu_s: float
    read_cpu_s: float


def titles(
    pairs: Annotated[
        Path,
        typer.Option(
            help="Parquet, CSV or NDJSON of offer pairs: split (train, valid, test) and, with left_ and right_ in "
            "front (also ltable_ and rtable_, or _left and _right behind), title or name, brand or manufacturer, and "
            "perhaps modelno."
        ),
    ],
    folds: Annotated[
        int,
        typer.Option(min=1, max=5, help="With 5, each maker is unseen once and the counts are added: five trainings."),
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train on titles of the train and valid rows, score those of the test rows, and every title of unseen makers.

    A fifth of the makers (by a hash of the name) is held out of everything: of the training titles, of the list of
    known makers and of the made-up titles. How phrases begin titles and what follows them is counted over every title
    of the file, those of test rows and of unseen makers included, never with their labels. A title counts when it
    contains its label; right is the same letters and digits. A title that stands in train and test rows is used in
    one of them only.

    Example: arb bench titles --pairs pairs.parquet --json
    """
    try:
        labelled = load_labelled(pairs)
    except DataFileError as error:
        typer.echo(f"arb bench titles: {error}", err=True)
        raise typer.Exit(2) from error
    result = measure(labelled, folds)
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def load_labelled(path: Path) -> list[LabelledTitle]:
    """Return the distinct titles of both sides with their labels, if any.

    Raises:
        DataFileError: the file cannot be read, or lacks a column, or no title states a brand.
    """
    import polars as pl

    frame = read_table(path, ("split",))
    rows: dict[str, list[str]] = {}
    splits: dict[str, set[str]] = {}
    sides = _sides(frame.columns)
    if all(brand is None for _, brand, _ in sides):
        raise DataFileError(f"{path}: lacks left_title or left_brand (also: name, manufacturer; right_)")
    for names in sides:
        columns = [
            (pl.lit("") if name is None else pl.col(name).cast(pl.String)).alias(what)
            for what, name in zip(("title", "brand", "model"), names, strict=True)
        ]
        for split, title, brand, model in frame.select("split", *columns).iter_rows():
            known = rows.setdefault(title or "", ["", ""])
            known[:] = [known[0] or brand or "", known[1] or model or ""]
            splits.setdefault(title or "", set()).add(str(split).partition("_")[0])
    return _place(path, rows, splits)


def _place(path: Path, rows: dict[str, list[str]], splits: dict[str, set[str]]) -> list[LabelledTitle]:
    from arb_pipelines.ml.title_labels import LabelledTitle, even

    labelled = [
        LabelledTitle(title, brand, model, "test" in splits[title] and (len(splits[title]) == 1 or even(title)))
        for title, (brand, model) in sorted(rows.items())
        if title
    ]
    if not any(row.brand for row in labelled):
        raise DataFileError(f"{path}: no title has a brand to learn from")
    return labelled


def _sides(columns: Sequence[str]) -> list[list[str | None]]:
    """Return title, brand and model column of each side that has titles; a side without brands is not labelled."""
    groups = (TITLE_NAMES, BRAND_NAMES, MODEL_NAMES)
    sides = [[_column(columns, side, group) for group in groups] for side in SPELLINGS]
    return [names for names in sides if names[0] is not None]


def _column(columns: Sequence[str], side: str, names: Sequence[str]) -> str | None:
    """Return the file's own name of the column, however it writes the side and whatever its capitals."""
    there = {column.lower(): column for column in columns}
    spelt = (form.format(name) for name in names for form in SPELLINGS[side])
    return next((there[name] for name in spelt if name in there), None)


def measure(labelled: Sequence[LabelledTitle], folds: int = 1) -> dict[str, Any]:
    """Return the figures of our reader and of the rule, on seen and unseen makers, over the first folds of makers."""
    from arb_pipelines.ml.title_labels import first_code, first_word

    runs = [read_fold(labelled, fold) for fold in range(folds)]
    first = runs[0]
    result: dict[str, Any] = {
        "folds": folds,
        "train_titles": first.train_titles,
        "train_brands": first.train_brands,
        "unseen_brands": sum(run.unseen_brands for run in runs),
        "collection_titles": first.collection_titles,
        "train_cpu_s": round(sum(run.train_cpu_s for run in runs), 1),
        "study_cpu_s": round(sum(run.study_cpu_s for run in runs), 1),
    }
    rows = {name: [row for run in runs for row in run.tests[name]] for name in MAKERS}
    for name in MAKERS:
        records = [record for run in runs for record in run.records[name]]
        result[name] = _figures(rows[name], [r.brand for r in records], [r.model for r in records])
    count = sum(map(len, rows.values()))
    result["titles_per_cpu_s"] = round(count / max(sum(run.read_cpu_s for run in runs), 1e-9))
    result["rule"] = {
        name: _figures(
            rows[name], [first_word(row.title) for row in rows[name]], [first_code(row.title) for row in rows[name]]
        )
        for name in MAKERS
    }
    return result


def read_fold(labelled: Sequence[LabelledTitle], fold: int) -> FoldRun:
    """Train without the makers of a fold, and read the titles of theirs and the test titles of the others."""
    from arb_pipelines.ml.title_labels import squeeze

    known = [row for row in labelled if row.fold != fold]
    train = [row for row in known if (row.brand or row.model) and not row.in_test]
    met = {squeeze(row.brand) for row in train if row.brand}
    tests = {
        "seen": [row for row in known if row.in_test and squeeze(row.brand) in met],
        "unseen": [row for row in labelled if row.fold == fold],
    }
    started = time.process_time()
    reader = train_reader(train, frozenset(row.brand.lower() for row in tests["unseen"]))
    trained = time.process_time()
    studied = study(reader, [row.title for row in labelled], train)
    begun = time.process_time()
    records = {name: list(reader.read_many([row.title for row in rows])) for name, rows in tests.items()}
    return FoldRun(
        tests,
        records,
        train_titles=len(train),
        train_brands=len(met),
        unseen_brands=len({squeeze(row.brand) for row in tests["unseen"]}),
        collection_titles=len(labelled) if studied else 0,
        train_cpu_s=trained - started,
        study_cpu_s=begun - trained,
        read_cpu_s=time.process_time() - begun,
    )


def train_reader(train: Sequence[LabelledTitle], unseen: frozenset[str]) -> TitleReader:
    """Return a reader trained on these titles and on made-up ones, which never met the unseen makers."""
    from arb_pipelines.ml.title_extraction import TitleReader
    from arb_pipelines.ml.title_grammar import make_titles
    from arb_pipelines.ml.title_labels import mark, plain_name
    from arb_pipelines.ml.title_pipeline import train_pipeline
    from arb_pipelines.ml.title_words import load_list

    marked = [mark(row) for row in train if row.brand]
    mixed = [*marked, *make_titles(MADE_UP_TITLES, seed=1, without=unseen)]
    known = {spelt for row in train if row.brand for spelt in (row.brand, plain_name(row.brand))} | {
        b for b in load_list("title_brands") if b.lower() not in unseen
    }
    passes = max(4, min(10, EXAMPLES // len(mixed)))
    return TitleReader(train_pipeline(mixed, sorted(known), passes=passes))


def study(reader: TitleReader, titles: Sequence[str], train: Sequence[LabelledTitle]) -> bool:
    """Let the reader count phrases in every title of the file (labels only of training titles); False: too few."""
    try:
        reader.study(titles, train)
    except ValueError:
        return False
    return True


def _figures(rows: Sequence[LabelledTitle], brands: Sequence[Any], models: Sequence[Any]) -> dict[str, Any]:
    from dataclasses import asdict

    from arb_pipelines.ml.title_labels import score

    names = [row.title for row in rows]
    return {
        "titles": len(rows),
        "brand": asdict(score([row.brand for row in rows], names, brands)),
        "model": asdict(score([row.model for row in rows], names, models)),
    }


def _print_table(result: dict[str, Any]) -> None:
    from rich.table import Table

    from arb_pipelines.cli.tables import print_table

    title = f"{result['train_titles']} training titles, {result['titles_per_cpu_s']} titles per CPU-second"
    table = Table("makers", "field", "labels", "F1", "precision", "recall", "F1 of the rule", title=title)
    for name in ("seen", "unseen"):
        for what in ("brand", "model"):
            ours, rule = result[name][what], result["rule"][name][what]
            cells = [ours["labels"], ours["f1"], ours["precision"], ours["recall"], rule["f1"]]
            table.add_row(name, what, *("-" if cell is None else str(cell) for cell in cells))
    print_table(table)

"""`arb understand`: what a title says, as the pipeline will read it.

What belongs here: the command alone. spaCy is imported inside the function that needs it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def understand(
    title: Annotated[str, typer.Argument(help="The title of an offer, e.g. 'Sony WH-1000XM4 headphones, like new'.")],
    description: Annotated[str, typer.Option(help="Its description; fills what the title leaves open.")] = "",
    brand: Annotated[list[str] | None, typer.Option(help="A maker to know besides the built-in ones (repeat).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read brand, model, condition, features and quantity off a title; what is not known is null.

    The first call trains the model (about half a minute of one core) and keeps it in the ARB home; later calls load it.

    Example: arb understand "Canon EOS 5D Mark IV DSLR Camera Body Only" --json
    """
    from arb_pipelines.ml.title_store import load_or_train
    from arb_pipelines.settings import Settings

    reader = load_or_train(Settings().home / "models", report=lambda line: typer.echo(line, err=True))
    if brand:
        reader.know(brand)
    record = reader.read(title, description).as_dict()
    if as_json:
        typer.echo(json.dumps(record, ensure_ascii=False))
    else:
        _print_record(record)


def _print_record(record: dict[str, Any]) -> None:
    from rich.table import Table

    from arb_pipelines.cli.tables import print_table

    table = Table("field", "value", "confidence", show_header=True)
    for name in ("brand", "model"):
        table.add_row(name, record[name] or "unknown", f"{record[f'{name}_confidence']:.2f}")
    for name in ("condition_indicators", "key_features"):
        table.add_row(name.replace("_", " "), ", ".join(record[name]) or "none stated", "")
    for name in ("quantity", "size", "colour", "storage", "edition"):
        silent = "contradictory" if name == "quantity" else "not stated"
        table.add_row(name, silent if record[name] is None else str(record[name]), "")
    print_table(table)

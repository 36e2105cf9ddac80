"""`arb bench price-strings`: how often amount and currency come right off price texts, beside price-parser alone.

What belongs here: the table's columns, the scoring, and the command. Reading a text is
`scraping/extraction/price_text.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from arb_pipelines.cli.bench.files import DataFileError, read_table

NEEDED = ("price_raw", "amount", "currency")


@dataclass(frozen=True, slots=True)
class Answer:
    """One reader's answer. `is_flagged` says that a person should look."""

    amount: Decimal | None
    sign: str | None
    is_flagged: bool = False


Reader = Callable[[str, str | None, str | None], Answer]


def price_strings(
    data: Annotated[
        Path,
        typer.Option(
            help="Parquet, CSV or NDJSON with price_raw (the text), amount and currency (the truth, sign as printed), "
            "and perhaps currency_raw (a text beside it) and decimal_separator."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how price texts are read: amounts, currency signs, and what is wrong without a flag.

    A row counts as right when amount (as a number) or currency sign (as text) equals the truth; a truth of null is
    met by no answer. `silently_wrong` are the rows with a wrong amount that carry no flag.

    Example:

        arb bench price-strings --data price_strings.parquet --json
    """
    try:
        rows = load_rows(data)
    except DataFileError as error:
        typer.echo(f"arb bench price-strings: {error}", err=True)
        raise typer.Exit(2) from error
    result = {"rows": len(rows), "ours": measure(rows, read_ours), "price_parser": measure(rows, read_with_parser)}
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def load_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file as dictionaries.

    Raises:
        DataFileError: the file cannot be read, or lacks a column.
    """
    frame = read_table(path, NEEDED)
    if frame.is_empty():
        raise DataFileError(f"{path}: has no rows to measure on")
    texts = [name for name in ("price_raw", "currency_raw", "currency", "decimal_separator") if name in frame.columns]
    return frame.with_columns(frame[name].cast(str) for name in texts).to_dicts()


def read_ours(text: str, hint: str | None, mark: str | None) -> Answer:
    """Return what our reader says."""
    from arb_pipelines.scraping.extraction.price_text import read_price_text

    read = read_price_text(text, currency_hint=hint, decimal_mark=mark)
    return Answer(read.amount, read.sign, read.ambiguous)


def read_with_parser(text: str, hint: str | None, mark: str | None) -> Answer:
    """Return what price-parser says by itself; it flags nothing."""
    from price_parser import Price

    price = Price.fromstring(text, currency_hint=hint, decimal_separator=mark)
    return Answer(price.amount, price.currency)


def measure(rows: Iterable[Mapping[str, Any]], read: Reader) -> dict[str, float | int]:
    """Return the shares of right amounts and currencies, and how many rows are flagged or silently wrong."""
    right_amount = right_currency = flagged = silently_wrong = count = 0
    for row in rows:
        hint, mark = row.get("currency_raw"), row.get("decimal_separator")
        answer = read(row["price_raw"] or "", hint, mark if mark in (".", ",") else None)
        is_right = answer.amount == _number(row["amount"])
        count += 1
        right_amount += is_right
        right_currency += answer.sign == (row["currency"] or None)
        flagged += answer.is_flagged
        silently_wrong += answer.amount is not None and not is_right and not answer.is_flagged
    return {
        "amount": round(right_amount / count, 4) if count else 0.0,
        "currency": round(right_currency / count, 4) if count else 0.0,
        "flagged": flagged,
        "silently_wrong": silently_wrong,
    }


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _print_table(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    from arb_pipelines.cli.tables import print_table

    table = Table("reader", "amount", "currency", "flagged", "silently wrong", title=f"{result['rows']} price texts")
    for reader in ("ours", "price_parser"):
        figures = result[reader]
        table.add_row(reader, *(str(figures[key]) for key in ("amount", "currency", "flagged", "silently_wrong")))
    print_table(table)

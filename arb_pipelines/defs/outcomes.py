"""What the page shows of an acting run: counts, and one row for each thing done or not done with its reason."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

from dagster import MetadataValue, OpExecutionContext

Row = tuple[str, str, str]  # what it is about, a countable word, words for a person

MOST_ROWS = 200


def show_outcomes(context: OpExecutionContext, counts: Mapping[str, int], rows: Iterable[Row]) -> None:
    """Put counts and a table into the op's metadata, and each row that has a reason into the log."""
    shown = list(rows)
    rendered = table(("what", "result", "reason"), shown[:MOST_ROWS])
    context.add_output_metadata({**counts, "outcomes": MetadataValue.md(rendered)})
    for subject, result, reason in shown:
        if reason:
            context.log.info(f"{subject}: {result}: {reason}")


def cell(text: str) -> str:
    """Return text that came from outside as one harmless markdown cell: no markup, no remote image, one line."""
    harmless = str.maketrans({"|": "/", "\n": " ", "<": "(", ">": ")", "[": "(", "]": ")", "!": ".", "`": "'"})
    return text.translate(harmless)[:200]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table of harmless cells."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell(part) for part in row) + " |" for row in rows]
    return "\n".join(lines)


def image(png: bytes) -> str:
    """Return a picture as markdown that the page shows without fetching anything."""
    return f"![plot](data:image/png;base64,{b64encode(png).decode()})"

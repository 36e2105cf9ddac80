"""A report as a person gets it: on the screen, as Markdown, as JSON, as a CSV file and as one HTML page.

What belongs here: the forms. What a report says is a module of its own beside this one. Texts in a report came from
shops and buyers: none of them may become markup, a formula of a spreadsheet, or a request to another machine.
"""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from arb_pipelines.domain.money import Money

MINOR = "_minor"
SHOWN_ROWS = 100
# What makes a spreadsheet take a text for a formula, also in full width, behind blanks, or behind a quote.
FORMULA_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠")
HARMLESS = str.maketrans("|\n\r\t<>[]!`", "/   ‹›().'")  # no markup and no line of its own in Markdown
LONGEST_TEXT = 60  # on the screen and in Markdown; the files hold all of it
NUMBER = ' class="number"'
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1c2733; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d5dce3; }
th { text-align: left; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
img { max-width: 100%; } .wide { overflow-x: auto; }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


Totals = Mapping[str, int | str | None]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One report: totals, a table, a picture.

    `name` is the stem of its files. Columns of `table` that end in `_minor` are minor units of `currency` and are
    shown as amounts; `plot` is a PNG.
    """

    name: str
    title: str
    currency: str
    totals: Totals
    table: pl.DataFrame
    plot: bytes

    def heads(self) -> list[str]:
        """Return the names of the columns as they are shown."""
        return [name.removesuffix(MINOR) for name in self.table.columns]

    def rows(self) -> list[list[int | float | str | None]]:
        """Return the rows as they are shown: amounts as decimal text, days as ISO text."""
        return [[self._shown(name, value) for name, value in row.items()] for row in self.table.iter_rows(named=True)]

    def _shown(self, name: str, value: Any) -> int | float | str | None:
        if value is not None and name.endswith(MINOR):
            return Money(value, self.currency).text
        return value.isoformat() if isinstance(value, date) else value

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        heads = self.heads()
        rows = [dict(zip(heads, row, strict=True)) for row in self.rows()]
        return {"report": self.name, "currency": self.currency, "totals": dict(self.totals), "rows": rows}

    def to_text(self) -> str:
        """Return totals and table for a screen, at most 100 rows, in columns of blanks."""
        told = [f"{_words(name)}: {_cell(value)}" for name, value in self.totals.items()]
        rows = [[_words(head) for head in self.heads()], *([_cell(v) for v in row] for row in self.rows()[:SHOWN_ROWS])]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        columns = list(zip(widths, self._numeric(), strict=True))
        lines = [
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for cell, (width, number) in zip(row, columns, strict=True)
            ).rstrip()
            for row in rows
        ]
        table = [*lines, *self._more()] if self.table.height else ["nothing to show"]
        return "\n".join([f"{self.title}, amounts in {self.currency}", *told, "", *table])

    def _more(self) -> list[str]:
        left = self.table.height - SHOWN_ROWS
        return [f"\n{left} more rows"] if left > 0 else []

    def to_markdown(self) -> str:
        """Return the table in Markdown, at most 100 rows."""
        heads = self.heads()
        lines = [f"| {' | '.join(heads)} |", f"|{'|'.join('--:' if n else '--' for n in self._numeric())}|"]
        lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in self.rows()[:SHOWN_ROWS]]
        return "\n".join([*lines, *self._more()])

    def to_csv(self) -> str:
        """Return the table as CSV; a text that a spreadsheet would take for a formula begins with an apostrophe."""
        texts = [kind == pl.String() for kind in self.table.dtypes]
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\r\n")
        writer.writerow(self.heads())
        for row in self.rows():
            writer.writerow([_inert(value) if text else value for value, text in zip(row, texts, strict=True)])
        return written.getvalue()

    def to_html(self) -> str:
        """Return one page that needs nothing else and asks no other machine for anything."""
        told = [(escape(_words(name)), _td(value, True)) for name, value in self.totals.items()]
        totals = "".join(f"<tr><th>{name}</th>{value}</tr>" for name, value in told)
        heads = "".join(
            f"<th{NUMBER if number else ''}>{escape(_words(head))}</th>"
            for head, number in zip(self.heads(), self._numeric(), strict=True)
        )
        rows = "".join(f"<tr>{self._html_row(row)}</tr>" for row in self.rows())
        plot = b64encode(self.plot).decode()
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}"><style>{STYLE}</style></head>\n'
            f"<body><h1>{escape(self.title)}</h1>\n<p>Amounts in {escape(self.currency)}.</p>\n"
            f"<table>{totals}</table>\n"
            f'<img alt="{escape(self.title)}" src="data:image/png;base64,{plot}">\n'
            f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
            "</body></html>\n"
        )

    def _html_row(self, row: Sequence[int | float | str | None]) -> str:
        return "".join(_td(value, number) for value, number in zip(row, self._numeric(), strict=True))

    def _numeric(self) -> list[bool]:
        return [kind.is_numeric() for kind in self.table.dtypes]

    def write(self, folder: Path) -> list[Path]:
        """Write `<name>.csv` and `<name>.html` into a folder and return both; each appears complete or not at all.

        Raises:
            OSError: the folder cannot be written to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for suffix, text in ((".csv", self.to_csv()), (".html", self.to_html())):
            path, part = folder / f"{self.name}{suffix}", folder / f".{self.name}{suffix}.part"
            part.write_text(text, encoding="utf-8", newline="")
            part.replace(path)
            written.append(path)
        return written


def _inert(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    bare = value.lstrip(" \u00a0\ufeff\"'")
    return f"'{value}" if value[:1] in FORMULA_STARTS or bare[:1] in FORMULA_STARTS else value


def _td(value: Any, number: bool) -> str:
    shown = "-" if value is None else escape(str(value))
    return f"<td{NUMBER if number else ''}>{shown}</td>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    text = str(value).translate(HARMLESS)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"

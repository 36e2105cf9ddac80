"""A report's forms: exact amounts, and no text of a stranger that does anything."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.reports.page import ReportPage

PNG = b"\x89PNG"
FORMULAS = [
    f"{blank}{start}{rest}"
    for start in ("=", "+", "-", "@", "|", "%", "＝", "＋")
    for blank, rest in (
        ("", "1+1"),
        ("", 'HYPERLINK("https://evil.example","x")'),
        (" ", "cmd|' /C calc'!A0"),
        ('"', "A1"),
    )
] + ["\t=1", "\r=1", "\n=1", "\u00a0=1", "'=1", "\ufeff=1", "=", "-"]


def page(*titles: str) -> ReportPage:
    table = pl.DataFrame(
        {
            "title": list(titles),
            "day": [date(2026, 1, 5)] * len(titles),
            "units": [-3] * len(titles),
            "profit_minor": [-1_205] * len(titles),
        }
    )
    return ReportPage("a_report", "A report", "USD", {"orders": 1, "through": None, "<i>": "<script>"}, table, PNG)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_the_csv_is_a_formula(text: str) -> None:
    """A text begins with an apostrophe; numbers of ours stay numbers."""
    rows = list(csv.reader(io.StringIO(page(text).to_csv(), newline="")))
    assert rows[0] == ["title", "day", "units", "profit"]
    assert rows[1] == [f"'{text}", "2026-01-05", "-3", "-12.05"]


def test_a_plain_text_stays_as_it_is() -> None:
    """Quotes, commas and line ends survive."""
    text = 'A "kettle", 1.7 l\nsilver'
    assert list(csv.reader(io.StringIO(page(text).to_csv(), newline="")))[1][0] == text


def test_the_html_page_runs_and_fetches_nothing() -> None:
    """Texts are text, the picture is inside."""
    html = page('<img src=x onerror="alert(1)">', "</td><script>alert(1)</script>").to_html()
    assert "<script" not in html
    assert "<img src" not in html
    assert html.count("<img ") == 1
    assert "data:image/png;base64," in html
    assert "default-src &#x27;none&#x27;" in html
    assert "-12.05" in html


def test_markdown_holds_no_markup_of_others() -> None:
    """No remote image, no cell more, no line more."""
    lines = page("![x](https://evil.example/a.png)|<b>\nb").to_markdown().splitlines()
    assert len(lines) == 3
    assert not set("![]<>`") & set(lines[2])
    assert lines[2].count("|") == 5
    assert "1 more rows" in page(*["x"] * 101).to_markdown()


def test_the_screen_has_columns_and_the_currency() -> None:
    """Numbers end below each other; a long text is cut, a path keeps its steps, nothing begins a line."""
    lines = page("Home > Tea", "A\nlong " + "x" * 99).to_text().splitlines()
    assert lines[:3] == ["A report, amounts in USD", "orders: 1", "through: -"]
    head, first, second = lines[-3:]
    assert head.split() == ["title", "day", "units", "profit"]
    assert first.startswith("Home › Tea  ")
    assert second[:61].rstrip() == "A long " + "x" * 52 + "…"
    assert {len(head), len(first), len(second)} == {len(head)}
    assert page().to_text().endswith("nothing to show")
    assert page(*["x"] * 101).to_text().endswith("1 more rows")


def test_json_has_exact_amounts() -> None:
    """As decimal text."""
    told = page("x").to_json()
    assert told["rows"] == [{"title": "x", "day": "2026-01-05", "units": -3, "profit": "-12.05"}]
    assert told["totals"]["through"] is None


def test_both_files_are_written(tmp_path: Path) -> None:
    """And no half of one is left."""
    written = page("x").write(tmp_path / "reports")
    assert [path.name for path in written] == ["a_report.csv", "a_report.html"]
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == ["a_report.csv", "a_report.html"]

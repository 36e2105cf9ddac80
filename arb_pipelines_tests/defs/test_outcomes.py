"""What acting runs show on the page is harmless, whatever a shop wrote."""

from __future__ import annotations

import pytest

from arb_pipelines.defs.outcomes import cell, image, table


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "![x](http://evil.example/a.png)",
        "[click](javascript:alert(1))",
        "a|b\n|c|",
        "`x`",
    ],
)
def test_a_cell_cannot_break_out(text: str) -> None:
    """No markup, no link, no picture, no new row."""
    assert not set(cell(text)) & set("<>[]!|\n`")


def test_a_table_has_one_line_a_row() -> None:
    """Heads, rule, rows."""
    assert table(("a", "b"), [("1", "2\n3")]) == "| a | b |\n|---|---|\n| 1 | 2 3 |"


def test_a_picture_is_inline() -> None:
    """The page fetches nothing."""
    assert image(b"png").startswith("![plot](data:image/png;base64,")

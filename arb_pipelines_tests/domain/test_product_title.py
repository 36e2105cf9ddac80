"""Titles on which nothing may be built."""

import pytest

from arb_pipelines.domain.product_title import refuse_title


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("Table Lamp", None),
        ("Lampe à poser & abat-jour, 60 W < 80 W", None),
        ("Table Lamp настольная лампа", None),
        ("", "empty"),
        (None, "empty"),
        ("😀 🎁!!", "empty"),
        ("x" * 10_000, "too_long"),
        ("<b>Lamp</b>", "markup"),
        ("Lamp &amp; Shade", "markup"),
        ("Сanon lens", "mixed_scripts"),
    ],
)
def test_refuse_title(title, reason):
    assert refuse_title(title) == reason

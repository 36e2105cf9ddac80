"""Which differences are drift, on a saved and on a live page."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.learning.drift import compare_records

EXPECTED = {"name": "Kettle", "price": "12.50", "availability": "InStock", "mpn": None}


@pytest.mark.parametrize(
    ("changes", "live", "drift"),
    [
        ({}, True, {}),
        ({"price": "11.00"}, True, {"price": False}),
        ({"price": "11.00"}, False, {"price": True}),
        ({"price": None}, True, {"price": True}),
        ({"name": "Pan"}, True, {"name": True}),
        ({"availability": "OutOfStock"}, True, {"availability": False}),
        ({"mpn": "K-1"}, True, {"mpn": False}),
        ({"brand": "Acme"}, False, {}),
    ],
)
def test_differences(changes: dict[str, str | None], live: bool, drift: dict[str, bool]) -> None:
    found = compare_records(EXPECTED, {**EXPECTED, **changes}, live)
    assert {each.field: each.is_drift for each in found} == drift

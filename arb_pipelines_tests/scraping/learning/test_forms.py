"""From raw text to value: which forms are recognised, and what they read on another page."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.learning.forms import Form, forms_for


@pytest.mark.parametrize(
    ("raw", "value", "other", "read"),
    [
        ("Blue Kettle", "Blue Kettle", "Iron Pan", "Iron Pan"),
        (": Hachette", "Hachette", ": Zebra", "Zebra"),
        ("SKU: A-1 (new)", "A-1", "SKU: B-2 (new)", "B-2"),
        ("Blue Kettle | Corner Shop", "Blue Kettle", "Iron Pan | Corner Shop", "Iron Pan"),
        ("1.234,50 €", "1234.50", "7,00 €", "7"),
        ("Now $12.99", "12.99", "Now $1,300.00", "1300"),
        ("978-0-316-12558-1", "9780316125581", "978 0 439 02348 1", "9780439023481"),
        ("star-rating Three", "3", "star-rating Five", "5"),
        ("https://schema.org/InStock", "InStock", "https://schema.org/OutOfStock", "OutOfStock"),
    ],
)
def test_a_form_carries_over(raw: str, value: str, other: str, read: str) -> None:
    assert read in [form.read(other) for form in forms_for(raw, value)]


@pytest.mark.parametrize(
    ("raw", "value"), [("1234", "23"), ("Kettles", "Kettle"), ("a" * 400 + " x y", "x y"), ("", "x"), ("x", "")]
)
def test_a_text_that_only_happens_to_hold_the_value_has_no_form(raw: str, value: str) -> None:
    assert list(forms_for(raw, value)) == []


def test_a_missing_affix_is_no_value() -> None:
    assert Form("text", before="by ").read("Ada Stone") is None
    assert Form("text", after=" | ").read("Ada Stone") is None
    assert Form("number").read("call us") is None

"""The ledger: lines sum exactly to the total, and survive JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.decision_record import DecisionRecord, DecisionRecordError, Line
from arb_pipelines.domain.money import Money

LINES = (
    Line("price", Money(2000, "USD"), "sale.price"),
    Line("fee", Money(-433, "USD"), "category.books", "some_schedule", "1"),
)


def test_a_total_that_the_lines_do_not_make_is_refused():
    with pytest.raises(DecisionRecordError, match=r"sum to 15\.67 USD, not to 15\.68 USD"):
        DecisionRecord("net", LINES, Money(1568, "USD"))


def test_lines_of_another_currency_are_refused():
    with pytest.raises(DecisionRecordError, match="not in EUR"):
        DecisionRecord("net", LINES, Money(1567, "EUR"))


def test_printing_shows_each_line_with_its_rule_and_schedule():
    text = str(DecisionRecord.of("net", LINES, "USD", ["a note"]))
    assert "category.books (some_schedule v1)" in text
    assert text.splitlines()[-2].split() == ["net", "15.67", "USD"]
    assert text.endswith("note: a note")


def test_an_empty_record_is_zero():
    assert DecisionRecord.of("nothing", [], "USD").total == Money.zero("USD")


@given(st.lists(st.integers(-(10**9), 10**9), max_size=6), st.sampled_from(["USD", "JPY", "KWD"]))
def test_json_round_trip(minors, currency):
    lines = [Line(f"line {n}", Money(minor, currency), "rule", "s", "2") for n, minor in enumerate(minors)]
    record = DecisionRecord.of("kind", lines, currency, ["note"])
    text = json.dumps(record.to_json())
    back = DecisionRecord.from_json(json.loads(text))
    assert back == record
    assert back.total.minor == sum(minors)


@pytest.mark.parametrize(
    "change",
    [
        {"total": "15.68"},
        {"total": 15.67},
        {"currency": "EUR", "total": "1567"},
        {"lines": None},
        {"lines": [{"label": "x"}]},
    ],
)
def test_a_tampered_record_is_refused(change):
    stored = DecisionRecord.of("net", LINES, "USD").to_json()
    with pytest.raises(ValueError):
        DecisionRecord.from_json({**stored, **change})

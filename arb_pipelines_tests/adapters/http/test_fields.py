"""Fields: there and of their type, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.adapters.http import fields
from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.domain.money import Money

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "value", "currency"]), inner),
    max_leaves=4,
)
READERS: list[Callable[[Any], Any]] = [
    lambda value: fields.read_object(value, "x"),
    lambda value: fields.read_part({"x": value}, "x"),
    lambda value: fields.read_objects({"x": value}, "x", may_miss=True),
    lambda value: fields.read_text({"x": value}, "x"),
    lambda value: fields.read_optional_text({"x": value}, "x"),
    lambda value: fields.read_count({"x": value}, "x", least=1),
    lambda value: fields.read_money(value, "x"),
    lambda value: fields.read_amount(value, "USD", "x"),
    lambda value: fields.read_time(value, "x"),
]


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_anything_is_read_or_refused(value: Any) -> None:
    """Nothing else comes out."""
    for read in READERS:
        try:
            read(value)
        except UnreadableAnswerError as error:
            assert str(error)  # noqa: PT017 - refusing is one of two fine ends


@pytest.mark.parametrize("value", ["12.99", Decimal("12.99"), Decimal("12.990")])
def test_an_amount(value: object) -> None:
    """Text and numbers, exact."""
    assert fields.read_amount(value, "USD", "x") == Money(1_299, "USD")


@pytest.mark.parametrize(
    "value", [True, None, 12.99, "12.999", "-1", "1_0", "١٢", "NaN", "1" * 41, Decimal("1e999"), ""]
)
def test_what_is_no_amount(value: object) -> None:
    """Refused, not rounded."""
    with pytest.raises(UnreadableAnswerError):
        fields.read_amount(value, "USD", "x")


def test_two_currencies_are_not_added() -> None:
    """Each sum has one."""
    assert fields.sum_money([], "USD") == Money(0, "USD")
    with pytest.raises(UnreadableAnswerError, match="two currencies"):
        fields.sum_money([Money(1, "EUR")], "USD")


def test_times_and_amounts_on_the_wire() -> None:
    """In UTC, to the millisecond; with the currency's digits."""
    moment = datetime(2026, 2, 21, 9, 25, 43, 511_999, tzinfo=timezone(timedelta(hours=1)))
    assert fields.write_time(moment) == "2026-02-21T08:25:43.511Z"
    assert fields.read_time("2026-02-21T09:25:43+01:00", "x") == datetime(2026, 2, 21, 8, 25, 43, tzinfo=UTC)
    assert fields.write_money(Money(500, "JPY")) == {"value": "500", "currency": "JPY"}
    with pytest.raises(UnreadableAnswerError, match="without a zone"):
        fields.read_time("2026-02-21T09:25:43", "x")

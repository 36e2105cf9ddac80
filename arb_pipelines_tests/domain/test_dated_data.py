"""Dated data: files that overlap, leave a gap or hold floats are refused at load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pytest

from arb_pipelines.domain.dated_data import DatedDataError, day, in_force, in_order, load_tables, minor, number


@dataclass(frozen=True)
class Span:
    """A made-up piece of dated data."""

    id: str
    effective_from: date
    effective_to: date | None = None


FIRST = Span("first", date(2024, 1, 1), date(2024, 6, 30))
SECOND = Span("second", date(2024, 7, 1))


def test_the_one_in_force_is_picked_by_date():
    ordered = in_order([SECOND, FIRST])
    assert in_force(ordered, date(2024, 1, 1)) is FIRST
    assert in_force(ordered, date(2024, 6, 30)) is FIRST
    assert in_force(ordered, date(2024, 7, 1)) is SECOND
    assert in_force(ordered, date(2099, 1, 1)) is SECOND
    assert in_force(ordered, date(2023, 12, 31)) is None


def test_after_a_closed_end_nothing_is_in_force():
    assert in_force([FIRST], date(2024, 7, 1)) is None


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ([FIRST, Span("early", date(2024, 6, 30))], "overlap: end the first on 2024-06-29"),
        ([Span("open", date(2024, 1, 1)), SECOND], "overlap"),
        ([FIRST, Span("late", date(2024, 7, 2))], "close the gap"),
        ([FIRST, FIRST], "overlap"),
        ([Span("backwards", date(2024, 2, 1), date(2024, 1, 1))], "before it begins"),
    ],
)
def test_overlaps_and_gaps_are_errors(spans, says):
    with pytest.raises(DatedDataError, match=says):
        in_order(spans)


@pytest.mark.parametrize("value", ["2024-01-01", datetime(2024, 1, 1), None, 20240101])  # noqa: DTZ001 - refused
def test_a_date_is_a_plain_date(value):
    with pytest.raises(DatedDataError, match="plain date"):
        day(value)


@pytest.mark.parametrize("value", [0.3, 3, "nan", "-1", "x", None])
def test_numbers_are_text(value):
    with pytest.raises(DatedDataError):
        number(value)


def test_amounts_are_never_rounded():
    assert minor("0.30", "USD") == 30
    with pytest.raises(DatedDataError, match="more digits"):
        minor("0.305", "USD")


def test_an_operators_file_replaces_the_shipped_one_of_the_same_id(tmp_path):
    (tmp_path / "mine.toml").write_text('id = "sandbox_2024-01-01"\nmark = "mine"\n')
    tables = {table["id"]: table for _, table in load_tables("fee_schedules", tmp_path)}
    assert tables["sandbox_2024-01-01"].get("mark") == "mine"
    assert "ebay_us_2025-02-14" in tables


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.toml": "id = "}, "a.toml is not TOML"),
        ({"a.toml": "x = 1"}, "'id' is missing"),
        ({"a.toml": 'id = "same"', "b.toml": 'id = "same"'}, "have the same id"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, files, says):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DatedDataError, match=says):
        load_tables("fee_schedules", tmp_path)


def test_a_missing_folder_is_not_an_empty_one(tmp_path):
    with pytest.raises(DatedDataError, match="no such folder"):
        load_tables("fee_schedules", tmp_path / "absent")

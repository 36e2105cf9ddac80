"""Retry-After in both its forms, within sane bounds."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from arb_pipelines.scraping.middlewares.parking import MAX_PARK_S, MIN_PARK_S, retry_after_s
from arb_pipelines_tests.fakes.clock import SettableClock

NOW = SettableClock().now()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", MIN_PARK_S),
        ("1000000000", MAX_PARK_S),
        ("9" * 400, MAX_PARK_S),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


def test_an_http_date_counts_from_now() -> None:
    later = format_datetime(NOW + timedelta(minutes=5), usegmt=True)
    earlier = format_datetime(NOW - timedelta(minutes=5), usegmt=True)
    assert retry_after_s(later, NOW) == pytest.approx(300, abs=1)
    assert retry_after_s(earlier, NOW) == MIN_PARK_S

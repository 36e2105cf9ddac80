"""Rate limits: what the vendor published, until its own headers say otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.adapters.http.answers import NotSentError
from arb_pipelines.adapters.http.buckets import Buckets, UsagePlan, read_rate, read_retry_after_s


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def sleep(self, pause_s: float) -> None:
        self.slept.append(pause_s)
        self.now_s += pause_s

    def buckets(self, **plans: UsagePlan) -> Buckets:
        return Buckets(plans, clock_s=lambda: self.now_s, sleep=self.sleep)


def test_a_burst_then_the_rate() -> None:
    """Two at once, then one every half second."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(2.0, 2))
    for _ in range(4):
        buckets.take("read")
    assert time.slept == [0.5, 0.5]


def test_operations_have_their_own_buckets() -> None:
    """One that is used up does not hold back another; one without a plan is free."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(0.01, 1), write=UsagePlan(0.01, 1))
    buckets.take("read")
    buckets.take("write")
    for _ in range(50):
        buckets.take("other")
    with pytest.raises(NotSentError, match=r"read was not sent.*another 100 s") as caught:
        buckets.take("read")
    assert (time.slept, caught.value.retry_after_s) == ([], 100.0)
    time.now_s += 100.0
    buckets.take("read")


def test_an_operation_without_a_plan_follows_the_default() -> None:
    """Where there is one."""
    time = Time()
    buckets = Buckets({}, UsagePlan.a_day(1), clock_s=lambda: time.now_s)
    buckets.take("any")
    with pytest.raises(NotSentError, match="86400 s"):
        buckets.take("any")


def test_the_vendors_rate_replaces_the_published_one() -> None:
    """Its header is per account; the plan is what everybody gets."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(0.1, 1))
    buckets.take("read")
    buckets.correct("read", 200, {"x-amzn-ratelimit-limit": "4.0"})
    buckets.take("read")
    assert time.slept == [0.25]


def test_a_429_empties_the_bucket_and_retry_after_blocks_it() -> None:
    """Whatever we counted ourselves."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(1.0, 100))
    buckets.correct("read", 429, {})
    buckets.take("read")
    buckets.correct("read", 429, {"retry-after": "3"})
    buckets.take("read")
    buckets.correct("other", 429, {"retry-after": "60"})
    assert time.slept == [1.0, 3.0]
    with pytest.raises(NotSentError, match="60 s"):
        buckets.take("other")


def test_retry_after_on_a_good_answer_means_nothing() -> None:
    """Only with 429 and 503 does it ask for a pause."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(10.0, 1))
    buckets.correct("read", 200, {"retry-after": "60"})
    buckets.take("read")
    assert time.slept == []


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "1e99"])
def test_a_rate_that_is_none(text: str) -> None:
    """Is not followed."""
    assert read_rate(text) is None


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("120", 120.0),
        ("99999999999", 86_400.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 10:00:10 -0000", 10.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_both_forms_of_retry_after(text: str, seconds: float | None) -> None:
    """Seconds and dates, bounded by a day."""
    assert read_retry_after_s(text, datetime(2026, 11, 23, 10, tzinfo=UTC)) == seconds


@given(st.text(), st.text(), st.sampled_from([200, 429, 503]))
def test_no_header_breaks_a_bucket(rate: str, pause: str, status: int) -> None:
    """At worst it refuses."""
    time = Time()
    buckets = time.buckets(read=UsagePlan(1.0, 1))
    buckets.correct("read", status, {"x-amzn-ratelimit-limit": rate, "retry-after": pause})
    try:
        buckets.take("read")
    except NotSentError as error:
        assert error.retry_after_s is not None  # noqa: PT017 - refusing is one of two fine ends
    assert all(0.0 < pause_s <= buckets.longest_wait_s for pause_s in time.slept)

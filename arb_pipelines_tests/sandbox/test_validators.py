"""When a body changed, and which requests are answered 304."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from arb_pipelines.sandbox.validators import ChangeLog, Validator, is_unchanged, validator_headers, validator_of
from arb_pipelines.sandbox.world import World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = ("shop-001", "/p/x")


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_date_changes_with_the_body_alone() -> None:
    log = ChangeLog(START)
    assert log.changed_at(KEY, '"a"', _at(5)) == START
    assert log.changed_at(KEY, '"a"', _at(50)) == START
    assert log.changed_at(KEY, '"b"', _at(60.4)) == _at(60)
    assert log.changed_at(KEY, '"b"', _at(90)) == _at(60)
    assert log.changed_at(("shop-001", "/p/y"), '"b"', _at(90)) == START


def test_two_bodies_of_one_second_never_share_a_date() -> None:
    log = ChangeLog(START)
    log.changed_at(KEY, '"a"', _at(0))
    assert log.changed_at(KEY, '"b"', _at(10.1)) == _at(10)
    assert log.changed_at(KEY, '"c"', _at(10.6)) is None
    assert log.changed_at(KEY, '"c"', _at(11.0)) == _at(11)


def test_most_shops_send_both_and_one_in_ten_nothing() -> None:
    count = Counter(validator_of(shop) for shop in World(shops=500).shops)
    assert count == {
        Validator.BOTH: 350,
        Validator.WEAK_ETAG: 50,
        Validator.LAST_MODIFIED: 50,
        Validator.NONE: 50,
    }


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Validator.BOTH, {"ETag", "Last-Modified"}),
        (Validator.WEAK_ETAG, {"ETag"}),
        (Validator.LAST_MODIFIED, {"Last-Modified"}),
        (Validator.NONE, set()),
    ],
)
def test_each_kind_sends_its_own_headers(kind: Validator, names: set[str]) -> None:
    assert set(validator_headers(kind, '"a"', START)) == names
    assert "Last-Modified" not in validator_headers(kind, '"a"', None)


SENT = validator_headers(Validator.BOTH, '"a-1"', START)


@pytest.mark.parametrize(
    ("request_headers", "unchanged"),
    [
        ({}, False),
        ({"If-None-Match": '"a-1"'}, True),
        ({"If-None-Match": 'W/"a-1"'}, True),
        ({"If-None-Match": '"x", W/"y" , "a-1"'}, True),
        ({"If-None-Match": "*"}, True),
        ({"If-None-Match": '"a-11"'}, False),
        ({"If-None-Match": '"b"', "If-Modified-Since": "Sun, 01 Mar 2026 12:00:00 GMT"}, False),
        ({"If-Modified-Since": "Sun, 01 Mar 2026 12:00:00 GMT"}, True),
        ({"If-Modified-Since": "Sun, 01 Mar 2026 11:59:59 GMT"}, False),
        ({"If-Modified-Since": "yesterday"}, False),
    ],
)
def test_the_comparison_of_rfc_9110(request_headers: dict[str, str], unchanged: bool) -> None:
    assert is_unchanged(request_headers, SENT, START) is unchanged


def test_a_shop_without_validators_never_says_unchanged() -> None:
    asked = {"If-None-Match": "*", "If-Modified-Since": "Sun, 01 Mar 2026 12:00:00 GMT"}
    assert not is_unchanged(asked, {}, START)

"""What an alert is, and when two are the same."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.alert import Alert, Severity


def test_texts_are_plain_and_bounded() -> None:
    alert = Alert("odd", "Two\r\nlines\x1b[31m", "a\x00b\u202ec" + "x" * 9_000)
    assert alert.subject == "Two lines[31m"
    assert alert.detail.startswith("abcx")
    assert len(alert.detail) == 4_000


def test_the_same_thing_has_the_same_key() -> None:
    assert Alert("odd", "Subject", "1").dedupe_key == Alert("odd", "Subject", "2").dedupe_key
    assert Alert("odd", "Subject").dedupe_key != Alert("other", "Subject").dedupe_key
    assert Alert("odd", "Subject", dedupe_key="site:a").dedupe_key == "site:a"


@pytest.mark.parametrize("kind, subject", [("Two words", "Subject"), ("", "Subject"), ("odd", " \n "), ("odd", "\x00")])
def test_an_alert_says_what_it_is(kind: str, subject: str) -> None:
    with pytest.raises(ValueError, match="alert"):
        Alert(kind, subject)


def test_severities_are_ordered() -> None:
    assert Severity.INFO.rank < Severity.WARNING.rank < Severity.CRITICAL.rank

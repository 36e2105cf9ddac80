"""Known secrets and texts in the shape of one are masked, in every log record and on the standard streams."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from arb_pipelines.domain.redaction import MASKED, RedactingStream, Redactor, redact_logs, secrets_in

SECRET = "planted/secret 17"


@pytest.fixture
def redactor() -> Iterator[Redactor]:
    """A redactor of this test's own, in the door of every log record."""
    before = logging.getLogRecordFactory()
    redactor = Redactor()
    redactor.remember([SECRET])
    redact_logs(redactor)
    redact_logs(redactor)
    yield redactor
    logging.setLogRecordFactory(before)


def logged(*given: object, error: bool = False) -> str:
    """Return what a plain handler writes."""
    stream = io.StringIO()
    logger, handler = logging.getLogger("somebody.else"), logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    try:
        logger.error(*given, exc_info=error)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def test_message_and_arguments_are_scrubbed(redactor: Redactor) -> None:
    assert logged("with %s and %d", SECRET, 7) == f"with {MASKED} and 7\n"
    assert logged(f"q=planted%2Fsecret%2017 {SECRET}") == f"q={MASKED} {MASKED}\n"
    assert logged("plain %s", "words") == "plain words\n"


def test_a_traceback_is_scrubbed(redactor: Redactor) -> None:
    try:
        raise ValueError(f"no {SECRET}") from KeyError(SECRET)
    except ValueError:
        text = logged("failed", error=True)
    assert "ValueError: no [masked]" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgresql://arb:hunter2@host/arb", "postgresql://arb:[masked]@host/arb"),
        ("redis://:hunter2@host:6379/0", "redis://:[masked]@host:6379/0"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [masked]"),
        ('{"client_secret": "abc", "scope": "x"}', '{"client_secret": "[masked]", "scope": "x"}'),
        ("POST /t?api_key=abc&x=1", "POST /t?api_key=[masked]&x=1"),
        ("https://shop.example:8443/a@b", "https://shop.example:8443/a@b"),
        ("the password is needed", "the password is needed"),
        ("basic authentication is off", "basic authentication is off"),
    ],
)
def test_shapes_of_secrets(text: str, left: str) -> None:
    assert Redactor().scrub(text) == left


def test_a_short_secret_masks_no_words() -> None:
    redactor = Redactor()
    redactor.remember(["", "cat", "longer-secret"])
    assert redactor.scrub("category longer-secret") == "category [masked]"


def test_streams_are_scrubbed_and_stay_streams() -> None:
    redactor, inner = Redactor(), io.StringIO()
    redactor.remember([SECRET])
    stream = RedactingStream(inner, redactor)
    print(SECRET, "end", file=stream)  # type: ignore[arg-type]
    stream.flush()
    assert inner.getvalue() == f"{MASKED} end\n"


def test_what_is_secret_in_an_address() -> None:
    assert secrets_in("http://me:pass-word@proxy:3128") == ["me:pass-word", "pass-word"]
    assert secrets_in("wss://grid.example/?token=abc123") == ["abc123"]
    assert secrets_in("/a/folder") == []

"""Keeping secrets out of what is written down: known values, and texts that look like a secret whatever they hold.

What belongs here: the replacement, and the two doors it is hung into for a whole process: every log record as it is
made (so no handler, ours or a library's, ever sees the value) and the standard streams.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, TextIO
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MASKED = "[masked]"
SHORTEST = 6  # a shorter secret would mask ordinary words
_SHAPES = (
    # user:password@ in an address, whatever the scheme
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE), r"\g<keep>" + MASKED),
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)(?=\S*[\d=])[\w.~+/=-]{12,}", re.IGNORECASE), r"\g<keep>" + MASKED),
    (
        re.compile(
            r"(?P<keep>\b(?:password|passwd|client_secret|secret_id|access_token|refresh_token|api_?key|x-vault-token)"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+",
            re.IGNORECASE,
        ),
        r"\g<keep>" + MASKED,
    ),
)


def secrets_in(url: str) -> list[str]:
    """Return what is secret in an address: user, password and the values of its query."""
    try:
        parts = urlsplit(url)
        named = [parts.username, parts.password]
    except ValueError:
        return [url]
    # User names shorter than a password mask words of every log line, so they count only as part of the whole.
    login = [unquote(parts.netloc.rpartition("@")[0])] if parts.username else []
    return [text for text in [*login, *named[1:], *(value for _, value in parse_qsl(parts.query))] if text]


class Redactor:
    """Replaces every secret it was told of, in plain and URL-quoted form, and what looks like one."""

    def __init__(self) -> None:
        """Begin with no known value."""
        self._lock = Lock()
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def remember(self, values: Iterable[str]) -> None:
        """Add secret values; those shorter than 6 characters are left out, because they would mask plain words."""
        new = {form for value in values for form in (value, quote(value, safe="")) if len(value) >= SHORTEST}
        with self._lock:
            if new <= self._known:
                return
            self._known |= new
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def scrub(self, text: str) -> str:
        """Return the text with every secret replaced by `[masked]`."""
        if self._pattern is not None:
            text = self._pattern.sub(MASKED, text)
        for shape, kept in _SHAPES:
            text = shape.sub(kept, text)
        return text


class RedactingStream:
    """A text stream that scrubs what is written to it; everything else is the stream's own."""

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        """Write the scrubbed text and return how much of the given text that was."""
        self._stream.write(self._redactor.scrub(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream itself has."""
        return getattr(self._stream, name)


PROCESS = Redactor()  # one a process: a secret that any part of it knows is masked in all of it


def redact_logs(redactor: Redactor = PROCESS) -> None:
    """Scrub every log record of this process when it is made, message, arguments and traceback; once is enough."""
    before = logging.getLogRecordFactory()
    if getattr(before, "scrubs_for", None) is redactor:
        return
    logging.setLogRecordFactory(_scrubbing(before, redactor))


def redact_streams(redactor: Redactor = PROCESS) -> None:
    """Scrub what this process prints, tracebacks of the interpreter included."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, RedactingStream):
            setattr(sys, name, RedactingStream(stream, redactor))


def _scrubbing(before: Callable[..., logging.LogRecord], redactor: Redactor) -> Callable[..., logging.LogRecord]:
    def build(*given: Any, **named: Any) -> logging.LogRecord:
        record = before(*given, **named)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            return record  # the handler reports the wrong arguments; what it shows of them goes by stderr
        scrubbed = redactor.scrub(message)
        if scrubbed != message:
            record.msg, record.args = scrubbed, ()
        if record.exc_info and record.exc_info[0] is not None:
            told = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            hidden = redactor.scrub(told)
            if hidden != told:
                # Formatters take `exc_text` when it is there, and would else format the exception again.
                record.exc_text, record.exc_info = hidden, None
        return record

    build.scrubs_for = redactor  # type: ignore[attr-defined]  # a mark on a function
    return build

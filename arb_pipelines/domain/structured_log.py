"""Logs as one JSON object a line, with the run, site and purchase that a line is about.

What belongs here: the form of a line and the fields that a stretch of work adds to all of its lines. It stands on the
lowest floor because every floor logs, the crawl's own process included.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_FIELDS: ContextVar[dict[str, str] | None] = ContextVar("log_fields", default=None)
ABOUT = ("run", "site", "purchase", "tick", "job", "step")  # also taken from `extra=` of a call
_PURCHASE = re.compile(r"\b(?:pu|ap)-(?P<rest>\w[\w-]*)")  # an approval and its purchase differ in this prefix alone
# Libraries that bring handlers of their own; theirs are taken away so that all lines have one form.
OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "scrapy", "twisted")


@contextmanager
def log_fields(**fields: str | None) -> Iterator[None]:
    """Add fields (`run`, `site`, `purchase` ...) to every line logged within the block; None adds nothing."""
    token = _FIELDS.set({**(_FIELDS.get() or {}), **{name: text for name, text in fields.items() if text}})
    try:
        yield
    finally:
        _FIELDS.reset(token)


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: at, level, logger, message, what it is about, and an error's traceback."""

    def __init__(self, **always: str | None) -> None:
        """Put the fields of `always` into each line."""
        super().__init__()
        self._always = {name: text for name, text in always.items() if text}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._always,
            **(_FIELDS.get() or {}),
            **_told_by_dagster(record),
        }
        line |= {name: str(record.__dict__[name]) for name in ABOUT if record.__dict__.get(name)}
        if "purchase" not in line and (named := _PURCHASE.search(line["message"])):
            line["purchase"] = f"pu-{named['rest']}"
        error = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        return json.dumps(line | ({"error": error} if error else {}), ensure_ascii=False, default=str)


def write_json_lines(stream: TextIO | None = None, level: int = logging.INFO, **always: str | None) -> None:
    """Send everything that this process logs to `stream` (default: standard error) as JSON lines, and nothing else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(**always))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _told_by_dagster(record: logging.LogRecord) -> dict[str, str]:
    """Dagster hangs what a line is about on the record, as `dagster_meta`."""
    meta = record.__dict__.get("dagster_meta")
    if not isinstance(meta, dict):
        return {}
    names = {"message": "orig_message", "run": "run_id", "job": "job_name", "step": "step_key"}
    return {name: str(meta[key]) for name, key in names.items() if meta.get(key)}

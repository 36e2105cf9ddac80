"""One JSON object a line, with what the line is about."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from arb_pipelines.domain.structured_log import JsonLines, log_fields, write_json_lines


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The root logger writing JSON lines into a text, put back afterwards."""
    root = logging.getLogger()
    kept, level, stream = list(root.handlers), root.level, io.StringIO()
    write_json_lines(stream, run="run-1")
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)


def test_fields_of_a_stretch_of_work(lines: io.StringIO) -> None:
    with log_fields(site="shop-1"), log_fields(tick="t-1", purchase=None):
        logging.getLogger("a.b").info("read %d pages", 3)
    logging.getLogger("a.b").info("after", extra={"site": "shop-2"})
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert first["message"] == "read 3 pages"
    assert {name: first[name] for name in ("run", "site", "tick", "level", "logger")} == {
        "run": "run-1", "site": "shop-1", "tick": "t-1", "level": "info", "logger": "a.b",
    }  # fmt: skip
    assert "purchase" not in first
    assert second["site"] == "shop-2"


def test_a_purchase_is_found_by_its_number(lines: io.StringIO) -> None:
    """An approval and the purchase made of it have one number."""
    logging.getLogger("a").info("ap-17f: refused: spend_limit")
    assert json.loads(lines.getvalue())["purchase"] == "pu-17f"


def test_an_error_keeps_its_traceback_in_the_line(lines: io.StringIO) -> None:
    try:
        raise ValueError("bad\nprice")
    except ValueError:
        logging.getLogger("a").exception("failed")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError: bad" in json.loads(line)["error"]


def test_what_dagster_hangs_on_a_record() -> None:
    record = logging.makeLogRecord({"msg": "m", "dagster_meta": {"run_id": "r", "job_name": "j", "step_key": None}})
    line = json.loads(JsonLines().format(record))
    assert (line["run"], line["job"]) == ("r", "j")
    assert "step" not in line

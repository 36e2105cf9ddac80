"""`arb outbox`: what waits, and a person's word on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.message import Channel, MessageState
from arb_pipelines_tests.fakes.messages import outbound

RUNNER = CliRunner()


@pytest.fixture
def home(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Books with a queued mail, a draft and a text message that may have arrived."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    books = open_books(sqlite_url)
    books.outbox.insert(
        [
            outbound(1),
            outbound(2, state=MessageState.DRAFT),
            outbound(3, channel=Channel.SMS, state=MessageState.UNCERTAIN, error="outcome_unknown: timed out"),
        ]
    )
    books.close()
    return sqlite_url


def listed(which: str) -> dict[str, str]:
    done = RUNNER.invoke(app, ["outbox", "list", which, "--json"])
    assert done.exit_code == 0, done.output
    return {message["message_id"]: message["state"] for message in json.loads(done.stdout)["messages"]}


def test_what_is_open_is_listed(home: str) -> None:
    assert listed("open") == {"message-1": "queued", "message-2": "draft", "message-3": "uncertain"}
    assert listed("uncertain") == {"message-3": "uncertain"}
    assert "outcome_unknown" in RUNNER.invoke(app, ["outbox", "list"], env={"COLUMNS": "200"}).stdout


def test_a_person_sends_or_drops(home: str) -> None:
    assert RUNNER.invoke(app, ["outbox", "retry", "message-3"]).exit_code == 0
    assert RUNNER.invoke(app, ["outbox", "drop", "message-2"]).exit_code == 0
    assert listed("all") == {"message-1": "queued", "message-2": "dead", "message-3": "queued"}


@pytest.mark.parametrize("command, message", [("retry", "message-1"), ("retry", "nothing"), ("drop", "nothing")])
def test_what_cannot_be_done_is_one_line(home: str, command: str, message: str) -> None:
    done = RUNNER.invoke(app, ["outbox", command, message])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1


def test_nothing_set_up_sends_nothing(home: str) -> None:
    done = RUNNER.invoke(app, ["outbox", "deliver", "--json"])
    assert json.loads(done.stdout) == {"routed": 0, "sent": 0, "to_retry": 0, "uncertain": 0, "dead": 0, "stopped": 0}
    assert listed("all")["message-1"] == "queued"

"""What a mode means at the command line: live starts halted, and settings that contradict it are one line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import let_buy, opportunity

RUN = CliRunner()


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """Live books with one opportunity of today."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    monkeypatch.setenv("ARB_MODE", "live")
    opened = open_books(Settings().books_url, mode="live")
    opened.migrate()
    now = datetime.now(UTC)
    opened.opportunities.store([opportunity(1, observed_at=now - timedelta(minutes=1), decided_at=now)], [])
    let_buy(opened, tmp_path / "sites", now)
    yield opened
    opened.close()


def run(*words: str) -> tuple[int, str, str]:
    done = RUN.invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_live_starts_halted_for_every_action_until_a_person_resumes_it(live: SqlBooks) -> None:
    assert {live.switches.state_of(action) for action in Action} == {ActionState.HALTED}
    assert run("approve", "opportunity-1", "--ceiling", "22.50")[0] == 0
    code, _, err = run("buy", "ap-opportunity-1")
    assert (code, "buy_halted" in err) == (1, True)
    assert "halted -> active" in run("resume", "buy", "--reason", "checked")[1]
    code, out, _ = run("buy", "ap-opportunity-1", "--json")
    assert (code, json.loads(out)["purchase_id"]) == (0, "pu-opportunity-1")
    others = {live.switches.state_of(action) for action in Action if action is not Action.BUY}
    assert others == {ActionState.HALTED}


def test_live_books_are_in_a_database_of_their_own(live: SqlBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().books_url.endswith("books-live.sqlite")
    monkeypatch.setenv("ARB_DATABASE_URL", Settings().books_url)
    monkeypatch.setenv("ARB_MODE", "assist")
    assert run("approve", "opportunity-1", "--ceiling", "22.50")[0] == 0
    code, _, err = run("buy", "ap-opportunity-1")
    assert (code, "wrong_mode" in err) == (1, True)
    live.switches.put(Action.LIST, ActionState.ACTIVE, "checked", "me", datetime.now(UTC))
    assert live.switches.state_of(Action.LIST) is ActionState.ACTIVE
    elsewhere = open_books(Settings().books_url, mode="assist")
    assert {elsewhere.switches.state_of(action) for action in Action} == {ActionState.HALTED}
    elsewhere.close()


def test_a_contradiction_is_one_line_and_shows_nothing_else(tmp_path: Path) -> None:
    environment = {"ARB_MODE": "live", "ARB_SANDBOX_URL": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", "from arb_pipelines.cli.main import main; main()", "purchases"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("arb: setting ARB_SANDBOX_URL: Value error, contradicts ARB_MODE=live")

"""`arb report politeness` against books on disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.domain.site import SiteVisit, VisitOutcome

RUNNER = CliRunner()


@pytest.fixture
def visited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Books with one visit of now that came too soon."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.delenv("ARB_DATABASE_URL", raising=False)
    now = datetime.now(UTC)
    manners = VisitManners(requests=2, too_soon=1, delay_ms=5_000, shortest_gap_ms=10)
    books = open_books(f"sqlite:///{tmp_path / 'books-paper.sqlite'}", mode="paper")
    books.migrate()
    books.visits.record([SiteVisit("corner", "t", now, now, VisitOutcome.OK, None, 1, 1, 9, 5, manners=manners)])
    books.close()


@pytest.mark.usefixtures("visited")
def test_the_report_as_json_and_as_a_table() -> None:
    told = RUNNER.invoke(app, ["report", "politeness", "--json"])
    assert told.exit_code == 0, told.output
    body = json.loads(told.stdout)
    assert (body["polite"], body["sites"][0]["site"], body["total"]["requests"]) == (False, "corner", 2)
    assert "| corner |" in RUNNER.invoke(app, ["report", "politeness", "--days", "7"]).stdout


def test_days_out_of_range_are_refused() -> None:
    assert RUNNER.invoke(app, ["report", "politeness", "--days", "0"]).exit_code == 2

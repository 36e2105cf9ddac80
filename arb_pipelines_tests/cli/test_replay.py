"""`arb replay` over books on disk: a trade of its own, anew each time."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines_tests.transforms.frames import T0, points_frame


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    monkeypatch.delenv("ARB_DATABASE_URL", raising=False)
    books = open_books(f"sqlite:///{tmp_path / 'books-paper.sqlite'}")
    books.migrate()
    books.price_history.insert(points_frame({"price_minor": 1000}, {"price_minor": 900}))
    books.close()
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["replay", *words])


@pytest.mark.parametrize("mode", ["paper", "replay"])
def test_the_paper_books_are_replayed_into_books_of_their_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("ARB_MODE", mode)
    until = (T0 + timedelta(days=2)).isoformat()
    for _ in range(2):
        told = run("--from", T0.date().isoformat(), "--to", until, "--json")
        assert told.exit_code == 0, told.output
        figures = json.loads(told.stdout)
        assert figures["moments"] == 2
        assert set(figures["refused"]) == {"site_may_not_buy"}
        assert (figures["bought"], figures["broken"]) == (0, {})
    verified = CliRunner().invoke(app, ["verify", "--database", f"sqlite:///{home / 'books-replay.sqlite'}", "--json"])
    assert json.loads(verified.stdout)["totals"]["offers"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--from", "soon"], "arb replay: --from soon is not a time"), (["--to", "1999-01-01"], "hold no prices"),
     (["--books", "sqlite:////none/none.sqlite"], "cannot read the books")],
)  # fmt: skip
def test_what_cannot_be_replayed_is_one_line(home: Path, words: list[str], said: str) -> None:
    told = run(*words)
    assert told.exit_code == 2
    assert said in told.stderr

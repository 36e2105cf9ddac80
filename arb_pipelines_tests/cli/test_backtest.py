"""`arb backtest` on a folder of spells and on books on disk."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines_tests.backtest.spell_sets import two_shops, write_set
from arb_pipelines_tests.transforms.frames import T0, points_frame

RUNNER = CliRunner()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    monkeypatch.delenv("ARB_DATABASE_URL", raising=False)
    books = open_books(f"sqlite:///{tmp_path / 'books-paper.sqlite'}", mode="paper")
    books.migrate()
    books.price_history.insert(points_frame({"price_minor": 1000}, {"price_minor": 900}))
    books.close()
    return tmp_path


def run(*words):
    return RUNNER.invoke(app, ["backtest", *words])


def test_spells_with_a_report(tmp_path):
    folder = write_set(two_shops(products=40, days=120), tmp_path / "set")
    page = tmp_path / "report.html"
    told = run("--spells", str(folder), "--json", "--report", str(page), "--to", "2025-04-15")
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert figures["source"] == "price spells"
    assert figures["trades"] + sum(figures["refused"].values()) == figures["offers"]
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_books_whose_shop_is_not_declared_buy_nothing(home):
    until = (T0 + timedelta(days=2)).isoformat()
    told = run("--from", T0.date().isoformat(), "--to", until, "--json")
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert (figures["trades"], figures["refused"]) == (0, {"site_may_not_buy": 1})


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--from", "soon"], "is not a time"), (["--preset", "none"], "there is no preset"),
     (["--spells", "none"], "is not a folder"), (["--to", "1999-01-01"], "hold no prices")],
)  # fmt: skip
def test_what_cannot_be_replayed_is_said_plainly(home, words, said):
    told = run(*words)
    assert told.exit_code == 2
    assert said in told.stderr

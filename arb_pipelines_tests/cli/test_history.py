"""`arb history` against books on disk."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.transforms.product_matching import MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.transforms.frames import points_frame

RUNNER = CliRunner()
NOW = datetime.now(UTC)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Books with two lamps; the first has two offers of 40 days, one of which became cheaper a week ago."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.delenv("ARB_DATABASE_URL", raising=False)
    rows = [
        {
            "scrape_id": f"{offer}-{age}",
            "offer_key": offer,
            "site": offer,
            "price_minor": 500 if offer == "o1" and age <= 7 else 1000,
            "observed_at": NOW - timedelta(days=age),
        }
        for offer in ("o1", "o2")
        for age in range(1, 41)
    ]
    books = open_books(f"sqlite:///{tmp_path / 'books-paper.sqlite'}", mode="paper")
    books.migrate()
    books.price_history.insert(points_frame(*rows))
    lamps = [
        {"product_id": f"p{n}", "title": f"{what} lamp", "created_at": NOW}
        for n, what in enumerate(("Brass", "Steel"), 1)
    ]
    books.products.insert(pl.DataFrame(lamps, schema=PRODUCT_SCHEMA))
    same = {"product_id": "p1", "outcome": "same", "method": "gtin", "score": 1.0, "matched_at": NOW}
    books.products.store_matches(pl.DataFrame([{"offer_key": o, **same} for o in ("o1", "o2")], schema=MATCH_SCHEMA))
    books.close()
    return tmp_path


def run(*words):
    return RUNNER.invoke(app, ["history", *words])


def test_a_product_as_json_and_as_text(home):
    told = run("brass lamp", "--json")
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert (figures["product_id"], len(figures["offers"])) == ("p1", 2)
    assert {row["days"] for row in figures["averages"]} == {30, 90, 180}
    assert all(row["out_of_stock_share"] is None for row in figures["averages"])
    assert "stock not stated" in run("p1", "--days", "7").stdout


def test_what_was_known_then(home):
    then = (NOW - timedelta(days=20)).isoformat()
    figures = json.loads(run("p1", "--as-of", then, "--json").stdout)
    assert {row["min_minor"] for row in figures["averages"]} == {1000}


def test_a_plot_is_a_png(home):
    target = home / "lamp.png"
    assert run("p1", "--plot", str(target)).exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    assert run("p1", "--plot", str(home / "none" / "lamp.png")).exit_code == 2


def test_trending(home):
    figures = json.loads(run("--trending", "--days", "7", "--json").stdout)
    assert [row["product_id"] for row in figures["trending"]] == ["p1"]
    assert figures["trending"][0]["change"] < -0.1
    assert "Brass lamp" in run("--trending", "--days", "7").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(["chair"], "no known product"), (["lamp"], "2 products"), ([], "name one product"),
     (["p1", "--trending"], "name one product"), (["p1", "--as-of", "soon"], "is not a time")],
)  # fmt: skip
def test_what_cannot_be_answered_is_said_plainly(home, words, said):
    told = run(*words)
    assert told.exit_code == 2
    assert said in told.stderr

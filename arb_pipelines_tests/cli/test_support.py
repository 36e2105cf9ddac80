"""`arb support`: what a message wants, and what is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines_tests.contracts.trade_records import offer_for_sale, outlet_order, usd

RUNNER = CliRunner()


@pytest.fixture
def order_number(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The outlet's number of an order in the books."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    books = open_books(sqlite_url)
    order = books.orders.import_order(outlet_order(offer_for_sale(books, 1).sku), usd(700), fee_estimated=False)
    books.close()
    assert order is not None
    return order.outlet_order_id


def test_a_message_is_understood(order_number: str) -> None:
    assert RUNNER.invoke(app, ["support", "classify", "Where is my order?"]).stdout == "shipping_inquiry\n"
    told = json.loads(RUNNER.invoke(app, ["support", "classify", "what is the weather", "--json"]).stdout)
    assert told["intent"] == "out_of_scope"


def test_an_answer_says_that_it_is_automatic(order_number: str) -> None:
    done = RUNNER.invoke(app, ["support", "answer", "cancel my order please", "--order", order_number, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["text"].startswith("This is an automatic answer.")
    assert order_number in told["text"]
    assert (told["code"], told["to_person"]) == ("answered", True)


def test_an_unknown_order_is_one_line(order_number: str) -> None:
    done = RUNNER.invoke(app, ["support", "answer", "where is it", "--order", "nothing"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)

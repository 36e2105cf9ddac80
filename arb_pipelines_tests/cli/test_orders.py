"""`arb orders` to `arb ship`, `arb return`, `arb settle` and `arb describe` against books on disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.order import OrderState
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.reports.sold_books import fill

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of books that sold something, made once."""
    path = tmp_path_factory.mktemp("sold") / "books.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    books = open_books(f"sqlite:///{path}")
    fill(books)
    row = dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": "fast", "title": "The fast one", "created_at": START}
    books.products.insert(pl.DataFrame([row], schema=PRODUCT_SCHEMA))
    books.close()
    return path.read_bytes()


@pytest.fixture
def sold(filled: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """Those books, where the commands find them."""
    path = tmp_path / "books.sqlite"
    path.write_bytes(filled)
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_DATABASE_URL", f"sqlite:///{path}")
    books = open_books(f"sqlite:///{path}")
    yield books
    books.close()


def run(*arguments: str, status: int = 0) -> str:
    """Return what a command prints; it must end with `status` and no traceback."""
    done = RUNNER.invoke(app, arguments)
    assert done.exit_code == status, done.output
    assert "Traceback" not in done.output
    return done.stdout if status == 0 else done.output


def as_json(*arguments: str, status: int = 0) -> Any:
    done = RUNNER.invoke(app, [*arguments, "--json"])
    assert done.exit_code == status, done.output
    return json.loads(done.stdout)


def order_id(books: SqlBooks) -> str:
    return books.orders.load()[0].order_id


def test_an_order_is_picked_packed_and_sent(sold: SqlBooks) -> None:
    """Each step again is fine; a parcel that left does not leave twice."""
    order = order_id(sold)
    listed = as_json("orders")["orders"]
    assert (len(listed), listed[0]["order_id"], listed[0]["state"], listed[0]["revenue"]) == (3, order, "new", "54.00")
    assert "LATE" in run("orders", "--limit", "1")
    for command, state in (("pick", "picked"), ("pick", "picked"), ("pack", "packed")):
        assert state in run(command, order)
    assert "nothing was changed" in run("pick", order, "none", status=2)
    assert "dispatched" in run("ship", order, "--tracking", " T1 ", "--carrier", "post", "--postage", "4.50")
    run("ship", order, "--tracking", "T1")
    assert "has left already" in run("ship", order, "--tracking", "T2", status=2)
    one = next(one for one in sold.orders.load() if one.order_id == order)
    assert (one.state, one.tracking_number, one.postage) == (OrderState.DISPATCHED, "T1", usd(450))
    assert [found["order_id"] for found in as_json("orders", "--state", "dispatched")["orders"]] == [order]
    assert sold.broken_invariants() == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("ship", "none", "--tracking", "T"),
        ("ship", "ORDER", "--tracking", " "),
        ("ship", "ORDER", "--tracking", "T", "--postage", "4.505"),
        ("ship", "ORDER", "--tracking", "T", "--postage", "-1"),
        ("return", "received", "none"),
        ("return", "open", "none"),
        ("return", "open", "ORDER", "--units", "9"),
        ("settle", "none.csv", "--outlet", "outlet-1"),
        ("describe", "none", "--text", "x"),
        ("describe", "fast", "--photo", "http://example.org/1.jpg"),
    ],
)
def test_a_wrong_call_is_one_sentence(sold: SqlBooks, arguments: tuple[str, ...]) -> None:
    """And changes nothing."""
    before = sold.orders.load()
    said = run(*(order_id(sold) if part == "ORDER" else part for part in arguments), status=2)
    assert said.startswith("arb: ")
    assert said.count("\n") == 1
    assert sold.orders.load() == before


def test_a_return_by_hand(sold: SqlBooks) -> None:
    """Opened, received, refunded, back on the shelf."""
    slow = sold.orders.load()[-1].order_id
    opened = run("return", "open", slow, "--reason", "too slow", "--outlet-id", "77")
    name = opened.split(":")[0]
    assert run("return", "open", slow, "--outlet-id", "77") == opened
    run("return", "received", name)
    assert [case["return_id"] for case in as_json("return", "list", "--state", "received")["returns"]] == [name]
    assert "refunded 50.00 USD" in run("return", "refund", name, "--amount", "50.00", "--fee-back", "6.00")
    assert "already refunded" in run("return", "refund", name, "--amount", "49.00", status=2)
    assert "restocked" in run("return", "restock", name)
    assert "only one that is received" in run("return", "write-off", name, status=2)
    assert "is restocked" in run("return", "close", name, status=2)
    assert name in run("return", "list")
    assert [lot.on_hand for lot in sold.inventory.load()] == [0, 3]
    assert sold.broken_invariants() == {}


def test_a_statement_is_imported_once(sold: SqlBooks, tmp_path: Path) -> None:
    """An unknown order is status 1; a line that cannot be read changes nothing."""
    statement = tmp_path / "january.csv"
    head = "kind,reference,line,amount,currency\n"
    statement.write_text(f"{head}fee,order-103,line-1,7.50,USD\npayout,p1,,90.00,USD\n")
    told = as_json("settle", str(statement), "--outlet", "outlet-1")
    assert (told["settled"], told["payouts"], told["not_done"]) == (1, 1, [])
    assert told["reconciled_through"] is not None
    assert "0 fees settled, 0 payouts" in run("settle", str(statement), "--outlet", "outlet-1")
    statement.write_text(f"{head}fee,unknown,line-1,7.50,USD\n")
    assert "unknown_order" in run("settle", str(statement), "--outlet", "outlet-1", "--statement", "two", status=1)
    statement.write_text("nothing")
    assert "missing" in run("settle", str(statement), "--outlet", "outlet-1", status=2)
    assert sold.broken_invariants() == {}


def test_a_product_is_described(sold: SqlBooks) -> None:
    """What is not given stays as it was."""
    run("describe", "fast", "--text", "Boils.", "--photo", "https://example.org/1.jpg")
    run("describe", "fast", "--title", "A fast kettle")
    assert as_json("describe", "fast") == {
        "product_id": "fast", "title": "A fast kettle", "description": "Boils.", "photos": ["https://example.org/1.jpg"]
    }  # fmt: skip


def test_profit_and_loss_is_what_the_ledger_says(sold: SqlBooks, tmp_path: Path) -> None:
    """Asked of the entries themselves, with another client and no code of ours."""
    accounts = {"revenue": -1, "refunds": 1, "selling_fees": 1, "cost_of_goods": 1, "write_offs": 1, "shipping": 1}
    with closing(sqlite3.connect(tmp_path / "books.sqlite")) as ledger:
        sums = dict(ledger.execute("SELECT account, SUM(amount_minor) FROM ledger_entries GROUP BY account"))
        stock = ledger.execute("SELECT SUM(on_hand * unit_cost_minor) FROM inventory_lots").fetchone()
    totals = as_json("report", "pnl", "--from", "2026-01-01", "--to", "2026-12-31")["totals"]
    names = ("revenue", "refunds", "fees", "cost", "write_offs", "postage")
    told = [round(Decimal(totals[name]) * 100) for name in names]
    assert told == [sign * sums.get(account, 0) for account, sign in accounts.items()]
    assert round(Decimal(totals["profit"]) * 100) == -sum(sums.get(account, 0) for account in accounts)
    assert (sums["inventory"], sum(sums.values())) == (stock[0], 0)


def test_what_was_cancelled_is_not_shipped(sold: SqlBooks) -> None:
    """The list says so, and `arb ship` refuses until the return is closed."""
    order = next(one for one in sold.orders.load() if one.state == "new" and one.order_id not in returned(sold))
    sold.returns.open("r9", order.order_id, 1, "cancelled", order.ordered_at)
    listed = {one["order_id"]: one["held_back"] for one in as_json("orders")["orders"]}
    assert listed[order.order_id]
    assert not all(listed.values())
    assert "DO NOT SHIP" in run("orders", status=0)
    assert "was cancelled" in run("ship", order.order_id, "--tracking", "T9", status=2)
    run("return", "close", "r9")
    run("ship", order.order_id, "--tracking", "T9")


def returned(books: SqlBooks) -> set[str]:
    return {case.order_id for case in books.returns.load()}


def test_the_reports(sold: SqlBooks, tmp_path: Path) -> None:
    """On the screen, as JSON and as files."""
    told = as_json("report", "pnl", "--from", "2026-01-01", "--to", "2026-12-31")
    assert (told["totals"]["profit"], told["totals"]["ledger_difference"]) == ("33.00", "0.00")
    assert told["totals"]["reconciled_through_outlet-1"] == "2026-01-07"
    assert "is after" in run("report", "pnl", "--from", "2026-02-01", "--to", "2026-01-01", status=2)
    run("report", "pnl", "--from", "yesterday", status=2)
    assert [row["product"] for row in as_json("report", "fastest", "--days", "3650")["rows"]] == ["fast", "slow"]
    assert {row["category"] for row in as_json("report", "categories", "--days", "3650")["rows"]} == {"Kitchen", "Toys"}
    assert "\nopportunity-1  " in run("report", "deals", "--days", "3650", "--out", str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["deal_profits.csv", "deal_profits.html"]
    assert as_json("report", "ageing")["totals"]["units"] == 2
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "cannot write" in run("report", "ageing", "--out", str(blocked / "x"), status=2)


def test_verify_names_what_is_broken(sold: SqlBooks, tmp_path: Path) -> None:
    """A refund that no ledger knows is status 1."""
    import sqlite3

    assert as_json("verify")["broken"] == {}
    with sqlite3.connect(tmp_path / "books.sqlite") as connection:
        connection.execute("UPDATE order_returns SET refund_minor = refund_minor + 1")
    connection.close()
    assert as_json("verify", status=1)["broken"] == {"I3_refunds_are_booked": 1, "I3_refund_within_paid": 1}

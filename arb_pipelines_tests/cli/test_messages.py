"""`arb messages`: drafts, a person's word, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.outlet_accounts import EbayOutlet
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import connect, page
from arb_pipelines_tests.contracts.trade_records import offer_for_sale, opportunity, outlet_order, usd
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

RUNNER = CliRunner()
NEW = ["messages", "draft", "opportunity-1", "--outlet", "ebay", "--seller", "tea-house"]


@pytest.fixture
def order_id(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Books with an opportunity to bargain about, and an order."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_DATABASE_URL", sqlite_url)
    books = open_books(sqlite_url)
    books.opportunities.store([opportunity(1, landed_cost=usd(4_000), max_cost=usd(3_600))], [])
    order = books.orders.import_order(outlet_order(offer_for_sale(books, 2).sku), usd(700), fee_estimated=False)
    books.close()
    assert order is not None
    return order.order_id


def test_an_offer_is_drafted_answered_and_sent(order_id: str) -> None:
    first = json.loads(RUNNER.invoke(app, [*NEW, "--json"]).stdout)
    assert (first["state"], first["details"]["amount_minor"]) == ("draft", "2800")
    assert RUNNER.invoke(app, ["messages", "send", first["message_id"]]).exit_code == 0
    second = RUNNER.invoke(app, ["messages", "draft", "opportunity-1", "--counter", "no", "--json"])
    assert json.loads(second.stdout)["details"]["amount_minor"] == "3200"
    listed = json.loads(RUNNER.invoke(app, ["messages", "list", "--json"]).stdout)
    assert [draft["body"] for draft in listed["drafts"]] == [json.loads(second.stdout)["body"]]
    assert listed["talks"][0]["offers_minor"] == [2800, 3200]
    assert "tea-house" in RUNNER.invoke(app, ["messages", "list"], env={"COLUMNS": "200"}).stdout


def test_words_to_a_buyer(order_id: str) -> None:
    done = RUNNER.invoke(app, ["messages", "draft", order_id, "--text", "Your parcel is on its way."])
    assert done.exit_code == 0, done.output
    assert "on its way" in done.stdout


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["draft", "opportunity-1"], "seller_missing"),
        (["draft", "opportunity-9", "--outlet", "ebay", "--seller", "x"], "opportunity_unknown"),
        (["draft", "order-9", "--text", "Hello"], "order_unknown"),
        (["send", "nothing"], "no_draft"),
    ],
)
def test_a_refusal_is_one_line(order_id: str, arguments: list[str], code: str) -> None:
    done = RUNNER.invoke(app, ["messages", *arguments])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert f"({code})" in done.stderr


def test_contact_data_is_refused_and_a_wrong_price_too(order_id: str) -> None:
    done = RUNNER.invoke(app, ["messages", "draft", order_id, "--text", "mail me@example.test"])
    assert "(message_contact_data)" in done.stderr
    RUNNER.invoke(app, NEW)
    wrong = RUNNER.invoke(app, ["messages", "draft", "opportunity-1", "--counter", "cheap"])
    assert wrong.exit_code == 2


def test_a_conversation_is_named_once_and_remembered(order_id: str) -> None:
    """eBay takes answers in a conversation alone."""
    first = json.loads(RUNNER.invoke(app, [*NEW, "--thread", "4711", "--json"]).stdout)
    assert first["details"]["thread_id"] == "4711"
    again = ["messages", "draft", "opportunity-1", "--counter", "no", "--json"]
    assert json.loads(RUNNER.invoke(app, again).stdout)["details"]["thread_id"] == "4711"
    moved = json.loads(RUNNER.invoke(app, [*again, "--thread", "4712"]).stdout)
    assert moved["details"]["thread_id"] == "4712"
    words = ["messages", "draft", order_id, "--text", "On its way.", "--thread", "9", "--json"]
    assert json.loads(RUNNER.invoke(app, words).stdout)["details"]["thread_id"] == "9"


def test_conversations_are_ebays(order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an account that is one line; with one the ids are shown."""
    done = RUNNER.invoke(app, ["messages", "conversations"])
    assert (done.exit_code, "(not_set_up)" in done.stderr) == (2, True)
    vendor = ContractTransport("ebay")
    shown = {"conversationId": "4711", "unreadCount": 1, "referenceType": "LISTING", "referenceId": "11"}
    vendor.reply("getConversations", page("conversations", shown))
    monkeypatch.setenv("ARB_EBAY", json.dumps({"client_id": "i", "client_secret": "s", "refresh_token": "t"}))
    monkeypatch.setattr(EbayOutlet, "connect", lambda self: connect(vendor))
    told = json.loads(RUNNER.invoke(app, ["messages", "conversations", "--json"]).stdout)
    assert told == [{"conversation_id": "4711", "unread": 1, "listing_id": "11", "latest_at": None}]
    assert "4711" in RUNNER.invoke(app, ["messages", "conversations"]).stdout
    vendor.reply("getConversations", {"errors": [{"errorId": 1}]}, status=403)
    assert "eBay cannot be read" in RUNNER.invoke(app, ["messages", "conversations"]).stderr

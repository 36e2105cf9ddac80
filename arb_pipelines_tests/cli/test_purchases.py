"""Approve, look, reconcile, explain: a person's way through one purchase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.locks import RiskLock
from arb_pipelines.domain.purchase import PurchaseState, claim_of
from arb_pipelines.domain.raw_product import scrape_id
from arb_pipelines.scraping.segments import RawPage, SegmentWriter
from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import let_buy, opportunity

RUN = CliRunner()
TICK = "tick-20260101T000000Z"


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """Books of the test's own, with one opportunity of today."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    opened = open_books(Settings().books_url)
    opened.migrate()
    now = datetime.now(UTC)
    one = opportunity(1)
    seen = scrape_id(one.site, one.url, TICK)
    found = opportunity(1, scrape_id=seen, observed_at=now - timedelta(minutes=1), decided_at=now)
    opened.opportunities.store([found], [])
    let_buy(opened, tmp_path / "sites", now)
    yield opened
    opened.close()


def run(*words: str) -> tuple[int, str, str]:
    done = RUN.invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_a_person_approves_once_within_the_bounds(books: SqlBooks) -> None:
    _, out, _ = run("opportunities", "--json")
    (one,) = json.loads(out)["opportunities"]
    assert (one["landed_cost"], one["max_cost"], one["currency"]) == ("20.00", "30.00", "USD")
    assert run("approve", "opportunity-1", "--ceiling", "twelve")[0] == 2
    code, _, err = run("approve", "opportunity-1", "--ceiling", "30.01")
    assert (code, "over_max_cost" in err) == (1, True)
    code, _, err = run("approve", "opportunity-9", "--ceiling", "5")
    assert (code, "no_such_opportunity" in err) == (2, True)
    assert [run("approve", "opportunity-1", "--ceiling", much)[0] for much in ("0", "-5", "NaN")] == [2, 2, 2]
    code, out, _ = run("approve", "opportunity-1", "--ceiling", "22.50")
    assert code == 0
    assert "at most 22.50 USD each" in out
    code, _, err = run("approve", "opportunity-1", "--ceiling", "22.50")
    assert (code, "already_approved" in err) == (1, True)
    (approval,) = books.approvals.load_usable(datetime.now(UTC))
    assert (approval.ceiling.text, approval.quantity, approval.approved_by[:7]) == ("22.50", 1, "person:")


def test_an_approval_as_json(books: SqlBooks) -> None:
    code, out, _ = run("approve", "opportunity-1", "--ceiling", "22.50", "--json")
    told = json.loads(out)
    (approval,) = books.approvals.load_usable(datetime.now(UTC))
    assert (code, told["approval_id"], told["ceiling"]) == (0, approval.approval_id, "22.50")


def test_a_shop_that_is_not_declared_is_not_reconciled(books: SqlBooks) -> None:
    """A slip of the key must not look like a clean history."""
    code, _, err = run("reconcile", "--site", "nosuch")
    assert (code, "'nosuch'" in err) == (2, True)


def test_above_the_amount_one_more_person_is_needed(books: SqlBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account that runs the command signs, whatever USER says."""
    monkeypatch.setenv("ARB_TWO_PERSON_ABOVE", "20")
    code, out, _ = run("approve", "opportunity-1", "--ceiling", "22.50")
    assert (code, "one more person needed until" in out) == (0, True)
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    code, _, err = run("approve", "opportunity-1", "--ceiling", "22.50")
    assert (code, "same_person" in err) == (1, True)
    assert books.approvals.load_usable(datetime.now(UTC)) == []
    monkeypatch.setattr("arb_pipelines.cli.approvals.account_name", lambda: "second")
    code, _, err = run("approve", "opportunity-1", "--ceiling", "22.00")
    assert (code, "terms_differ" in err) == (1, True)
    assert run("approve", "opportunity-1", "--ceiling", "22.50")[0] == 0
    (leave,) = books.approvals.load_usable(datetime.now(UTC))
    assert leave.approved_by == "person:second"


def test_locks_are_told_with_their_end(books: SqlBooks) -> None:
    now = datetime.now(UTC)
    books.locks.insert([RiskLock("category:kitchen", "lock_cool_down", "3 losing sales", now, now + timedelta(days=2))])
    _, out, _ = run("opportunities", "--json")
    (lock,) = json.loads(out)["locks"]
    assert (lock["scope"], lock["code"]) == ("category:kitchen", "lock_cool_down")
    assert "category:kitchen is locked until" in run("opportunities")[2]


def test_a_preset_that_watches_gives_no_leave(books: SqlBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_PRESET", "watcher")
    code, _, err = run("approve", "opportunity-1", "--ceiling", "22.50")
    assert (code, "watch_only" in err) == (1, True)


def buy(books: SqlBooks) -> str:
    """Claim the approved opportunity and leave it uncertain."""
    run("approve", "opportunity-1", "--ceiling", "22.50")
    now = datetime.now(UTC)
    (approval,) = books.approvals.load_usable(now)
    purchase = claim_of(approval, "pu-1", now)
    assert books.purchases.claim(purchase, [], now) is None
    for before, after in (
        (PurchaseState.CLAIMED, PurchaseState.SUBMITTING),
        (PurchaseState.SUBMITTING, PurchaseState.UNCERTAIN),
    ):
        assert books.purchases.advance("pu-1", expected=(before,), state=after, now=now, reason="timeout")
    return "pu-1"


def test_purchases_are_shown_by_state(books: SqlBooks) -> None:
    buy(books)
    _, out, _ = run("purchases", "--state", "UNCERTAIN", "--json")
    (one,) = json.loads(out)["purchases"]
    assert (one["purchase_id"], one["state"], one["reserved"], one["total"]) == ("pu-1", "uncertain", "22.50", None)
    assert json.loads(run("purchases", "--state", "bought", "--json")[1]) == {"purchases": []}
    assert "uncertain" in run("purchases")[1]


def test_reconcile_says_when_nobody_can_be_asked(books: SqlBooks) -> None:
    buy(books)
    code, out, _ = run("reconcile", "--json")
    told = json.loads(out)
    assert code == 1
    assert [alarm["code"] for alarm in told["alarms"]] == ["no_buyer"]
    assert "no_buyer at shop-1" in run("reconcile")[2]


def test_explain_goes_back_to_the_page_and_the_model(books: SqlBooks, tmp_path: Path) -> None:
    buy(books)
    url = opportunity(1).url
    segment = SegmentWriter(Settings().raw_pages_dir, TICK, [])
    segment.release(segment.append(RawPage("shop-1", url, datetime.now(UTC), body=b"<html>20.00</html>")))
    segment.close()
    target = tmp_path / "page.html"
    code, out, err = run("explain", "pu-1", "--json", "--page", str(target))
    told = json.loads(out)
    assert code == 0, err
    assert told["purchase"]["state"] == "uncertain"
    assert told["opportunity"]["model_version"] == "model-1"
    assert told["record"]["subtractions"] == [["fee", "6.63"]]
    assert (told["page"]["kept"], told["page"]["url"]) == (True, url)
    assert target.read_bytes() == b"<html>20.00</html>"
    assert "model_version    model-1" in run("explain", "pu-1")[1]


def test_explain_says_what_is_missing(books: SqlBooks) -> None:
    code, _, err = run("explain", "pu-9")
    assert code == 2
    assert "there is no purchase 'pu-9'" in err
    buy(books)
    assert json.loads(run("explain", "pu-1", "--json")[1])["page"]["kept"] is False


def test_a_person_buys_step_by_step(books: SqlBooks) -> None:
    approval_id = run("approve", "opportunity-1", "--ceiling", "22.50")[1].partition(":")[0]
    code, out, _ = run("buy", approval_id)
    assert code == 0
    assert [line[:2] for line in out.splitlines()] == [f"{n}." for n in range(1, 7)]
    assert "at most 22.50 USD" in out
    (one,) = books.purchases.load()
    assert "approval_missing" in run("buy", approval_id)[2]
    assert run("bought", one.purchase_id, "--order", "77", "--total", "much")[0] == 2
    assert "bought, 21.40 USD paid" in run("bought", one.purchase_id, "--order", "77", "--total", "21.40")[1]
    assert "wrong_state" in run("not-bought", one.purchase_id)[2]
    assert "arrived" in run("received", one.purchase_id)[1]
    assert books.broken_invariants() == {}


def test_a_person_is_not_sent_where_nothing_may_be_bought(books: SqlBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules of the moment hold for `arb buy`, and one who approved with the rule of two people switched off."""
    monkeypatch.setenv("ARB_TWO_PERSON_ABOVE", "")
    approval_id = run("approve", "opportunity-1", "--ceiling", "22.50")[1].partition(":")[0]
    monkeypatch.setenv("ARB_TWO_PERSON_ABOVE", "20")
    code, _, err = run("buy", approval_id)
    assert (code, "second_person_missing" in err) == (1, True)
    monkeypatch.setenv("ARB_TWO_PERSON_ABOVE", "")
    monkeypatch.setenv("ARB_SITES_DIR", "no-sites")
    code, _, err = run("buy", approval_id)
    assert (code, "site_may_not_buy" in err) == (1, True)
    assert books.purchases.load() == []

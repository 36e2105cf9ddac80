"""Lists straight from rows say what the opportunities themselves say, and each condition of "open" is a seek."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import event, text

from arb_pipelines.adapters.sql import history_samples
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.pages import ListedOpportunity, OpportunityFilter, OpportunityOrder
from arb_pipelines_tests.contracts.trade_records import opportunity, usd
from arb_pipelines_tests.fakes.clock import START, SettableClock


def test_a_list_says_what_the_opportunities_say(books: SqlBooks, clock: SettableClock) -> None:
    told = {"risk_flags": ("brand_gated", "fragile"), "brand": "b", "category": "lamp", "horizon_days": 30}
    told |= {"sold_within_horizon": 0.25, "roi": Decimal("1E+1"), "expected_profit": usd(5)}
    found = [opportunity(number, **(told if number % 2 else {})) for number in range(5)]
    books.opportunities.store(found, [])
    for order in OpportunityOrder:
        wanted, place = OpportunityFilter(order=order, open_at=clock.now()), None
        for _ in range(3):
            listed, whole = (load(wanted, 2, place) for load in (books.pages.load_list, books.pages.load_opportunities))
            assert listed.found == [ListedOpportunity.of(one) for one in whole.found]
            assert listed.next_place == whole.next_place
            assert {one.profit_per_dollar_day for one in listed.found} == {
                one.profit_per_dollar_day for one in whole.found
            }
            place = listed.next_place
        assert place is None


def test_of_one_moment_only_the_last_is_open(books: SqlBooks, clock: SettableClock) -> None:
    same = [opportunity(number, offer_key="offer-1", decided_at=START) for number in (1, 2, 3)]
    older = opportunity(9, offer_key="offer-1", decided_at=START - timedelta(seconds=1))
    books.opportunities.store([*same, older], [])
    page = books.pages.load_list(OpportunityFilter(open_at=clock.now()), 10)
    assert [one.opportunity_id for one in page.found] == ["opportunity-3"]
    assert [one.opportunity_id for one in books.opportunities.load_open(clock.now())] == ["opportunity-3"]


def test_what_is_open_is_found_by_seeks(sqlite_url: str, clock: SettableClock) -> None:
    books = open_books(sqlite_url, now=clock.now)
    seen: list[tuple[str, object]] = []
    event.listen(books._engine, "before_cursor_execute", lambda *sent: seen.append(sent[2:4]))
    books.pages.load_list(OpportunityFilter(open_at=clock.now(), site="shop-1"), 25)
    [(statement, bound)] = [one for one in seen if one[0].startswith("SELECT")]
    with books._engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]  # type: ignore[arg-type]
        assert connection.scalar(text("SELECT 1")) == 1
    books.close()
    assert not [line for line in plan if line.startswith("SCAN") or "TEMP B-TREE" in line or "MULTI-INDEX" in line]
    assert "SEARCH purchases USING INDEX uq_purchases_taken_offer (offer_key=?)" in plan
    assert "SEARCH newer USING INDEX ix_opportunities_offer_key_decided_at (offer_key=? AND decided_at>?)" in plan


def test_a_history_is_read_off_its_index_alone(sqlite_url: str) -> None:
    """A page of the table for each of 300 points is what makes 50 million readings slow."""
    books = open_books(sqlite_url)
    bound = {"keys": '["offer-1"]', "start": 0, "end": 10, "width": 1}
    with books._engine.connect() as connection:
        asked = text(f"EXPLAIN QUERY PLAN {history_samples.STATEMENTS['sqlite']}")
        plan = [row[3] for row in connection.execute(asked, bound)]
    books.close()
    [reading] = [line for line in plan if line.startswith("SEARCH seen")]
    assert reading.startswith("SEARCH seen USING COVERING INDEX ix_price_points_offer_history (offer_key=?")

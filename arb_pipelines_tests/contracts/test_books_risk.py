"""Contract R: what every database must do with limits by brand, locks, two people and outlets' answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.adapters.sql.engine import build_engine
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.locks import RiskLock
from arb_pipelines.domain.return_case import ReturnState
from arb_pipelines.domain.spend_limit import Refusal, SpendLimit
from arb_pipelines_tests.contracts.trade_records import (
    approval,
    approve,
    buy,
    claim,
    offer_for_sale,
    opportunity,
    outlet_order,
    purchase,
    usd,
)
from arb_pipelines_tests.fakes.clock import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KNOWN = {"brand": "acme", "category": "kitchen"}


def refuse(books: SqlBooks, number: int, limits: list[SpendLimit], **changes: object) -> Refusal:
    """Return why a new offer's claim is refused."""
    refusal = books.purchases.claim(purchase(approve(books, number, **changes)), limits, START)
    assert refusal is not None
    assert books.broken_invariants() == {}
    return refusal


@pytest.mark.parametrize("scope", ["outlet:*", "brand:*", "category:*", "brand:acme", "brand:ACME", "outlet:outlet-1"])
def test_r01_caps_count_by_what_the_decision_says(books: SqlBooks, scope: str) -> None:
    limits = [SpendLimit(scope, usd(4_000), DAY)]
    claim(books, 1, limits, **KNOWN)
    assert books.broken_invariants() == {}
    refusal = refuse(books, 2, limits, **KNOWN)
    assert (refusal.code, refusal.until) == ("spend_limit", START + DAY)


def test_r02_another_brand_has_a_cap_of_its_own(books: SqlBooks) -> None:
    limits = [SpendLimit("brand:*", usd(4_000), DAY), SpendLimit("brand:acme", usd(4_000), DAY)]
    claim(books, 1, limits, **KNOWN)
    claim(books, 2, limits, brand="other", category="kitchen")


@pytest.mark.parametrize("scope", ["brand:*", "category:*", "brand:acme", "category:kitchen"])
def test_r03_a_cap_that_cannot_be_counted_refuses(books: SqlBooks, scope: str) -> None:
    assert refuse(books, 1, [SpendLimit(scope, usd(10**6), DAY)]).code == "spend_limit_key_unknown"


def test_r04_an_overspent_brand_breaks_the_invariant(books: SqlBooks, books_url: str) -> None:
    claim(books, 1, [SpendLimit("brand:*", usd(4_000), DAY)], **KNOWN)
    engine = build_engine(books_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE purchases SET committed_minor = 4001"))
    engine.dispose()
    assert books.broken_invariants() == {"I2_spent_within_limit": 1}


def test_r05_a_refusal_says_when_the_window_has_room_again(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(5_000), DAY)]
    claim(books, 1, limits, START)
    claim(books, 2, limits, START + HOUR)
    leave = purchase(approve(books, 3, START + 2 * HOUR), START + 2 * HOUR)
    refusal = books.purchases.claim(leave, limits, START + 2 * HOUR)
    assert refusal is not None
    assert refusal.until == START + DAY


def test_r06_more_than_the_whole_limit_has_no_end(books: SqlBooks) -> None:
    assert refuse(books, 1, [SpendLimit("total", usd(2_499), DAY)]).until is None
    assert refuse(books, 2, [SpendLimit("order", usd(2_499), None)]).until is None


@pytest.mark.parametrize(
    "scope, known, refused",
    [
        ("total", {}, True),
        ("site:shop-1", {}, True),
        ("site:shop-2", {}, False),
        ("category:kitchen", KNOWN, True),
        ("category:garden", KNOWN, False),
        ("category:garden", {}, True),  # it may be that one
    ],
)
def test_r07_a_lock_binds_inside_the_claim(books: SqlBooks, scope: str, known: dict[str, str], refused: bool) -> None:
    lock = RiskLock(scope, "lock_cool_down", "3 losing sales in a row", START - HOUR, START + HOUR)
    assert books.locks.insert([lock, lock]) == 1
    assert books.locks.load_active(START) == [lock]
    wanted = purchase(approve(books, 1, **known))
    refusal = books.purchases.claim(wanted, [], START)
    assert (refusal is not None) is refused
    if refusal:
        assert (refusal.code, refusal.until) == ("lock_cool_down", START + HOUR)


def test_r08_a_lock_ends(books: SqlBooks) -> None:
    books.locks.insert([RiskLock("total", "lock_daily_loss", "lost", START - DAY, START)])
    assert books.locks.load_active(START) == []
    claim(books, 1)


def test_r09_sales_are_told_with_their_category(books: SqlBooks) -> None:
    offered = offer_for_sale(books, 1, **KNOWN)
    books.orders.import_order(outlet_order(offered.sku), usd(700), fee_estimated=False)
    (result,) = books.locks.load_results(START - DAY)
    assert (result.category, result.sold_at) == ("kitchen", START)
    (order,) = books.orders.load()
    assert result.profit == order.revenue - order.fee - order.cost_of_goods
    assert books.locks.load_results(START + HOUR) == []


def test_r10_what_is_decided_is_kept(books: SqlBooks) -> None:
    found = opportunity(1, **KNOWN, horizon_days=90, sold_within_horizon=0.75, risk_flags=("read_once",))
    books.opportunities.store([found, opportunity(2)], [])
    assert books.opportunities.load_one("opportunity-1") == found
    assert books.opportunities.load_one("opportunity-2") == opportunity(2)


def signed(by: str, **changes: object) -> Approval:
    terms = {"approved_by": f"person:{by}", "ceiling": usd(30_000), "two_person_above": usd(25_000)} | changes
    return approval(opportunity(1), **terms)


def sign(books: SqlBooks, by: str, at: timedelta = timedelta(0), **changes: object) -> str | None:
    refusal = books.approvals.sign(signed(by, **changes), START + at)
    return None if refusal is None else refusal.code


def test_r11_two_people_make_one_approval(books: SqlBooks) -> None:
    books.opportunities.store([opportunity(1)], [])
    first = books.approvals.sign(signed("a"), START)
    assert first is not None
    assert (first.code, first.until) == ("one_more_person", START + HOUR)
    assert books.approvals.load_usable(START) == []
    assert sign(books, "a") == "same_person"
    assert sign(books, "b", ceiling=usd(29_999)) == "terms_differ"
    assert sign(books, "b", quantity=2) == "terms_differ"
    assert sign(books, "b") is None
    assert books.approvals.load_usable(START) == [signed("b")]
    assert sign(books, "c") == "already_approved"
    assert books.broken_invariants() == {}
    assert books.purchases.claim(purchase(signed("b"), reserved=usd(30_000)), [], START) is None
    assert books.broken_invariants() == {}


def test_r12_an_expired_proposal_is_proposed_anew(books: SqlBooks) -> None:
    books.opportunities.store([opportunity(1)], [])
    later = {"expires_at": START + 3 * HOUR}
    assert sign(books, "a") == "one_more_person"
    assert sign(books, "b", HOUR, **later) == "one_more_person"
    assert sign(books, "b", HOUR, **later) == "same_person"
    assert sign(books, "a", 2 * HOUR, **later) is None


def test_r13_one_person_alone_never_spends_above_the_amount(books: SqlBooks) -> None:
    """Whoever inserts the row past the signing, the claim refuses and the invariant fires."""
    books.opportunities.store([opportunity(1)], [])
    assert books.approvals.insert(signed("a"))
    refusal = books.purchases.claim(purchase(signed("a"), reserved=usd(30_000)), [], START)
    assert refusal is not None
    assert refusal.code == "second_person_missing"
    assert books.broken_invariants() == {"I10_two_people_above_the_amount": 1}


def test_r14_a_policy_may_be_faster(books: SqlBooks) -> None:
    books.opportunities.store([opportunity(1)], [])
    sign(books, "a")
    assert books.approvals.insert(approval(opportunity(1)))
    assert sign(books, "b") == "already_approved"


def test_r15_of_many_second_people_one_counts(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    books.opportunities.store([opportunity(1)], [])
    racing = [open_more() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda pair: sign(pair[1], f"p{pair[0]}"), enumerate(racing)))
    assert sorted(codes, key=str) == [None, *["already_approved"] * 4, "one_more_person"]
    assert len(books.approvals.load_usable(START)) == 1
    assert books.broken_invariants() == {}


def test_r16_the_newest_answer_of_an_outlet_counts(books: SqlBooks) -> None:
    old = Eligibility("product-1", "new", "outlet-1", Permission.ALLOWED, START)
    new = replace(old, permission=Permission.NOT_ELIGIBLE, checked_at=START + HOUR)
    books.eligibility.put([old])
    books.eligibility.put([new])
    books.eligibility.put([old])
    assert books.eligibility.load() == {("product-1", "new", "outlet-1"): new}


def test_r17_a_bought_thing_counts_at_what_was_paid(books: SqlBooks) -> None:
    limits = [SpendLimit("brand:*", usd(4_500), DAY)]
    buy(books, 1, total=2_000, **KNOWN)
    claim(books, 2, limits, **KNOWN)
    assert refuse(books, 3, limits, **KNOWN).code == "spend_limit"


@pytest.mark.parametrize("restocked, left", [(True, -200), (False, -2_200)])
def test_r18_a_refund_makes_a_loss_of_a_sale(books: SqlBooks, restocked: bool, left: int) -> None:
    """54.00 - 7.00 - 20.00 was earned; 54.00 went back and 5.00 of the fee came: 2.00 lost, or the goods as well."""
    offered = offer_for_sale(books, 1, **KNOWN)
    order = books.orders.import_order(outlet_order(offered.sku), usd(700), fee_estimated=False)
    assert order is not None
    books.returns.open("return-1", order.order_id, 1, "broken", START)
    assert [one.profit for one in books.locks.load_results(START - DAY)] == [usd(2_700)]
    assert books.returns.refund("return-1", usd(5_400), usd(500), START + 3 * DAY)
    requested, received = (ReturnState.REQUESTED,), (ReturnState.RECEIVED,)
    assert books.returns.advance("return-1", expected=requested, state=ReturnState.RECEIVED, at=START + 3 * DAY)
    seen = ReturnState.RESTOCKED if restocked else ReturnState.WRITTEN_OFF
    assert books.returns.advance("return-1", expected=received, state=seen, at=START + 3 * DAY)
    (result,) = books.locks.load_results(START + 2 * DAY)
    assert (result.category, result.profit, result.sold_at) == ("kitchen", usd(left), START + 3 * DAY)
    assert books.broken_invariants() == {}


def test_r19_many_runs_of_a_policy_leave_no_more_open_than_it_allows(
    books: SqlBooks, open_more: Callable[..., SqlBooks]
) -> None:
    books.opportunities.store([opportunity(number) for number in range(12)], [])
    runs = [open_more() for _ in range(4)]

    def approve_three(run: int) -> int:
        mine = (approval(opportunity(number)) for number in range(run * 3, run * 3 + 3))
        return sum(runs[run].approvals.insert(one, most_open=2) for one in mine)

    with ThreadPoolExecutor(4) as pool:
        made = sum(pool.map(approve_three, range(4)))
    assert (made, books.approvals.count_open(START)) == (2, 2)

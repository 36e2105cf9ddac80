"""Contract B: what every database must do with decisions, approvals, purchases, switches and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from arb_pipelines.adapters.sql.books import SqlBooks, WrongModeError
from arb_pipelines.domain.ledger import Account, post_reserve
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import RefusedOffer
from arb_pipelines.domain.purchase import TRANSITIONS, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Action, ActionState, SpendLimit
from arb_pipelines_tests.contracts.trade_records import (
    BOUGHT,
    CLAIMED,
    NOT_PLACED,
    SUBMITTING,
    UNCERTAIN,
    approval,
    approve,
    buy,
    claim,
    opportunity,
    purchase,
    step,
    usd,
)
from arb_pipelines_tests.fakes.clock import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSED, RELEASED = PurchaseState.REFUSED, PurchaseState.RELEASED


def balance(books: SqlBooks, account: Account) -> int:
    return books.ledger.balances().get((account.value, "USD"), 0)


def refuse(books: SqlBooks, wanted: Purchase, limits: Sequence[SpendLimit] = (), at: datetime = START) -> str:
    """Return the code of a refused claim, having checked that it left nothing behind."""
    before = (books.purchases.load(), books.ledger.balances(), books.approvals.load_usable(at))
    refusal = books.purchases.claim(wanted, limits, at)
    assert refusal is not None
    assert refusal.detail
    assert (books.purchases.load(), books.ledger.balances(), books.approvals.load_usable(at)) == before
    assert books.broken_invariants() == {}
    return refusal.code


def test_b01_an_opportunity_is_kept_once_and_exactly(books: SqlBooks) -> None:
    found = opportunity()
    assert books.opportunities.store([found], []) == 1
    assert books.opportunities.store([replace(found, title="Other"), opportunity(2)], []) == 1
    assert books.opportunities.load_one("opportunity-1") == found
    assert books.opportunities.load_one("opportunity-9") is None
    with pytest.raises(ValueError, match="mixes currencies"):
        books.opportunities.store([opportunity(3, max_cost=Money(1, "EUR"))], [])


def test_b02_refused_offers_are_counted(books: SqlBooks) -> None:
    for minute in range(3):
        refused = RefusedOffer("offer-1", "stale_price", f"{minute}", START + timedelta(minutes=minute))
        assert books.opportunities.store([], [refused, replace(refused, code="roi_low")]) == 0
    assert books.totals()["opportunities"] == 0


def test_b02_an_offer_that_was_refused_since_is_not_open(books: SqlBooks) -> None:
    """What was refused before counts no more; what is found anew is open again."""
    early, late = (RefusedOffer("offer-1", code, "used", START + hours * HOUR) for code, hours in (("a", -1), ("b", 1)))
    books.opportunities.store([opportunity(1)], [early, replace(early, offer_key="offer-2")])
    assert (books.opportunities.find_refusal("offer-1"), len(books.opportunities.load_open(START))) == (None, 1)
    books.opportunities.store([], [late])
    assert (books.opportunities.find_refusal("offer-1"), books.opportunities.load_open(START)) == (late, [])
    assert books.opportunities.find_refusal("offer-2") is None
    again = opportunity(11, offer_key="offer-1", decided_at=START + 2 * HOUR)
    books.opportunities.store([again], [])
    assert (books.opportunities.find_refusal("offer-1"), books.opportunities.load_open(START)) == (None, [again])


def test_b03_open_is_the_newest_decision_of_each_offer(books: SqlBooks) -> None:
    newer = opportunity(11, offer_key="offer-1", decided_at=START + HOUR)
    books.opportunities.store([opportunity(1), newer, opportunity(2)], [])
    assert books.opportunities.load_open(START) == [opportunity(2), newer]


def test_b04_open_leaves_out_what_is_approved_or_bought(books: SqlBooks) -> None:
    approve(books, 1)
    buy(books, 2)
    later = START + 2 * HOUR
    again = [opportunity(11, offer_key="offer-1"), opportunity(12, offer_key="offer-2", decided_at=later)]
    books.opportunities.store([replace(again[0], decided_at=later), again[1]], [])
    assert books.opportunities.load_open(START) == []
    assert [one.opportunity_id for one in books.opportunities.load_open(later)] == ["opportunity-11"]


def test_b05_an_offer_whose_purchase_bought_nothing_is_open_again(books: SqlBooks) -> None:
    step(books, claim(books, 1), CLAIMED, RELEASED)
    books.opportunities.store([opportunity(11, offer_key="offer-1", decided_at=START + HOUR)], [])
    assert len(books.opportunities.load_open(START)) == 1


def test_b06_an_approval_is_kept_once_an_opportunity(books: SqlBooks) -> None:
    leave = approve(books)
    assert not books.approvals.insert(replace(leave, approval_id="another"))
    assert not books.approvals.insert(leave)
    assert books.approvals.load_usable(START) == [leave]
    with pytest.raises(IntegrityError):
        books.approvals.insert(approval(opportunity(9)))


def test_b07_usable_approvals_are_unused_and_not_expired(books: SqlBooks) -> None:
    approve(books, 1)
    claim(books, 2)
    assert [leave.opportunity_id for leave in books.approvals.load_usable(START)] == ["opportunity-1"]
    assert books.approvals.count_open(START) == 1
    assert books.approvals.count_open(START + HOUR) == 0
    assert books.approvals.load_usable(START + HOUR) == []


def test_b08_a_claim_reserves_and_uses_its_approval(books: SqlBooks) -> None:
    claimed = claim(books)
    assert books.purchases.load() == [claimed]
    assert (balance(books, Account.RESERVED), balance(books, Account.CASH)) == (2_500, -2_500)
    assert books.approvals.count_open(START) == 0
    assert books.broken_invariants() == {}


def test_b09_a_claim_made_twice_happens_once(books: SqlBooks) -> None:
    claimed = claim(books)
    assert refuse(books, claimed) == "approval_used"
    assert refuse(books, replace(claimed, purchase_id="another")) == "approval_used"


def test_b10_a_claim_needs_a_good_approval(books: SqlBooks) -> None:
    leave = approve(books)
    good = purchase(leave)
    assert refuse(books, replace(good, approval_id="none")) == "approval_missing"
    assert refuse(books, good, at=leave.expires_at) == "approval_expired"
    assert refuse(books, replace(good, reserved=usd(2_501))) == "approval_mismatch"
    assert refuse(books, replace(good, reserved=Money(2_500, "EUR"))) == "approval_mismatch"
    assert refuse(books, replace(good, quantity=2, reserved=usd(5_000))) == "approval_mismatch"
    for wrong in ({"offer_key": "x"}, {"url": "https://elsewhere.example"}, {"sku": "T"}, {"opportunity_id": "x"}):
        assert refuse(books, replace(good, **wrong)) == "approval_mismatch"
    assert books.purchases.claim(good, [], START) is None


def test_b11_one_purchase_an_offer(books: SqlBooks) -> None:
    first = claim(books, 1)
    again = purchase(approve(books, 2, offer_key="offer-1"))
    assert refuse(books, again) == "offer_taken"
    step(books, first, CLAIMED, SUBMITTING)
    for old, new in [(SUBMITTING, UNCERTAIN), (UNCERTAIN, NOT_PLACED)]:
        step(books, first, old, new)
        assert refuse(books, again) == "offer_taken"


def test_b12_a_released_offer_may_be_bought_later(books: SqlBooks) -> None:
    step(books, claim(books, 1), CLAIMED, RELEASED)
    assert books.purchases.claim(purchase(approve(books, 2, offer_key="offer-1")), [], START) is None


@pytest.mark.parametrize("state", [ActionState.HALTED, ActionState.REDUCING])
def test_b13_no_claim_after_halt(books: SqlBooks, state: ActionState) -> None:
    wanted = purchase(approve(books))
    books.switches.put(Action.BUY, state, "a test", "me", START)
    assert refuse(books, wanted) == f"buy_{state.value}"
    books.switches.put(Action.BUY, ActionState.ACTIVE, "done", "me", START)
    assert books.purchases.claim(wanted, [], START) is None


def test_b14_switches_never_set(books: SqlBooks) -> None:
    assert {books.switches.state_of(action) for action in Action} == {ActionState.ACTIVE}
    books.switches.put(Action.LIST, ActionState.HALTED, "why", "me", START)
    assert books.switches.state_of(Action.LIST) is ActionState.HALTED
    assert books.switches.state_of(Action.BUY) is ActionState.ACTIVE


@pytest.mark.parametrize("mode", ["live", "a typing error"])
def test_b15_real_money_starts_halted(open_more: Callable[..., SqlBooks], mode: str) -> None:
    assert open_more(mode).switches.state_of(Action.BUY) is ActionState.HALTED


def test_b16_paper_books_never_take_a_live_claim(books: SqlBooks, open_more: Callable[..., SqlBooks]) -> None:
    wanted = purchase(approve(books))
    live = open_more("live")
    with pytest.raises(WrongModeError, match="paper"):
        live.migrate()
    assert refuse(live, wanted) == "wrong_mode"


@pytest.mark.parametrize("scope", ["total", "site:*", "site:shop-1", "product:*", "product:product-1"])
def test_b17_a_limit_counts_what_is_reserved(books: SqlBooks, scope: str) -> None:
    limits = [SpendLimit(scope, usd(5_000), DAY)]
    claim(books, 1, limits)
    claim(books, 2, limits)
    assert refuse(books, purchase(approve(books, 3)), limits) == "spend_limit"


def test_b18_a_limit_of_another_site_or_product_does_not_bind(books: SqlBooks) -> None:
    limits = [SpendLimit("site:shop-2", usd(1), DAY), SpendLimit("product:product-2", usd(1), None)]
    claim(books, 1, limits)
    star = [SpendLimit("site:*", usd(2_500), DAY), SpendLimit("product:*", usd(9_000), None)]
    claim(books, 2, star, site="shop-9")
    assert refuse(books, purchase(approve(books, 3)), star) == "spend_limit"


def test_b19_order_is_a_cap_on_one_purchase(books: SqlBooks) -> None:
    limits = [SpendLimit("order", usd(2_500), None)]
    claim(books, 1, limits)
    claim(books, 2, limits)
    assert refuse(books, purchase(approve(books, 3)), [SpendLimit("order", usd(2_499), None)]) == "spend_limit"


def test_b20_a_window_rolls(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(2_500), DAY), SpendLimit("total", usd(5_000), None)]
    claim(books, 1, limits)
    almost = START + DAY - timedelta(microseconds=1)
    assert refuse(books, purchase(approve(books, 2, almost)), limits, almost) == "spend_limit"
    assert books.purchases.claim(purchase(approve(books, 3, START + DAY)), limits, START + DAY) is None
    later = START + 9 * DAY
    assert refuse(books, purchase(approve(books, 4, later)), limits, later) == "spend_limit"


def test_b21_a_clock_set_back_hides_nothing(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(2_500), DAY)]
    claim(books, 1, limits)
    earlier = START - 30 * DAY
    assert refuse(books, purchase(approve(books, 2, earlier)), limits, earlier) == "spend_limit"


def test_b22_the_claim_time_counts_not_the_callers(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(2_500), DAY)]
    backdated = purchase(approve(books, 1), START - 9 * DAY)
    assert books.purchases.claim(backdated, limits, START) is None
    assert refuse(books, purchase(approve(books, 2)), limits) == "spend_limit"


def test_b23_limits_that_cannot_be_judged_refuse(books: SqlBooks) -> None:
    wanted = purchase(approve(books))
    assert refuse(books, wanted, [SpendLimit("total", Money(10**6, "EUR"), DAY)]) == "spend_limit_currency"
    assert refuse(books, wanted, [SpendLimit("colour:red", usd(10**6), DAY)]) == "spend_limit_unknown"
    assert refuse(books, wanted, [SpendLimit("brand:acme", usd(10**6), DAY)]) == "spend_limit_key_unknown"
    two = [SpendLimit("total", Money(10**6, "EUR"), DAY), SpendLimit("total", usd(10**6), DAY)]
    assert books.purchases.claim(wanted, two, START) is None


def test_b24_a_new_limit_counts_older_purchases(books: SqlBooks) -> None:
    claim(books, 1)
    limits = [SpendLimit("total", usd(4_999), DAY)]
    assert refuse(books, purchase(approve(books, 2)), limits) == "spend_limit"


def test_b25_what_was_not_spent_is_free_again(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(4_500), DAY)]
    bought = claim(books, 1, limits)
    step(books, bought, CLAIMED, SUBMITTING)
    wanted = purchase(approve(books, 2))
    assert refuse(books, wanted, limits) == "spend_limit"
    paid = {"shop_order_id": "o", "total": usd(2_000)}
    assert books.purchases.advance(bought.purchase_id, expected=[SUBMITTING], state=BOUGHT, now=START, **paid)
    assert books.purchases.claim(wanted, limits, START) is None
    step(books, wanted, CLAIMED, RELEASED)
    assert books.purchases.claim(purchase(approve(books, 3)), limits, START) is None


def test_b26_what_is_no_claim_is_refused_loudly(books: SqlBooks) -> None:
    wanted = purchase(approve(books))
    for wrong in (replace(wanted, state=BOUGHT), replace(wanted, quantity=0), replace(wanted, reserved=usd(0))):
        with pytest.raises(ValueError, match="is not a claim"):
            books.purchases.claim(wrong, [], START)


def test_b27_advance_is_compare_and_set(books: SqlBooks) -> None:
    claimed = claim(books)
    key = claimed.purchase_id
    later = START + HOUR
    assert not books.purchases.advance("none", expected=[CLAIMED], state=SUBMITTING, now=START)
    assert not books.purchases.advance(key, expected=[SUBMITTING], state=UNCERTAIN, now=START)
    assert books.purchases.advance(key, expected=[CLAIMED], state=SUBMITTING, now=later)
    assert not books.purchases.advance(key, expected=[CLAIMED], state=SUBMITTING, now=later)
    assert books.purchases.advance(key, expected=[SUBMITTING], state=UNCERTAIN, now=later, reason="timeout")
    assert books.purchases.load([UNCERTAIN]) == [replace(claimed, state=UNCERTAIN, changed_at=later, reason="timeout")]
    assert books.purchases.load([BOUGHT, CLAIMED]) == []


@pytest.mark.parametrize("old", list(PurchaseState))
def test_b28_steps_that_do_not_exist_are_refused(books: SqlBooks, old: PurchaseState) -> None:
    key = claim(books).purchase_id
    for new in set(PurchaseState) - TRANSITIONS[old]:
        with pytest.raises(ValueError, match="cannot go from"):
            books.purchases.advance(key, expected=[old], state=new, now=START, total=usd(1))
    with pytest.raises(ValueError, match="nothing"):
        books.purchases.advance(key, expected=[], state=SUBMITTING, now=START)


def test_b29_bought_settles_the_reservation(books: SqlBooks) -> None:
    bought = buy(books, total=2_000)
    assert books.purchases.load([BOUGHT]) == [bought]
    assert (balance(books, Account.RESERVED), balance(books, Account.INVENTORY)) == (0, 2_000)
    assert balance(books, Account.CASH) == -2_000
    assert books.broken_invariants() == {}


@pytest.mark.parametrize(
    "path", [[RELEASED], [SUBMITTING, REFUSED], [SUBMITTING, NOT_PLACED], [SUBMITTING, UNCERTAIN, NOT_PLACED]]
)
def test_b30_what_bought_nothing_gives_the_reservation_back(books: SqlBooks, path: list[PurchaseState]) -> None:
    claimed = claim(books)
    for old, new in zip([CLAIMED, *path], path, strict=False):
        step(books, claimed, old, new)
    assert set(books.ledger.balances().values()) == {0}
    assert books.broken_invariants() == {}


def test_b31_a_late_order_is_adopted(books: SqlBooks) -> None:
    claimed = claim(books)
    for old, new in [(CLAIMED, SUBMITTING), (SUBMITTING, UNCERTAIN), (UNCERTAIN, NOT_PLACED)]:
        step(books, claimed, old, new)
    paid = {"shop_order_id": "late", "total": usd(2_100)}
    assert books.purchases.advance(claimed.purchase_id, expected=[NOT_PLACED], state=BOUGHT, now=START, **paid)
    assert (balance(books, Account.INVENTORY), balance(books, Account.CASH)) == (2_100, -2_100)
    assert balance(books, Account.RESERVED) == 0
    assert books.broken_invariants() == {}


def test_b32_bought_needs_a_total_in_its_currency(books: SqlBooks) -> None:
    claimed = claim(books)
    step(books, claimed, CLAIMED, SUBMITTING)
    for total in (None, usd(-1), Money(2_000, "EUR")):
        with pytest.raises(ValueError):
            books.purchases.advance(claimed.purchase_id, expected=[SUBMITTING], state=BOUGHT, now=START, total=total)
    assert books.purchases.load()[0].state is SUBMITTING


def test_b33_a_total_over_the_reservation_is_booked_and_reported(books: SqlBooks) -> None:
    limits = [SpendLimit("total", usd(2_500), DAY)]
    claimed = claim(books, 1, limits)
    step(books, claimed, CLAIMED, SUBMITTING)
    paid = {"shop_order_id": "o", "total": usd(2_600)}
    assert books.purchases.advance(claimed.purchase_id, expected=[SUBMITTING], state=BOUGHT, now=START, **paid)
    assert balance(books, Account.INVENTORY) == 2_600
    assert books.broken_invariants() == {"I2_spent_within_limit": 1}


def test_b34_one_shop_order_pays_one_purchase(books: SqlBooks) -> None:
    buy(books, 1)
    second = claim(books, 2)
    step(books, second, CLAIMED, SUBMITTING)
    paid = {"shop_order_id": "shop-order-1", "total": usd(2_000)}
    with pytest.raises(IntegrityError):
        books.purchases.advance(second.purchase_id, expected=[SUBMITTING], state=BOUGHT, now=START, **paid)
    assert books.purchases.load([SUBMITTING]) == [replace(second, state=SUBMITTING)]


def test_b35_delivery_is_recorded_once(books: SqlBooks) -> None:
    bought, open_one = buy(books, 1), claim(books, 2)
    assert books.purchases.load_in_transit() == [bought]
    assert not books.purchases.mark_delivered(open_one.purchase_id, START)
    assert books.purchases.mark_delivered(bought.purchase_id, START + DAY)
    assert not books.purchases.mark_delivered(bought.purchase_id, START + 2 * DAY)
    assert books.purchases.load_in_transit() == []
    assert books.purchases.load([BOUGHT])[0].delivered_at == START + DAY


def test_b38_a_group_holds_no_more_bids_than_may_be_won(books: SqlBooks) -> None:
    """A lost one makes room; whichever process asks, the claim counts."""
    bid = {"bid_group": "kettles", "bid_wanted": 1, "bid": usd(2_000), "auction_ends_at": START}
    first, second = (purchase(approve(books, number), **bid) for number in (1, 2))
    assert books.purchases.claim(first, [], START) is None
    refusal = books.purchases.claim(second, [], START)
    assert refusal is not None
    assert refusal.code == "bid_group_full"
    (kept,) = books.purchases.load()
    assert (kept.bid, kept.bid_group, kept.bid_wanted, kept.auction_ends_at) == (usd(2_000), "kettles", 1, START)
    step(books, first, CLAIMED, SUBMITTING)
    step(books, first, SUBMITTING, UNCERTAIN)
    step(books, first, UNCERTAIN, NOT_PLACED)
    assert books.purchases.claim(second, [], START) is None
    assert books.broken_invariants() == {}


def test_b36_the_ledger_posts_an_event_once(books: SqlBooks) -> None:
    assert books.ledger.balances() == {}
    assert books.ledger.post(post_reserve("p", usd(10), START))
    assert not books.ledger.post(post_reserve("p", usd(99), START))
    assert books.ledger.post(post_reserve("q", Money(2**40, "JPY"), START))
    assert books.ledger.balances() == {
        ("cash", "JPY"): -(2**40),
        ("cash", "USD"): -10,
        ("reserved", "JPY"): 2**40,
        ("reserved", "USD"): 10,
    }


def test_b37_migrating_again_changes_nothing(books: SqlBooks) -> None:
    claimed = claim(books)
    books.migrate()
    assert books.purchases.load() == [claimed]

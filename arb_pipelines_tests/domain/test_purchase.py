"""The state machine of a purchase, and the intent that an approval makes."""

from __future__ import annotations

from arb_pipelines.domain.purchase import (
    OPEN_STATES,
    TRANSITIONS,
    BuyQuote,
    PurchaseState,
    claim_of,
    purchase_id_for,
    refuse_quote,
)
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.clock import START


def reachable(start: PurchaseState) -> set[PurchaseState]:
    """Return every state that can follow `start`, itself included."""
    found, fresh = {start}, [start]
    while fresh:
        following = TRANSITIONS[fresh.pop()] - found
        found |= following
        fresh += following
    return found


def test_every_state_is_reachable_and_has_its_transitions() -> None:
    """No state is forgotten."""
    assert set(TRANSITIONS) == set(PurchaseState) == reachable(PurchaseState.CLAIMED)


def test_what_was_sent_is_never_released_or_sent_again() -> None:
    """From `submitting` on there is no way back to a state that would send."""
    for state in reachable(PurchaseState.SUBMITTING) - {PurchaseState.SUBMITTING}:
        assert PurchaseState.SUBMITTING not in TRANSITIONS[state]
    assert PurchaseState.RELEASED not in reachable(PurchaseState.SUBMITTING)
    assert PurchaseState.CLAIMED not in reachable(PurchaseState.SUBMITTING)


def test_bought_refused_and_released_are_the_end() -> None:
    """Only `not_placed` may still be adopted by an order that shows up late."""
    ends = {state for state, following in TRANSITIONS.items() if not following}
    assert ends == {PurchaseState.BOUGHT, PurchaseState.REFUSED, PurchaseState.RELEASED}
    assert TRANSITIONS[PurchaseState.NOT_PLACED] == {PurchaseState.BOUGHT}


def test_every_open_state_can_be_settled() -> None:
    """No reservation is held for ever."""
    for state in OPEN_STATES:
        assert reachable(state) - OPEN_STATES


def test_one_approval_makes_one_purchase_id() -> None:
    """Derived, so that a second run meets the first."""
    leave = approval(opportunity(), approval_id="ap-1")
    assert purchase_id_for(leave) == purchase_id_for(leave) == "pu-1"


def test_a_claim_reserves_the_ceiling_of_every_unit() -> None:
    """The most it may cost, not what it is expected to cost."""
    claimed = claim_of(approval(opportunity(), quantity=3), "pu-1", START)
    assert claimed.reserved == usd(7_500)
    assert (claimed.state, claimed.claimed_at, claimed.changed_at) == (PurchaseState.CLAIMED, START, START)


def test_a_good_quote_is_not_refused() -> None:
    """Up to the ceiling."""
    leave = approval(opportunity())
    assert refuse_quote(leave, BuyQuote("S1", usd(2_500), True)) is None
    refusal = refuse_quote(leave, BuyQuote("S1", usd(2_501), True))
    assert refusal is not None
    assert refusal.code == "over_ceiling"

"""Proxy bids and bid groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.bidding import (
    LIVE_STATES,
    Auction,
    Bid,
    BidState,
    cancelled_by_wins,
    decide_bid,
    maximum_bid,
    next_in_group,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


AUCTION = Auction("a-1", NOW + timedelta(hours=1), minimum_bid=usd("10.00"), shipping=usd("5.00"))


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "45.00"),
        ({"shipping": usd("0")}, "50.00"),
        ({"tax_rate": Decimal("0.10")}, "40.44"),
        ({"premium_rate": Decimal("0.25")}, "35.99"),
    ],
)
def test_shipping_and_charges_come_off_the_ceiling(changes: dict[str, object], expected: str) -> None:
    assert maximum_bid(usd("50.00"), replace(AUCTION, **changes)) == usd(expected)


rates = st.decimals(Decimal(0), Decimal("0.5"), places=3)


@given(st.integers(1, 10**7), st.integers(0, 10**6), rates, rates)
def test_a_won_maximum_never_costs_more_than_the_ceiling(
    ceiling: int, shipping: int, tax: Decimal, premium: Decimal
) -> None:
    """Charges are rounded up here, each by itself, which no auction exceeds."""
    auction = replace(AUCTION, shipping=Money(shipping, "USD"), tax_rate=tax, premium_rate=premium)
    bid = maximum_bid(Money(ceiling, "USD"), auction)
    if isinstance(bid, Refusal):
        assert bid.code == "bid_not_worth_it"
        return
    with_premium = bid.minor + int((bid.minor * premium).to_integral_value(ROUND_CEILING))
    taxed = int(((with_premium + shipping) * tax).to_integral_value(ROUND_CEILING))
    assert 0 < with_premium + shipping + taxed <= ceiling


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_without_charges_the_whole_ceiling_is_bid(ceiling: int, shipping: int) -> None:
    bid = maximum_bid(Money(ceiling, "USD"), replace(AUCTION, shipping=Money(shipping, "USD")))
    assert bid == Money(ceiling - shipping, "USD") if ceiling > shipping else isinstance(bid, Refusal)


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"shipping": None}, "bid_shipping_unknown"),
        ({"tax_rate": None}, "bid_charges_unknown"),
        ({"premium_rate": None}, "bid_charges_unknown"),
        ({"shipping": Money.of("5", "EUR")}, "bid_currency_differs"),
        ({"minimum_bid": Money.of("5", "EUR")}, "bid_currency_differs"),
        ({"minimum_bid": None}, "minimum_bid_unknown"),
        ({"minimum_bid": usd("45.01")}, "below_minimum_bid"),
        ({"shipping": usd("50.00")}, "bid_not_worth_it"),
        ({"ends_at": NOW}, "auction_over"),
    ],
)
def test_no_bid_without_certainty(changes: dict[str, object], code: str) -> None:
    refused = decide_bid(usd("50.00"), replace(AUCTION, **changes), [], NOW)
    assert isinstance(refused, Refusal)
    assert refused.code == code


@pytest.mark.parametrize("state", [state for state in BidState if state is not BidState.PLANNED])
def test_a_maximum_is_told_once(state: BidState) -> None:
    refused = decide_bid(usd("50.00"), AUCTION, [Bid("a-1", "g", state)], NOW)
    assert isinstance(refused, Refusal)
    assert refused.code == "bid_already_placed"
    assert decide_bid(usd("50.00"), AUCTION, [Bid("a-1", "g"), Bid("a-2", "g", state)], NOW) == usd("45.00")


def test_a_win_cancels_the_rest() -> None:
    bids = [Bid("a-1", "g", BidState.WON), Bid("a-2", "g"), Bid("a-3", "g", BidState.LOST), Bid("b-1", "other")]
    assert next_in_group(bids, "g", wanted=1) == []
    assert cancelled_by_wins(bids, "g", wanted=1) == [Bid("a-2", "g")]
    assert cancelled_by_wins(bids, "g", wanted=2) == []
    assert next_in_group(bids, "g", wanted=2) == [Bid("a-2", "g")]


ENDINGS = [BidState.WON, BidState.LOST]
STEPS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from([*ENDINGS, BidState.OUTBID, BidState.UNKNOWN])), max_size=60
)


@given(st.integers(1, 8), st.integers(1, 3), STEPS)
def test_a_group_never_wins_more_than_wanted(auctions: int, wanted: int, steps: list[tuple[int, BidState]]) -> None:
    """Whatever happens to live bids, in any order; every auction left over is cancelled once enough are won."""
    bids = {f"a-{number}": Bid(f"a-{number}", "g") for number in range(auctions)}
    for number, becomes in [*steps, *((n, BidState.WON) for n in range(auctions))]:
        for bid in next_in_group(bids.values(), "g", wanted):
            bids[bid.auction_id] = replace(bid, state=BidState.PLACED)
        chosen = bids.get(f"a-{number}")
        if chosen and chosen.state in LIVE_STATES:
            bids[chosen.auction_id] = replace(chosen, state=becomes)
        won = sum(bid.state is BidState.WON for bid in bids.values())
        assert won <= wanted
        left = {bid.auction_id for bid in cancelled_by_wins(bids.values(), "g", wanted)}
        planned = {bid.auction_id for bid in bids.values() if bid.state is BidState.PLANNED}
        assert left == (planned if won == wanted else set())

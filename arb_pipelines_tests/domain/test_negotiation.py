"""Bargaining never costs more than it may, never goes back, and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.negotiation import Move, MoveKind, Stance, Talks, draft_message, ladder, next_move

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


TALKS = Talks(usd(10_000), usd(9_000), usd(11_000), NOW + timedelta(hours=1))


def test_the_ladder_climbs_to_the_walk_away_price() -> None:
    assert ladder(TALKS, Stance()) == [usd(7_000), usd(8_000), usd(9_000)]
    assert ladder(TALKS, Stance(most_offers=5)) == [usd(7_000), usd(8_000), usd(8_500), usd(8_750), usd(9_000)]
    cheap = replace(TALKS, walk_away=usd(20_000))
    assert ladder(cheap, Stance())[-1] == usd(10_000), "nobody offers more than is asked"


@pytest.mark.parametrize(
    ("changes", "kind", "code", "amount"),
    [
        ({}, MoveKind.OFFER, "offer_1", usd(7_000)),
        ({"asking": usd(8_800)}, MoveKind.BUY_NOW, "far_below_average", usd(8_800)),
        ({"asking": usd(8_801)}, MoveKind.OFFER, "offer_1", usd(6_160)),
        ({"asking": usd(8_000), "average": None}, MoveKind.OFFER, "offer_1", usd(5_600)),
        ({"asking": usd(8_000), "walk_away": usd(7_900)}, MoveKind.OFFER, "offer_1", usd(5_600)),
        ({"offers": (usd(7_000),)}, MoveKind.OFFER, "offer_2", usd(8_000)),
        ({"offers": (usd(7_000),), "counter": usd(9_500)}, MoveKind.OFFER, "offer_2", usd(8_000)),
        ({"offers": (usd(7_000),), "counter": usd(7_900)}, MoveKind.ACCEPT, "counter_fits", usd(7_900)),
        (
            {"offers": (usd(7_000), usd(8_000), usd(9_000)), "counter": usd(8_990)},
            MoveKind.ACCEPT,
            "counter_fits",
            usd(8_990),
        ),
        (
            {"offers": (usd(7_000), usd(8_000), usd(9_000)), "counter": usd(9_001)},
            MoveKind.WALK_AWAY,
            "ladder_ended",
            None,
        ),
        ({"deadline_at": NOW}, MoveKind.WALK_AWAY, "deadline", None),
        ({"counter": Money(1, "EUR")}, MoveKind.WALK_AWAY, "currency_differs", None),
        ({"walk_away": usd(0)}, MoveKind.WALK_AWAY, "no_price", None),
    ],
)
def test_each_move(changes: dict[str, object], kind: MoveKind, code: str, amount: Money | None) -> None:
    move = next_move(replace(TALKS, **changes), Stance(), NOW)
    assert (move.kind, move.code, move.amount) == (kind, code, amount)


MINOR = st.integers(1, 10_000_000)
STANCES = st.builds(
    Stance,
    st.decimals("0.01", "0.99", places=2),
    st.decimals("0.01", "1", places=2),
    st.decimals("0.01", "0.99", places=2),
    st.integers(1, 12),
)


@given(MINOR, MINOR, st.none() | MINOR, STANCES, st.lists(MINOR, max_size=12))
def test_talks_end_within_every_bound(
    asking: int, walk_away: int, average: int | None, stance: Stance, counters: list[int]
) -> None:
    talks = Talks(usd(asking), usd(walk_away), usd(average) if average else None, NOW + timedelta(hours=1))
    moves: list[Move] = []
    for counter in [None, *counters, *[None] * (stance.most_offers + 1)]:
        move = next_move(replace(talks, counter=usd(counter) if counter else talks.counter), stance, NOW)
        moves.append(move)
        if move.kind is not MoveKind.OFFER:
            break
        assert move.amount is not None
        talks = replace(talks, offers=(*talks.offers, move.amount), counter=usd(counter) if counter else talks.counter)
    assert moves[-1].kind is not MoveKind.OFFER, "it ends"
    amounts = [move.amount.minor for move in moves if move.amount is not None]
    assert all(amount <= walk_away for amount in amounts)
    offers = [offer.minor for offer in talks.offers]
    assert all(offer <= asking for offer in offers)
    assert all(before < after for before, after in pairwise(offers))
    assert len(offers) <= stance.most_offers


def test_a_draft_is_only_words() -> None:
    assert draft_message(next_move(TALKS, Stance(), NOW), "a kettle") == (
        "Hello, would you take 70.00 USD for a kettle? I can pay at once."
    )
    assert (
        draft_message(Move(MoveKind.ACCEPT, usd(100), "", ""), "a kettle") == "Hello, I accept 1.00 USD for a kettle."
    )
    assert draft_message(Move(MoveKind.WALK_AWAY, None, "", ""), "a kettle") is None


@pytest.mark.parametrize(
    "shares", [{"opening": Decimal(0)}, {"concession": Decimal(1)}, {"buy_now_below": Decimal(-1)}, {"most_offers": 0}]
)
def test_a_stance_that_cannot_climb_is_refused(shares: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="must"):
        Stance(**shares)  # type: ignore[arg-type]

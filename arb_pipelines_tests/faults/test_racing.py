"""Eight processes at one budget never pass it, and stop when buying is halted."""

from __future__ import annotations

from arb_pipelines_tests.faults.contests import halt_under_load, race_by_check_then_act, race_for_a_budget

OFFERS, HALTS = 48, 25


def test_eight_processes_never_pass_a_budget(books_url: str) -> None:
    figures = race_for_a_budget(books_url, OFFERS)
    assert figures.claimed == OFFERS // 2
    assert figures.spent_minor == figures.limit_minor
    assert figures.broken_invariants == {}
    assert set(figures.codes) == {"claimed", "approval_used", "spend_limit"}


def test_check_then_act_passes_it(books_url: str) -> None:
    assert race_by_check_then_act(books_url) > 0


def test_the_last_claim_after_halt_comes_within_a_second(books_url: str) -> None:
    figures = halt_under_load(books_url, HALTS, offers=2_400)
    print(figures)
    assert figures.claims_after_return == 0
    assert figures.last_claim_s_p99 <= 1.0
    assert figures.claims >= HALTS
    assert figures.broken_invariants == {}

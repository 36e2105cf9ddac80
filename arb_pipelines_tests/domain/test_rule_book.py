"""The rule book: three files put together and applied."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.rule_book import load_rule_book
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.domain.test_scoring import RULES


def test_without_a_preset_the_thresholds_stand() -> None:
    book = load_rule_book()
    assert (book.policy_may_approve, book.only_watches) == (True, False)
    applied = book.applied_to(RULES)
    assert (applied.min_roi, applied.trade_rules, applied.preset) == (RULES.min_roi, {}, None)


@pytest.mark.parametrize("name, watches", [("book_flipper", False), ("online_arbitrage", False), ("watcher", True)])
def test_the_shipped_presets_leave_nothing_to_the_policy(name: str, watches: bool) -> None:
    book = load_rule_book(name)
    assert (book.policy_may_approve, book.only_watches) == (False, watches)
    assert book.applied_to(RULES).preset == name


def test_the_deny_list_reaches_both_decisions(tmp_path: Path) -> None:
    path = tmp_path / "deny.toml"
    path.write_text('[[groups]]\nreason = "no"\ncategories = ["kitchen"]\n')
    book = load_rule_book(deny_list_file=path)
    assert book.applied_to(RULES).denied.deny_category("Kitchen") is not None
    assert book.submit_rules(RULES.sites).denied.deny_category("Kitchen") is not None


def test_losses_are_held_against_the_capital() -> None:
    losses = load_rule_book().loss_rules(usd(1_000))
    assert (losses.capital, losses.daily_loss_share) == (usd(1_000), Decimal("0.02"))


def test_outlets_that_restrict_are_asked_again() -> None:
    outlets = [OutletTerms("free"), OutletTerms("strict", restricts=True)]
    assert load_rule_book().submit_rules(RULES.sites, outlets).restricting_outlets == {"strict"}

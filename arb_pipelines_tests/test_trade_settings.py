"""The settings of deciding and spending: files are checked at the start, and the defaults are what is documented."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import usd


def test_the_defaults_trade_by_the_policy_and_divide_nothing() -> None:
    settings = Settings()
    assert settings.approval_policy is not None
    assert settings.sizing is None
    assert settings.capital == usd(50_000)
    assert settings.two_person_limit == usd(25_000)
    assert [limit.scope for limit in settings.spend_limits] == ["order", "total", "site:*", "total", "product:*"]


def test_a_preset_asks_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_PRESET", "online_arbitrage")
    settings = Settings()
    assert settings.approval_policy is None
    assert settings.buying_rules([]).preset == "online_arbitrage"


def test_an_empty_value_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARB_PRESET", "ARB_RISK_FILE", "ARB_DENY_LIST_FILE", "ARB_TWO_PERSON_ABOVE", "ARB_BANKROLL"):
        monkeypatch.setenv(name, " ")
    settings = Settings()
    assert (settings.preset, settings.risk_file, settings.two_person_limit, settings.sizing) == (None,) * 4


def test_a_bankroll_is_divided_and_is_the_capital(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_BANKROLL", "5000")
    settings = Settings()
    assert settings.sizing is not None
    assert settings.sizing.bankroll == settings.capital == usd(500_000)


@pytest.mark.parametrize(
    "name, said",
    [
        ("ARB_PRESET", "there is no preset"),
        ("ARB_RISK_FILE", "cannot be read"),
        ("ARB_DENY_LIST_FILE", "cannot be read"),
        ("ARB_BANKROLL", "valid decimal"),
    ],
)
def test_what_cannot_be_used_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, said: str
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "none.toml"))
    with pytest.raises(ValidationError, match=said):
        Settings()

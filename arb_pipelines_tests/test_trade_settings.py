"""The settings of deciding and spending: files are checked at the start, and the defaults are what is documented."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.settings import Mode, Settings
from arb_pipelines_tests.contracts.trade_records import usd


def test_the_defaults_trade_by_the_policy_and_divide_nothing() -> None:
    settings = Settings()
    assert settings.approval_policy() is not None
    assert settings.sizing is None
    assert settings.capital == usd(50_000)
    assert settings.two_person_limit == usd(25_000)
    assert [limit.scope for limit in settings.spend_limits] == ["order", "total", "site:*", "total", "product:*"]


def test_a_preset_asks_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_PRESET", "online_arbitrage")
    settings = Settings()
    assert settings.approval_policy() is None
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


SITES = [
    Site(key, key, f"https://{key}.example", site_class=site_class)
    for key, site_class in (("licensed", SiteClass.API_LICENSED), ("public", SiteClass.PUBLIC_UNSPECIFIED))
]


def test_live_a_person_approves_everything_until_an_amount_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_MODE", "live")
    assert Settings().approval_policy(SITES) is None
    monkeypatch.setenv("ARB_LIVE_POLICY_MAX_UNIT_COST", "25")
    policy = Settings().approval_policy(SITES)
    assert policy is not None
    assert (policy.name, policy.max_unit_cost, policy.sites) == ("live", usd(2_500), {"licensed"})


@pytest.mark.parametrize("mode", ["assist", "live"])
@pytest.mark.parametrize("name", ["ARB_SANDBOX_URL", "ARB_ALLOW_LOOPBACK"])
def test_real_money_and_the_sandbox_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, mode: str, name: str
) -> None:
    monkeypatch.setenv("ARB_MODE", mode)
    monkeypatch.setenv(name, "true" if name == "ARB_ALLOW_LOOPBACK" else "http://127.0.0.1:9")
    with pytest.raises(ValidationError, match=f"contradicts ARB_MODE={mode}: .* paper money only; unset it"):
        Settings()


def test_a_replay_starts_no_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_MODE", "replay")
    monkeypatch.setenv("ARB_START_SENSORS", "true")
    with pytest.raises(ValidationError, match="contradicts ARB_MODE=replay: a replay reads stored prices"):
        Settings()


def test_a_policy_above_the_limit_of_one_purchase_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_LIVE_POLICY_MAX_UNIT_COST", "100.01")
    with pytest.raises(ValidationError, match="is above ARB_LIMIT_ORDER=100"):
        Settings()


def test_each_mode_has_books_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for mode in Mode:
        monkeypatch.setenv("ARB_MODE", mode.value)
        names.add(Settings().books_url.rpartition("/")[2])
    assert names == {f"books-{mode.value}.sqlite" for mode in Mode}

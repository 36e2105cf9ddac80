"""The file of risk limits: a mistake in it is told, and never a limit that is silently left out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from arb_pipelines.domain.risk_rules import RiskRulesError, load_risk_rules
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines_tests.contracts.trade_records import usd

SHIPPED = (resources.files("arb_pipelines.domain") / "data" / "risk.toml").read_text("utf-8")


def test_the_shipped_file() -> None:
    rules = load_risk_rules()
    week = timedelta(days=7)
    assert rules.spend_limits("USD") == [
        SpendLimit("total", usd(250_000), week),
        SpendLimit("product:*", usd(30_000), week),
    ]
    assert (rules.losses.losing_sales, rules.losses.cool_down) == (3, timedelta(hours=48))
    assert rules.losses.daily_loss_share == Decimal("0.02")
    assert rules.allocation.kelly_share == Decimal("0.25")
    assert rules.submit_max_age == timedelta(minutes=30)


def test_a_limit_without_a_window_is_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "risk.toml"
    path.write_text(SHIPPED.replace("window_days = 7", "", 1).replace('"total"', '"brand:acme"', 1))
    assert load_risk_rules(path).spend_limits("USD")[0] == SpendLimit("brand:acme", usd(250_000), None)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('scope = "total"', 'scope = "colour:red"', "scope 'colour:red' of a limit is not one of total, order, site"),
        ('scope = "total"', 'scope = "brand:"', "scope 'brand:'"),
        ('amount = "2500"', "amount = 2500.0", "write 2500.0 as text"),
        ('amount = "2500"', 'amuont = "2500"', "has no 'amuont'"),
        ('amount = "2500"', "", "lacks 'amount'"),
        ("window_days = 7", "window_days = 0", "whole number from 1 up"),
        ("losing_sales = 3", "losing_sales = true", "whole number from 1 up"),
        ("losing_sales = 3", "", "lacks 'losing_sales'"),
        ('drawdown_share = "0.10"', 'drawdown_share = "10"', "share of 1"),
        ("[allocation]", "[allocations]", "has no 'allocations'"),
        ("[locks]", "[locks", "Expected ']'"),
        ("submit_max_age_s = 1800", "", "'submit_max_age_s'"),
        ('kelly_share = "0.25"', 'kelly_share = "-1"', "from zero up"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "risk.toml"
    assert old in SHIPPED
    path.write_text(SHIPPED.replace(old, new, 1))
    with pytest.raises(RiskRulesError, match=said) as caught:
        load_risk_rules(path)
    assert str(path) in str(caught.value)


def test_no_limits_must_be_said(tmp_path: Path) -> None:
    path = tmp_path / "risk.toml"
    head, _, rest = SHIPPED.partition("[[limits]]")
    tail = rest[rest.index("[locks]") :]
    path.write_text(head + tail)
    with pytest.raises(RiskRulesError, match="lacks 'limits'"):
        load_risk_rules(path)
    path.write_text("limits = []\n" + head + tail)
    assert load_risk_rules(path).spend_limits("USD") == []


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RiskRulesError, match="cannot be read"):
        load_risk_rules(tmp_path / "none.toml")

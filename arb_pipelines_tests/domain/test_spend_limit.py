"""Spend limits: which bind a purchase, and when they refuse."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.spend_limit import SpendKeys, SpendLimit, limits_for, refuse_over_limit, spend_key
from arb_pipelines_tests.contracts.trade_records import usd


def test_wildcards_are_filled_in() -> None:
    """`site:*` and `product:*` become the purchase's own; the others stay."""
    scopes = ["total", "order", "site:*", "product:*", "site:shop-2"]
    limits = limits_for("shop-1", "product-1", [SpendLimit(scope, usd(1), None) for scope in scopes])
    assert [limit.scope for limit in limits] == ["total", "order", "site:shop-1", "product:product-1", "site:shop-2"]


def test_what_the_decision_says_fills_in_the_rest() -> None:
    """A name that is not known stays a `*`, by which the claim refuses."""
    limits = [SpendLimit(scope, usd(1), None) for scope in ("outlet:*", "brand:*", "category:*")]
    filled = limits_for("shop-1", "product-1", limits, SpendKeys("sandbox", spend_key(" ACME  Ltd "), spend_key(" ")))
    assert [limit.scope for limit in filled] == ["outlet:sandbox", "brand:acme ltd", "category:*"]


@pytest.mark.parametrize("used, wanted, refused", [(0, 100, False), (40, 60, False), (40, 61, True), (101, 0, True)])
def test_the_limit_itself_may_be_reached(used: int, wanted: int, refused: bool) -> None:
    """Not a cent more."""
    refusal = refuse_over_limit(SpendLimit("total", usd(100), None), usd(used), usd(wanted))
    assert (refusal is not None) is refused
    if refusal:
        assert refusal.code == "spend_limit"
        assert "1.00 USD" in refusal.detail


def test_another_currency_is_never_compared() -> None:
    """A limit in dollars says nothing about euros."""
    with pytest.raises(MoneyError):
        refuse_over_limit(SpendLimit("total", usd(100), None), Money(0, "EUR"), Money(1, "EUR"))


def test_a_name_written_in_capitals_binds_all_the_same() -> None:
    """Purchases are counted in lower case; a cap on `Acme` that bound none would be one that is silently left out."""
    limits = [SpendLimit(scope, usd(1), None) for scope in ("brand:Acme  Ltd", "category:Kitchen", "site:Shop")]
    filled = limits_for("shop-1", "product-1", limits, SpendKeys("sandbox", "acme ltd", "kitchen"))
    assert [limit.scope for limit in filled] == ["brand:acme ltd", "category:kitchen", "site:Shop"]

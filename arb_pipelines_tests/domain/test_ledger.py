"""The postings balance, whatever the amounts, and tell the whole story of a purchase and a sale."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.ledger import (
    Account,
    Entry,
    LedgerTransaction,
    UnbalancedError,
    post_adopted,
    post_bought,
    post_release,
    post_reserve,
    post_sale,
)
from arb_pipelines.domain.money import Money
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

CENTS = st.integers(1, 10_000_000)


def balances(*transactions: LedgerTransaction) -> dict[Account, int]:
    """Return minor units by account, zeros left out."""
    found: Counter[Account] = Counter()
    for transaction in transactions:
        for entry in transaction.entries:
            found[entry.account] += entry.amount.minor
    return {account: minor for account, minor in found.items() if minor}


@given(reserved=CENTS, total=CENTS)
def test_a_purchase_leaves_stock_for_cash(reserved: int, total: int) -> None:
    """Also where the shop charged more than was reserved."""
    reserve, bought = post_reserve("p", usd(reserved), START), post_bought("p", usd(reserved), usd(total), START)
    assert balances(reserve, bought) == {Account.INVENTORY: total, Account.CASH: -total}


@given(reserved=CENTS, total=CENTS)
def test_a_late_order_is_adopted(reserved: int, total: int) -> None:
    """Released and then found after all: the same end as a plain purchase."""
    story = (
        post_reserve("p", usd(reserved), START),
        post_release("p", usd(reserved), START),
        post_adopted("p", usd(total), START),
    )
    assert balances(*story) == {Account.INVENTORY: total, Account.CASH: -total}


@given(revenue=CENTS, fee=CENTS, cost=CENTS)
def test_a_sale_moves_stock_to_cost_and_owes_us_the_rest(revenue: int, fee: int, cost: int) -> None:
    """Revenue is a credit, so it is negative."""
    found = balances(post_sale("o", usd(revenue), usd(fee), usd(cost), START))
    assert found.pop(Account.RECEIVABLE, 0) == revenue - fee
    assert found == {
        Account.SELLING_FEES: fee,
        Account.REVENUE: -revenue,
        Account.COST_OF_GOODS: cost,
        Account.INVENTORY: -cost,
    }


def test_each_event_has_its_own_id() -> None:
    """An adopted order takes the id of the purchase's settlement, so that it cannot be settled twice."""
    assert post_reserve("p", usd(1), START).transaction_id == "reserve:p"
    assert post_release("p", usd(1), START).transaction_id == "release:p"
    assert post_adopted("p", usd(1), START).transaction_id == "bought:p"
    assert post_bought("p", usd(1), usd(1), START).transaction_id == "bought:p"


@pytest.mark.parametrize(
    "amounts", [(usd(5), usd(-4)), (usd(5), Money(-5, "EUR")), ()], ids=["unbalanced", "two currencies", "empty"]
)
def test_what_does_not_balance_is_refused(amounts: tuple[Money, ...]) -> None:
    """At the making, not at the storing."""
    entries = tuple(Entry(Account.CASH, amount) for amount in amounts)
    with pytest.raises(UnbalancedError):
        LedgerTransaction("t", START, "", entries)

"""The default buyer of real sites is a person."""

from __future__ import annotations

from arb_pipelines.adapters.checkout.assist import AssistBuyers
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines_tests.contracts.trade_records import approval, opportunity
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock


def test_every_purchase_is_left_to_a_person() -> None:
    """With the link; nothing is claimed."""
    books, buyers = InMemoryBooks(), AssistBuyers()
    (outcome,) = buy_approved([approval(opportunity())], books, buyers, (), SettableClock())
    assert (outcome.code, outcome.link) == ("person_required", opportunity().url)
    assert books.purchases.load() == []
    buyers.close()

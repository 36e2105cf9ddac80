"""Lots: what a delivered purchase becomes, and how units leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from arb_pipelines.domain.inventory import InventoryLot, OutOfStockError, lot_of, sku_for_lot, take_first_in
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines_tests.contracts.trade_records import approval, lot, opportunity, purchase, usd
from arb_pipelines_tests.fakes.clock import START

BOUGHT = replace(purchase(approval(opportunity(), quantity=3)), total=usd(3_000))


def test_a_purchase_becomes_a_lot_at_its_exact_unit_cost() -> None:
    """Quantity times unit cost is what was paid."""
    received = lot_of(BOUGHT, START)
    assert isinstance(received, InventoryLot)
    assert (received.unit_cost, received.received, received.on_hand) == (usd(1_000), 3, 3)
    assert received.sku == sku_for_lot(received.lot_id)
    assert received.purchase_id == BOUGHT.purchase_id


def test_the_same_purchase_gives_the_same_lot_and_sku() -> None:
    """So that receiving and listing twice meet the first."""
    assert lot_of(BOUGHT, START) == lot_of(BOUGHT, START)
    assert len(sku_for_lot("lot-1")) <= 50


@pytest.mark.parametrize("total, code", [(usd(3_001), "uneven_unit_cost"), (None, "total_unknown")])
def test_an_inexact_cost_is_left_to_a_person(total: Money | None, code: str) -> None:
    """Stock never differs from what was paid."""
    refusal = lot_of(replace(BOUGHT, total=total), START)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_the_oldest_lot_leaves_first() -> None:
    """And the next one gives the rest."""
    old = lot(BOUGHT, START, lot_id="old", on_hand=1)
    new = lot(BOUGHT, START + timedelta(days=1), lot_id="new")
    assert take_first_in([new, old], 3) == [(old, 1), (new, 2)]


def test_more_than_there_is_cannot_be_taken() -> None:
    """Nothing is taken then."""
    with pytest.raises(OutOfStockError, match="4 units asked for, 3 on hand"):
        take_first_in([lot(BOUGHT)], 4)

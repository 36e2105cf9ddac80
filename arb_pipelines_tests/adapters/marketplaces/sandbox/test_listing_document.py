"""What is sent to the channel: only conditions that it has a word for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arb_pipelines.adapters.marketplaces.sandbox.listing_document import inventory_item
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.contracts.trade_records import listing, usd
from arb_pipelines_tests.fakes.clock import START

LOT = InventoryLot(
    "lot-1", "pu-1", "product-1", "sku-1", "A kettle", "new", 1, 1, usd(2_000), START - timedelta(days=1)
)


def test_a_condition_that_the_channel_does_not_know_is_refused() -> None:
    assert inventory_item(listing(LOT, START, condition="new"))
    with pytest.raises(OutletRefusedError) as caught:
        inventory_item(listing(LOT, START, condition="slightly haunted"))
    assert caught.value.code == "condition_not_sold"

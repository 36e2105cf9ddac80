"""What a floor rests on: cost, fees and least profit never add up to more than the floor itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from arb_pipelines.domain.fees import Returns, floor_price, load_schedules
from arb_pipelines.domain.floor_basis import floor_basis
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines_tests.contracts.trade_records import usd

TERMS = OutletTerms(other_category="most")


@pytest.mark.parametrize("cost", [1, 99, 1_000, 1_001, 12_345])
@pytest.mark.parametrize("roi", [Decimal(0), Decimal("0.10"), Decimal("0.333")])
@pytest.mark.parametrize("returns", [None, Returns(Decimal("0.05"), usd(300))])
def test_the_floor_that_was_searched_covers_its_parts(cost: int, roi: Decimal, returns: Returns | None) -> None:
    curve = TERMS.curve(load_schedules(), "kitchen", date(2026, 3, 1))
    floor = floor_price(curve, usd(cost), min_roi=roi, returns=returns)
    basis = floor_basis(curve, floor, usd(cost), min_roi=roi, returns=returns)
    assert basis.cost == usd(cost)
    assert basis.margin.minor >= roi * cost
    assert basis.total <= floor
    cheaper = floor_basis(curve, usd(floor.minor - 1), usd(cost), min_roi=roi, returns=returns)
    assert cheaper.total > usd(floor.minor - 1)

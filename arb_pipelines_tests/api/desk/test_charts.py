"""Scales, ticks and paths: nothing leaves the drawing, and unknown figures draw nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.api.desk.charts import HEIGHT, Chart, draw_bars, step_path, time_axis, value_axis, value_ticks
from arb_pipelines.api.desk.charts_of_trade import chart_ageing, chart_chances, chart_prices
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.trade_views import AskPoint, SalePoint
from arb_pipelines_tests.contracts.trade_records import opportunity, usd
from arb_pipelines_tests.fakes.clock import START

DAY = timedelta(days=1)
NUMBERS = st.integers(-(10**11), 10**11).map(lambda minor: minor / 100)
PREDICTION = {"low": "40.00", "middle": "50.00", "high": "60.00", "sold_within_30_days": 0.4}


@given(NUMBERS, NUMBERS)
def test_ticks_cover_the_values_in_few_steps(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    ticks = value_ticks(low, high)
    assert ticks[0] <= low + abs(low) * 1e-9
    assert ticks[-1] >= high - abs(high) * 1e-9
    assert 2 <= len(ticks) <= 8
    assert ticks == sorted(set(ticks))


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_bars_stay_on_the_drawing(values: list[float]) -> None:
    chart = Chart("bars", ())
    draw_bars(chart, [str(n) for n in range(len(values))], values, [""] * len(values))
    assert all(0 <= bar.y <= HEIGHT and 0 <= bar.y + bar.height <= HEIGHT for bar in chart.bars)
    assert all(bar.css == ("loss" if value < 0 else "gain") for bar, value in zip(chart.bars, values, strict=True))


def test_a_price_holds_until_the_next_reading() -> None:
    assert step_path([(0, 10), (5, 20)], until=9) == "M0 10H5V20H9"
    assert step_path([], until=9) == ""


def test_one_value_and_one_moment_can_be_drawn() -> None:
    chart = Chart("one", ())
    assert 0 <= value_axis(chart, [5.0])(5.0) <= HEIGHT
    assert time_axis(chart, START, START)(START.timestamp()) > 0
    assert len(chart.x_ticks) == 1


def test_asks_sales_and_the_interval_are_all_there() -> None:
    one = opportunity(record={"prediction": PREDICTION})
    asks = [AskPoint("shop-1", "offer-1", START + DAY * n, usd(1_500 + n)) for n in range(3)]
    foreign = AskPoint("shop-9", "offer-9", START, usd(1))
    sales = [SalePoint("ebay", START, usd(5_500), "new")]
    chart = chart_prices(one, [*asks, foreign], sales, START + 4 * DAY)
    names = [curve.name for curve in chart.curves]
    assert names[:3] == ["sells for (80 % interval)", "sells for (middle)", "our cost"]
    assert names[3] == "shop-1 asks"
    assert len(chart.dots) == 1
    assert len(chart.rows) == 5


def test_what_is_unknown_is_not_drawn() -> None:
    assert chart_prices(opportunity(record={}), [], [], START).is_empty
    assert chart_chances(opportunity(record={"prediction": {"sold_within_30_days": None}})).is_empty
    assert [bar.text for bar in chart_chances(opportunity(record={"prediction": PREDICTION})).bars] == [
        "40% within 30 days"
    ]


@pytest.mark.parametrize(("days", "bar"), [(0, 0), (6, 0), (7, 1), (89, 3), (90, 4), (4000, 4)])
def test_stock_is_counted_in_one_age_only(days: int, bar: int) -> None:
    lot = InventoryLot("l", "p", "product", "sku", "t", "new", 3, 2, usd(1_000), START)
    bars = chart_ageing([lot], "USD", START + days * DAY).bars
    assert [place for place, one in enumerate(bars) if one.height > 0] == [bar]
    assert bars[bar].text == "2 units for 20.00 USD"

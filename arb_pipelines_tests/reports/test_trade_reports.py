"""What the reports of the trade say of books that are known by heart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.reports import category_performance, deal_profits, fastest_selling, profit_and_loss, stock_ageing
from arb_pipelines.reports.trade_data import TradeData, load_trade_data
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.reports.sold_books import DAY, fill

NOW = START + 40 * DAY


@pytest.fixture
def data() -> TradeData:
    """The books of `sold_books`, 40 days later."""
    books = InMemoryBooks()
    fill(books)
    assert books.broken_invariants() == {}
    return load_trade_data(books, "USD", NOW)


def test_the_fastest_is_first(data: TradeData) -> None:
    """By the median of its selling days."""
    rows = fastest_selling.rank_products(data, START).to_dicts()
    assert [(row["rank"], row["product"], row["units"], row["median_days"]) for row in rows] == [
        (1, "fast", 2, 2.0),
        (2, "slow", 1, 10.0),
    ]
    assert (rows[0]["title"], rows[0]["profit_minor"]) == ("The fast one", 5_400)
    assert fastest_selling.rank_products(data, START + 2 * DAY)["units"].to_list() == [1, 1]
    assert fastest_selling.rank_products(data, START, most=1).height == 1


def test_a_faster_world_has_more_selling_days(data: TradeData) -> None:
    """The sandbox's clock runs ahead."""
    assert fastest_selling.rank_products(replace(data, days_a_day=2.0), START)["median_days"].to_list() == [4.0, 20.0]


def test_categories_count_what_came_back(data: TradeData) -> None:
    """Two sales of 27.00, less a refund of 54.00 of which 6.00 was the outlet's."""
    kitchen, toys = category_performance.sum_categories(data, START).sort("category").to_dicts()
    assert (kitchen["orders"], kitchen["returned_units"], kitchen["profit_minor"]) == (2, 1, 600)
    assert (kitchen["margin_percent"], kitchen["return_on_cost_percent"]) == (5.6, 15.0)
    assert (toys["profit_minor"], toys["median_days"]) == (2_700, 10.0)


def test_a_deal_is_held_against_its_promise(data: TradeData) -> None:
    """The worst surprise first; a fee that is still an estimate is said."""
    rows = deal_profits.compare_deals(data, START).to_dicts()
    seen = [(r["deal"], r["units_sold"], r["estimated_profit_minor"], r["realised_profit_minor"]) for r in rows]
    assert seen == [("opportunity-1", 2, 4_000, 600), ("opportunity-2", 1, 2_000, 2_700)]
    assert [row["fee_settled"] for row in rows] == ["in part", "yes"]
    page = deal_profits.build_page(data, START)
    assert (page.totals["estimated_profit"], page.totals["realised_profit"]) == ("60.00", "33.00")
    assert page.totals["realised_over_estimated"] == "0.55"


def test_stock_is_shown_by_its_age(data: TradeData) -> None:
    """At cost, with where it is on offer."""
    (row,) = stock_ageing.age_lots(data).to_dicts()
    assert (row["age"], row["days"], row["units"], row["cost_minor"]) == ("31-60 days", 40.0, 2, 4_000)
    assert (row["listed_at"], row["price_minor"], row["floor_minor"]) == ("outlet-1", 5_000, 3_000)
    assert stock_ageing.build_page(data).totals["31-60 days"] == "40.00"


@pytest.mark.parametrize(
    "days, band",
    [(0, "0-30 days"), (30, "0-30 days"), (30.1, "31-60 days"), (180, "91-180 days"), (181, "over 180 days")],
)
def test_every_age_has_its_band(days: float, band: str) -> None:
    """The upper bound belongs to the band."""
    assert stock_ageing.band_of(days) == band


def test_profit_and_loss_agrees_with_the_ledger(data: TradeData) -> None:
    """Each thing on its own day: sales, the refund, the write-off."""
    page = profit_and_loss.build_page(data, date(2026, 1, 1), date(2026, 12, 31), {"outlet-1": None})
    assert page.totals["ledger_difference"] == "0.00"
    amounts = {name: page.totals[name] for name in ("revenue", "refunds", "fees", "cost", "write_offs", "profit")}
    assert amounts == {
        "revenue": "162.00", "refunds": "54.00", "fees": "15.00", "cost": "40.00", "write_offs": "20.00",
        "profit": "33.00",
    }  # fmt: skip
    days = {row["day"]: row["profit"] for row in page.to_json()["rows"]}
    assert days == {
        "2026-01-06": "27.00", "2026-01-08": "27.00", "2026-01-10": "-48.00", "2026-01-11": "0.00",
        "2026-01-15": "27.00",
    }  # fmt: skip
    part = profit_and_loss.build_page(data, date(2026, 1, 10), date(2026, 1, 11), {})
    assert (part.table.height, part.totals["profit"]) == (2, "-48.00")


def test_other_currencies_are_counted_and_left_out() -> None:
    """Never added up."""
    books = InMemoryBooks()
    fill(books)
    euro = Money(100, "EUR")
    one = next(iter(books.orders.rows.values()))
    books.orders.rows["euro"] = replace(one, order_id="euro", revenue=euro, fee=euro, cost_of_goods=euro)
    data = load_trade_data(books, "USD", NOW)
    assert (len(data.orders), data.left_out) == (3, 1)


def test_empty_books_are_empty_reports() -> None:
    """Table, totals and picture still come."""
    nothing = load_trade_data(InMemoryBooks(), "USD", NOW)
    pages = [
        fastest_selling.build_page(nothing, START),
        category_performance.build_page(nothing, START),
        deal_profits.build_page(nothing, START),
        stock_ageing.build_page(nothing),
        profit_and_loss.build_page(nothing, START.date(), NOW.date(), {}),
    ]
    assert all(page.table.height == 0 and page.plot.startswith(b"\x89PNG") and page.to_html() for page in pages)
    assert usd(0).text == pages[2].totals["estimated_profit"]

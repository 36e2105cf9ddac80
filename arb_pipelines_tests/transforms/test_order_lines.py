"""Cleaning order lines: each row is kept or counted under one reason, by rules that fit any shop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.transforms.order_lines import (
    LINE_SCHEMA,
    clean_order_lines,
    latest_names,
    lines_of_orders,
    weekly_sales,
)

AT = datetime(2030, 5, 1, 12, tzinfo=UTC)
NAMES = ("order_id", "customer_id", "product_id", "quantity", "unit_price", "ordered_at")


def raw(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, NAMES, orient="row", strict=False)


def line(order: str | None = "1001", product: str | None = "A100", **changes: object) -> tuple[object, ...]:
    values = {"customer": "u1", "quantity": 2, "price": 1.5, "at": AT} | changes
    return order, values["customer"], product, values["quantity"], values["price"], values["at"]


def test_every_row_is_kept_or_refused_for_one_reason() -> None:
    good = [line(str(number), f"A10{number % 9}") for number in range(1001, 1021)]
    bad = [
        line(None),
        line("1030", None),
        line("1031", at=None),
        line("C1032", quantity=-2, customer="u9"),
        line("1033", quantity=-1, customer="u9"),
        line("1034", price=0.0),
        line("1035", price=None),
        line("1036", "POST"),
        line("1037", "C2"),
    ]
    cleaned = clean_order_lines(raw(*good, *bad))
    assert cleaned.lines.height == len(good)
    assert cleaned.lines.schema == pl.Schema(LINE_SCHEMA)
    assert cleaned.refused == {
        "order_missing": 1,
        "product_missing": 1,
        "date_missing": 1,
        "cancelled": 1,
        "not_positive": 1,
        "price_not_positive": 2,
        "not_a_product": 2,
    }


def test_codes_that_are_words_or_short_numbers_are_products_where_most_are() -> None:
    words = clean_order_lines(raw(*(line("1001", name) for name in ("bread", "milk", "eggs"))))
    numbers = clean_order_lines(raw(*(line("1001", name) for name in ("1", "12", "40"))))
    assert (words.lines.height, numbers.lines.height) == (3, 3)


def test_a_shop_that_numbers_all_orders_with_c_cancels_nothing() -> None:
    assert clean_order_lines(raw(line("C1"), line("C2"), line("C3"))).refused == {}


def test_a_sale_cancelled_within_a_week_is_undone_once() -> None:
    rows = [line(str(order)) for order in (1001, 1002)] + [
        line("1003", quantity=70_000),
        line("C1004", quantity=-70_000, at=AT + timedelta(minutes=16)),
        line("1005", "B200", at=AT),
        line("C1006", "B200", quantity=-2, at=AT + timedelta(days=30)),
    ]
    cleaned = clean_order_lines(raw(*rows))
    assert cleaned.refused == {"cancelled": 2, "undone": 1}
    assert sorted(cleaned.lines["order_id"]) == ["1001", "1002", "1005"]


def test_a_line_without_a_customer_stays() -> None:
    cleaned = clean_order_lines(raw(line(), line("1002", customer=None), line("1003", customer=" ")))
    assert cleaned.lines["customer_id"].null_count() == 2


def test_times_as_text_and_with_a_zone_are_read() -> None:
    text = clean_order_lines(raw(line(at="2030-05-01 12:00:00")))
    zoned = clean_order_lines(raw(line(at=AT)))
    assert text.lines["ordered_at"].to_list() == zoned.lines["ordered_at"].to_list() == [AT.replace(tzinfo=None)]


def test_weeks_are_counted_back_from_the_end_and_the_first_broken_one_is_left_out() -> None:
    days = [date(2030, 5, 10), date(2030, 5, 4), date(2030, 5, 3), date(2030, 4, 25)]
    rows = [line(str(1000 + number), at=datetime(d.year, d.month, d.day, tzinfo=UTC)) for number, d in enumerate(days)]
    sales = weekly_sales(clean_order_lines(raw(*rows)).lines, date(2030, 5, 10))
    assert sales.rows() == [("A100", 0, 4.0), ("A100", 1, 2.0)]


def test_the_latest_name_counts() -> None:
    rows = raw(line(), line("1002", at=AT + timedelta(days=1)), line("1003", at=AT + timedelta(days=2)))
    named = rows.with_columns(description=pl.Series(["old", "new", None]))
    assert latest_names(clean_order_lines(named).lines).rows() == [("A100", "new", None)]


def test_our_own_orders_have_no_customer_and_lines_of_one_order_stay_together() -> None:
    money = Money(100, "USD")
    orders = [
        Order(f"o:{item}", "o", "77", item, "sku", product, 3, money, money, False, money, OrderState.NEW, AT)
        for item, product in (("1", "p1"), ("2", "p2"))
    ]
    products = pl.DataFrame({"product_id": ["p1"], "title": ["Lamp"], "category": ["home"]})
    lines = lines_of_orders(orders, products)
    assert lines.schema == pl.Schema(LINE_SCHEMA)
    assert lines["order_id"].n_unique() == 1
    assert lines.select("product_id", "name", "category", "quantity").rows() == [
        ("p1", "Lamp", "home", 3.0),
        ("p2", None, None, 3.0),
    ]
    assert lines_of_orders([], products).schema == pl.Schema(LINE_SCHEMA)

"""`arb fees`: JSON amounts as text, and one clear line with exit status 2 for anything that is not known."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.fees import app

QUOTE = "quote --channel ebay_us --category books --price 20 --shipping 4 --tax-rate 0.07 --date 2025-03-01"


def run(line):
    return CliRunner().invoke(app, line.split())


def read(line):
    result = run(f"{line} --json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_quote_as_json():
    found = read(f"{QUOTE} --store none")
    assert (found["total_fee"], found["net"], found["schedule"]) == ("4.33", "19.67", "ebay_us_2025-02-14")
    assert [(line["amount"], line["rule"]) for line in found["lines"]] == [
        ("3.93", "category.books.portion1"),
        ("0.40", "order_fee"),
    ]
    assert all(line["label"] for line in found["lines"])


def test_quote_as_text_shows_the_ledger():
    result = run(QUOTE)
    assert result.exit_code == 0
    assert "final value fee 15.3 %" in result.stdout
    assert "total fee: 4.33 USD" in result.stdout


def test_a_tax_rate_left_out_is_refused_where_it_matters():
    ebay = run("quote --channel ebay_us --category books --price 20 --date 2025-03-01")
    assert ebay.exit_code == 2
    assert "--tax-rate" in ebay.stderr
    assert read("quote --channel amazon_us --category books --price 12.99 --date 2025-03-01")["total_fee"] == "3.75"


def test_today_is_the_default_date():
    assert read("quote --channel ebay_us --category most --price 10 --tax-rate 0")["total_fee"] == "1.66"


def test_options_reach_the_kernel():
    plain = "quote --channel ebay_us --category most --price 100 --tax-rate 0 --date 2025-03-01"
    assert read(f"{plain} --add-on international --add-on below_standard")["total_fee"] == "21.65"
    assert read(f"{plain} --promoted-rate 0.05 --store basic")["total_fee"] == "18.10"
    generic = "quote --channel generic --category most --price 10 --tax-rate 0 --rate 0.1 --fixed-fee 0.25"
    assert read(generic)["total_fee"] == "1.25"
    individual = "quote --channel amazon_us --category most --price 10 --plan individual"
    assert read(individual)["total_fee"] == "2.49"


def test_fba_is_only_counted_when_asked_for():
    book = "quote --channel amazon_us --category books --price 22 --date 2025-03-01"
    assert read(book)["total_fee"] == "5.10"
    assert read(f"{book} --fulfilment fba --weight-oz 12 --sides-in 9x6x1")["total_fee"] == "9.25"
    estimated = f"{book} --fulfilment fba --fulfilment-fee 4.35 --inbound-fee 0.40"
    assert read(estimated)["total_fee"] == "9.85"


def test_floor():
    found = read("floor --channel ebay_us --category most --cost 8 --roi 0.3 --tax-rate 0 --date 2025-03-01")
    assert (found["floor"], found["net"], found["landed_cost"]) == ("12.50", "10.40", "8.00")
    text = run(
        "floor --channel ebay_us --category most --tax-rate 0 --cost 8 --roi 0.3 --return-rate 0.05 --extra 1"
    ).stdout
    assert "other cost of selling" in text
    assert "floor: " in text


def test_max_cost_and_shelf_limit():
    line = (
        "max-cost --channel amazon_us --category books --price 22 --roi 0.3 --profit 3 --margin 0.1 --return-rate 0.05"
    )
    found = read(f"{line} --date 2025-03-01 --extra 5 --buy-tax-rate 0.08")
    assert (found["max_cost"], found["decided_by"], found["shelf_limit"]) == ("7.94", "profit", "7.35")
    assert found["bounds"] == {"roi": "8.41", "profit": "7.94", "margin": "8.74"}
    assert "max cost: 7.94 USD" in run(f"{line} --date 2025-03-01 --extra 5").stdout


def test_dead_zones():
    line = "dead-zones --channel amazon_us --category apparel --date 2025-03-01"
    assert [(zone["first"], zone["last"]) for zone in read(line)] == [("15.01", "15.82"), ("20.01", "21.68")]
    assert "15.01 to 15.82" in run(line).stdout
    assert run("dead-zones --channel amazon_us --category books").stdout == "no dead zones\n"


def test_schedules_show_dates_sources_and_what_is_unknown():
    rows = {(row["id"], row["effective_from"]): row for row in read("schedules")}
    ebay = rows["ebay_us_2025-02-14", "2025-02-14"]
    assert {"most", "books", "athletic_shoes", "jewelry", "watches", "trading_cards", "guitars"} <= set(
        ebay["plans"]["none"]
    )
    assert rows["amazon_us_fulfilment_2026", "2026-01-15"]["sourced"] is False
    assert "UNKNOWN PRICES" in run("schedules").stdout
    assert {row["channel"] for row in read("schedules --channel sandbox")} == {"sandbox"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (QUOTE.replace("books", "nope"), "unknown_category"),
        (QUOTE.replace("ebay_us", "nope"), "unknown_channel"),
        (QUOTE.replace("2025-03-01", "2001-01-01"), "no_schedule_for_date"),
        (QUOTE.replace("2025-03-01", "yesterday"), "bad_date"),
        (QUOTE.replace("price 20", "price -20"), "negative_amount"),
        (QUOTE.replace("shipping 4", "shipping -4"), "negative_amount"),
        (QUOTE.replace("price 20", "price nan"), "bad_amount"),
        (QUOTE.replace("price 20", "price 20.005"), "bad_amount"),
        (QUOTE.replace("price 20", "price 1e40"), "bad_amount"),
        (QUOTE.replace("0.07", "nan"), "bad_rate"),
        (QUOTE.replace("0.07", "7"), "bad_tax_rate"),
        (QUOTE.replace("0.07", "seven"), "bad_number"),
        (f"{QUOTE} --currency EUR", "wrong_currency"),
        (f"{QUOTE} --currency dollars", "bad_amount"),
        (f"{QUOTE} --store gold", "unknown_plan"),
        (f"{QUOTE} --store none --plan none", "two_plans"),
        (f"{QUOTE} --add-on gift", "unknown_add_on"),
        (f"{QUOTE} --add-on currency_conversion", "unsourced_fee"),
        (f"{QUOTE} --fulfilment fbb", "unknown_fulfilment"),
        (f"{QUOTE} --fulfilment fba --sides-in 9x6", "bad_parcel"),
        (f"{QUOTE} --data /nowhere/at/all", "no such folder"),
        ("quote --category books --price 20", "missing_option"),
        ("schedules --channel nosuch", "unknown_channel"),
        ("quote --channel ebay_us --category most --price 10", "tax_rate_missing"),
        ("quote --channel ebay_us --category books --tax-rate 0", "missing_option"),
        ("floor --channel ebay_us --category books --tax-rate 0", "missing_option"),
        ("floor --channel ebay_us --category books --tax-rate 0 --cost 99999 --roi 5", "no_floor"),
        ("max-cost --channel ebay_us --category books --tax-rate 0 --price 10", "no_target"),
        ("max-cost --channel ebay_us --category books --tax-rate 0 --price 1 --profit 5", "not_worth_buying"),
        (
            "max-cost --channel ebay_us --category most --tax-rate 0 --price 9 --roi 0 --buy-tax-rate 0 "
            "--shipping-in 99",
            "no_shelf",
        ),
        (
            "quote --channel amazon_us --category books --price 22 --fulfilment fba --weight-oz 12 --sides-in 9x6x1 "
            "--date 2026-06-01",
            "unsourced_fee",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_status_2(line, says):
    result = run(line)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert says in result.stderr

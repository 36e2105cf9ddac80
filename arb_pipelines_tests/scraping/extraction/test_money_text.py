"""Numbers of every locale, and the money in running text."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from arb_pipelines.scraping.extraction.money_text import find_money, normal_amount, read_number
from arb_pipelines_tests.conftest import skip_or_fail


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12"),
        ("12.99", "12.99"),
        ("12,99", "12.99"),
        ("12,9", "12.90"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1’299.00", "1299.00"),
        ("1 234,50", "1234.50"),
        ("1\u00a0298,00", "1298.00"),
        ("1\u202f298,00", "1298.00"),
        ("1.299", "1299"),
        ("1,299", "1299"),
        ("0.500", "0.50"),
        ("1.234.567", "1234567"),
        ("1,49,999.00", "149999.00"),
        ("2.720,00", "2720.00"),
        ("34.992001", "34.992001"),
        (".75", "0.75"),
        ("12.990000", "12.99"),
        ("007", "7"),
        ("", None),
        ("abc", None),
        ("1,2,3,", None),
        ("9" * 30, None),
    ],
)
def test_a_number_of_any_locale(text: str, amount: str | None) -> None:
    assert read_number(text) == amount


def test_a_currency_with_three_decimals_reads_three_as_decimals() -> None:
    assert read_number("423.923", decimals=3) == "423.923"
    assert find_money("423.923 KD")[0].amount == "423.923"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R$2.720,00", [("2720.00", "BRL")]),
        ("CHF 1'299.00", [("1299.00", "CHF")]),
        ("12,99 €", [("12.99", "EUR")]),
        ("€ 12,-", [("12", "EUR")]),
        ("99,– €", [("99", "EUR")]),
        ("35€99", [("35.99", "EUR")]),
        ("119€ 99", [("119.99", "EUR")]),
        ("$119. 95", [("119.95", "USD")]),
        ("US $1.99", [("1.99", "USD")]),
        ("C $24.99", [("24.99", "CAD")]),
        ("A$ 24.99", [("24.99", "AUD")]),
        ("$ 24.99 CAD", [("24.99", "CAD")]),
        ("1 849 руб.", [("1849", "RUB")]),
        ("Rs. 1,49,999", [("149999", "INR")]),
        ("R 1 299.00", [("1299.00", "ZAR")]),
        ("30,000원", [("30000", "KRW")]),
        ("12 500 Ft", [("12500", "HUF")]),
        ("was £24.99 now £19.99", [("24.99", "GBP"), ("19.99", "GBP")]),
        ("$24.71 – $32.95", [("24.71", "USD"), ("32.95", "USD")]),
        ("$200 2 bids", [("200", "USD"), ("2", None)]),
    ],
)
def test_money_in_text(text: str, expected: list[tuple[str, str | None]]) -> None:
    found = [(m.amount, m.currencies[0] if m.currencies else None) for m in find_money(text)]
    assert found == expected


@pytest.mark.parametrize("text", ["50% off", "-30 %", "no numbers", "", "version"])
def test_what_is_no_money(text: str) -> None:
    assert not any(mention.currencies for mention in find_money(text))
    assert not any(mention.amount in ("50", "30") for mention in find_money(text))


def test_a_word_that_ends_like_a_sign_is_no_sign() -> None:
    assert find_money("Parks 12")[0].currencies == ()
    assert find_money("12 eurobonds")[0].currencies == ()
    assert find_money("12 krone")[0].currencies == ()


def test_a_code_that_is_also_a_word_counts_in_capitals_only() -> None:
    assert find_money("see all 24")[0].currencies == ()
    assert find_money("£675 All prices")[0].currencies[0] == "GBP"
    assert find_money("ALL 24")[0].currencies == ("ALL",)
    assert find_money("24 eur")[0].currencies == ("EUR",)


def test_amounts_are_written_one_way() -> None:
    assert [normal_amount(text) for text in ("12.5", "12.50", "12.500", "12.00", "012.34", "0.5")] == [
        "12.50", "12.50", "12.50", "12.00", "12.34", "0.50",
    ]  # fmt: skip


@pytest.mark.shared
def test_real_price_strings(capsys: pytest.CaptureFixture[str]) -> None:
    shared = Path(os.environ.get("ARB_SHARED_DIR", Path(__file__).parents[3].parent / "shared"))
    path = shared / "data" / "price_strings" / "price_strings.parquet"
    if not path.exists():
        skip_or_fail(f"no real price strings at {path}: set ARB_SHARED_DIR")
    rows = pl.read_parquet(path).rows(named=True)
    right = sum(is_read_right(row["price_raw"], row["amount"]) for row in rows)
    with capsys.disabled():
        print(f"\nprice strings: {right} of {len(rows)} amounts right")
    assert right >= 0.96 * len(rows)


def is_read_right(text: str | None, amount: str | None) -> bool:
    found = find_money(text or "")
    best = next((mention for mention in found if mention.currencies), found[0] if found else None)
    if best is None or amount is None:
        return best is None and amount is None
    return Decimal(best.amount) == Decimal(amount)

"""Exchange rates: the latest table up to the day, refused once it is stale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from arb_pipelines.domain.dated_data import DatedDataError
from arb_pipelines.domain.exchange_rates import ExchangeRates, RateRefusal, RateTable, load_exchange_rates
from arb_pipelines.domain.money import Money


def table(on, usd, **more):
    rates = {"USD": Decimal(usd), **{code: Decimal(text) for code, text in more.items()}}
    return RateTable(f"t_{on}", "EUR", on, "a test", on, rates)


OLD, NEW = table(date(2025, 3, 3), "1.05", JPY="157.5"), table(date(2025, 3, 10), "1.08")
RATES = ExchangeRates([OLD, NEW])


@pytest.mark.parametrize(
    ("money", "to", "on", "amount", "used"),
    [
        (Money(10_000, "EUR"), "USD", date(2025, 3, 10), "108.00", "t_2025-03-10"),
        (Money(10_000, "EUR"), "USD", date(2025, 3, 7), "105.00", "t_2025-03-03"),
        (Money(10_500, "USD"), "EUR", date(2025, 3, 3), "100.00", "t_2025-03-03"),
        (Money(10_500, "USD"), "JPY", date(2025, 3, 3), "15750", "t_2025-03-03"),
        (Money(15_750, "JPY"), "USD", date(2025, 3, 3), "105.00", "t_2025-03-03"),
        (Money(-1, "EUR"), "USD", date(2025, 3, 10), "-0.01", "t_2025-03-10"),
        (Money(10_000, "USD"), "USD", date(1990, 1, 1), "100.00", None),
    ],
)
def test_conversion_names_the_table_it_used(money, to, on, amount, used):
    found = RATES.convert(money, to, on)
    assert (found.amount.text, found.amount.currency, found.table) == (amount, to, used)


@pytest.mark.parametrize(
    ("code", "to", "on"),
    [
        ("stale_rate", "USD", date(2025, 3, 15)),
        ("stale_rate", "JPY", date(2025, 3, 10)),  # the newer table has no yen
        ("unknown_rate", "CHF", date(2025, 3, 10)),
        ("unknown_rate", "USD", date(2025, 3, 2)),
        ("bad_date", "USD", "2025-03-10"),
    ],
)
def test_missing_and_stale_rates_are_refused(code, to, on):
    with pytest.raises(RateRefusal) as caught:
        RATES.convert(Money(1, "EUR"), to, on)
    assert caught.value.code == code


def test_the_staleness_limit_is_the_callers():
    found = RATES.convert(Money(100, "EUR"), "USD", date(2025, 4, 1), max_age_days=30)
    assert found.on == date(2025, 3, 10)


def test_two_tables_of_one_day_are_an_error():
    with pytest.raises(DatedDataError, match="same base and day"):
        ExchangeRates([OLD, OLD])


def test_the_shipped_table_reads_and_names_its_source():
    shipped = load_exchange_rates().all()
    assert shipped[0].source.startswith("European Central Bank")
    found = load_exchange_rates().convert(Money(10_000, "EUR"), "USD", date(2026, 11, 1))
    assert found.amount == Money(11_172, "USD")


@pytest.mark.parametrize("line", ['USD = "0"', 'usd = "1.1"', "USD = 1.1", 'USD = "nan"'])
def test_bad_rate_files_are_refused(tmp_path, line):
    (tmp_path / "bad.toml").write_text(
        f'id = "x"\nbase = "EUR"\non = 2026-11-02\nsource = "s"\nretrieved_on = 2026-11-02\n[rates]\n{line}\n'
    )
    with pytest.raises(DatedDataError, match=r"bad\.toml"):
        load_exchange_rates(tmp_path)

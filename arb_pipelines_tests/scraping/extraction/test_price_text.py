"""Price texts of many locales: the amount is right, or the answer says that it may be another one."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arb_pipelines.scraping.extraction.price_text import MAX_CHARS, read_price_text

# (how the number is grouped, which mark begins its decimals)
LOCALES = (
    (",", "."),
    (".", ","),
    ("'", "."),
    ("’", "."),
    ("\u00a0", ","),
    ("\u202f", ","),
    (" ", ","),
    ("", "."),
    ("", ","),
)
SIGNS = ("${}", "€ {}", "{} €", "£{}", "{} zł", "R${}", "CHF {}", "{} kr", "US ${}", "{} Kč")
AMOUNTS = ("0.99", "7.50", "12.34", "999.95", "1234.56", "20999.00", "1234567.89")


def printed(amount: str, group: str, mark: str) -> str:
    """Return `amount` as a locale prints it."""
    whole, _, fraction = amount.partition(".")
    grouped = f"{int(whole):,}".replace(",", group)
    return f"{grouped}{mark}{fraction}"


@pytest.mark.parametrize("sign", SIGNS)
def test_every_locale_is_read_without_a_doubt(sign: str) -> None:
    for locale, amount in product(LOCALES, AMOUNTS):
        text = sign.format(printed(amount, *locale))
        answer = read_price_text(text)
        assert answer.amount == Decimal(amount), text
        assert not answer.ambiguous, text


TEMPLATES = (
    ("{a} - {b}", None),
    ("from {a}", "a"),
    ("was {b} now {a}", "a"),
    ("{b} {a}", None),
    ("3 x {a}", None),
    ("{a} / kg", None),
    ("2 for {a}", None),
    ("save {a}", None),
    ("free shipping over {a}", None),
    ("- {a}", None),
    ("{a} per month", None),
    ("UVP {b} jetzt {a}", "a"),
    ("{a} off", None),
    ("statt {b} nur {a}", "a"),
    ("Was: {b} Now: {a} Save {c}", "a"),
    ("{a} pro Stück", None),
    ("12 months {a}", None),
    ("{a} ex VAT", None),
)


@pytest.mark.parametrize(("template", "asked"), TEMPLATES)
def test_words_around_an_amount_are_heeded_or_the_answer_is_flagged(template: str, asked: str | None) -> None:
    for locale, sign in product(LOCALES, ("${}", "{} €", "£{}")):
        shown = {
            name: sign.format(printed(amount, *locale))
            for name, amount in (("a", "79.95"), ("b", "99.50"), ("c", "5.00"))
        }
        text = template.format(**shown)
        answer = read_price_text(text)
        is_right = asked is not None and answer.amount == Decimal("79.95")
        assert is_right or answer.ambiguous, text


@pytest.mark.parametrize(
    "text",
    [
        "1.999",
        "1,299",
        "$1.299",
        "1,299 €",
        "KWD 1.250",
        "$12.345",
        "1.2.3",
        "12,99 - 15,99",
        "$10–$20",
        "$-5",
        "−$5",
        "5 for $10",
        "3 x $33.00",
        "$4.99/lb",
        "€3,50 / 100 g",
        "$1,299.00 $999.00",
        "free shipping over $50",
    ],
)
def test_what_can_be_read_in_two_ways_is_flagged(text: str) -> None:
    assert read_price_text(text).ambiguous


@pytest.mark.parametrize(
    ("text", "amount", "sign", "currency"),
    [
        ("R$2.720,00", "2720", "R$", "BRL"),
        ("1’299.00 CHF", "1299", "CHF", "CHF"),
        ("99,- €", "99", "€", "EUR"),
        ("CHF 99.-", "99", "CHF", "CHF"),
        ("₹1,49,999", "149999", "₹", "INR"),
        ("12,000원", "12000", "원", "KRW"),
        ("35€ 99", "35.99", "€", "EUR"),
        ("99¢", "0.99", None, None),
        (".75 €", "0.75", "€", "EUR"),
        ("$1,190.00 AUD", "1190", "AUD", "AUD"),
        ("NZD $100.70", "100.70", "NZD", "NZD"),
        ("1 ден", "1", "ден", "MKD"),
        ("١٢٣٫٤٥ ر.س", "123.45", "ر.س", "SAR"),
        ("Rp 1.250.000", "1250000", "Rp", "IDR"),
        ("200Q", "200", "Q", "GTQ"),
    ],
)
def test_signs_of_the_world(text: str, amount: str, sign: str | None, currency: str | None) -> None:
    answer = read_price_text(text)
    assert (answer.amount, answer.sign, answer.currency) == (Decimal(amount), sign, currency)
    assert not answer.ambiguous


@pytest.mark.parametrize(
    "text", ["", "free", "nan", "-20%", "1e309", "9" * 40, "15.08.2017", "16.00 ft", "sold out", "min. order: 1"]
)
def test_what_names_no_price_has_no_amount(text: str) -> None:
    assert read_price_text(text).amount is None


def test_hint_locale_and_home_decide() -> None:
    assert read_price_text("33", currency_hint="грн.").currency == "UAH"
    assert read_price_text("423.923 KD", decimal_mark=".").amount == Decimal("423.923")
    assert read_price_text("$5.00", home="CAD").currency == "CAD"
    assert read_price_text("5,00 kr").currency is None
    assert read_price_text("5,00 kr", home="NOK").currency == "NOK"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=2 * MAX_CHARS))
def test_no_text_raises(text: str) -> None:
    answer = read_price_text(text)
    assert answer.amount is None or answer.amount >= 0


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=1, max_value=99_999_999), st.sampled_from(LOCALES), st.sampled_from(SIGNS))
def test_any_amount_with_cents_survives_printing(cents: int, locale: tuple[str, str], sign: str) -> None:
    amount = f"{cents // 100}.{cents % 100:02d}"
    answer = read_price_text(sign.format(printed(amount, *locale)))
    assert answer.amount == Decimal(amount) or answer.ambiguous

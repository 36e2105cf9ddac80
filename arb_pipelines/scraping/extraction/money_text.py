"""Amounts of money in running text: where they stand, how much they are, and in which currency.

What belongs here: reading numbers whatever their locale, and finding them beside a currency sign. What an amount
is (price, old price, instalment) is decided by `price_roles.py` from the words around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from arb_pipelines.domain.money import MINOR_DIGITS
from arb_pipelines.scraping.extraction.currencies import CODES, SIGNS, meanings_of

MAX_AMOUNT = Decimal(100_000_000_000)
_SPACES = " \u00a0\u202f\u2009\u2007"
_APOSTROPHES = "'’´`′"
# 1,234,567.89 | 1.234.567,89 | 1 234,50 | 1'234.50 | 1,49,999.00 | 1234.5
_NUMBER = (
    rf"\d{{1,3}}(?:(?:[{_SPACES}{_APOSTROPHES}.,])\d{{3}})+(?!\d)(?:[.,]\d{{1,4}}(?!\d))?"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)(?:\.\d{1,2}(?!\d))?"
    r"|\d+(?:[.,]\d+)?"
)
_USUAL = re.compile(r"([0-9]{1,11})(?:[.,]([0-9]{2}))?")  # nine of ten numbers; the long way takes 20 µs
_FILLERS = re.compile(rf"[{_SPACES}{_APOSTROPHES}\s]")
_NUMBER_AT = re.compile(rf"(?<![\d.,])(?:\d+[.,] \d{{2}}(?!\d)|{_NUMBER})|(?<=[€$£\s])\.\d{{2}}(?!\d)")
# What may follow a number and belongs to it: `99,-` and `99.–` for whole units, `35€99` with the sign as mark.
_DASH = re.compile(r"(?:[.,]\s?[-–—]{1,2}|\s?[-–—]{1,2}(?!\s?[$€£\d]))(?![\w-])")
_PERCENT = re.compile(r"\s?%")
_MIDDLE = re.compile(r"\s?([€$£])(?:(?=\s?\d\d\s*$)\s)?(\d{2})(?!\d)")
_SPACED_DOLLAR = re.compile(r"(?:^|[^a-z])((?:us|ca?|au?|nz)\s?\$)$", re.IGNORECASE)
_ALL_SIGNS = frozenset({*SIGNS, *(code.lower() for code in CODES)})
# Codes that are also words or names ("all", "try", "gel") count in capitals only.
_LOWER_CODES = frozenset({"eur", "usd", "gbp", "chf", "pln", "czk", "sek", "nok", "dkk", "huf", "ron", "aud", "cad"})
_SIGNS_AFTER = _ALL_SIGNS - {"r", "q"}  # a lone letter is a sign only in front of its number
_LONGEST_SIGN = max(map(len, _ALL_SIGNS))
# Most numbers of a page have no sign beside them: one look at the neighbouring character says so.
_FIRST_OF_SIGNS = frozenset(c for sign in _SIGNS_AFTER for c in (sign[0], sign[0].upper()))
_LAST_OF_SIGNS = frozenset(c for sign in _ALL_SIGNS for c in (sign[-1], sign[-1].upper()))


@dataclass(frozen=True, slots=True)
class MoneyMention:
    """One amount in a text. `amount` is plain decimal text; `currencies` what its sign can mean (empty: no sign)."""

    amount: str
    currencies: tuple[str, ...]
    start: int
    end: int
    sign: str = ""


def read_number(text: str, decimals: int = 2) -> str | None:
    """Return the decimal text (`"1234.56"`) that a number of any locale means, None when it is none.

    One separator followed by exactly three digits groups thousands (`1.299` is 1299), unless the currency has
    three `decimals`; `0.500` never does.
    """
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        whole = usual[1].lstrip("0") or "0"
        return f"{whole}.{usual[2]}" if usual[2] else whole
    plain = _FILLERS.sub("", text)
    plain = f"0{plain}" if plain.startswith(".") else plain
    if not plain or not plain[0].isdigit() or not plain[-1].isdigit():
        return None
    mark = _decimal_mark(plain, decimals)
    if mark is not None:
        whole, _, fraction = plain.rpartition(mark)
        plain = re.sub(r"[.,]", "", whole) + "." + fraction
    else:
        plain = re.sub(r"[.,]", "", plain)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain) or Decimal(plain) >= MAX_AMOUNT:
        return None
    return normal_amount(plain)


def _decimal_mark(plain: str, decimals: int) -> str | None:
    """Return the character that separates the decimals of `plain`, None when there is none."""
    marks = [c for c in plain if c in ".,"]
    if not marks:
        return None
    last = marks[-1]
    digits_after = len(plain) - plain.rfind(last) - 1
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:
        return None if digits_after == 3 else last
    is_grouping = digits_after == 3 and decimals != 3 and not plain.startswith("0") and plain.index(last) <= 3
    return None if is_grouping else last


def normal_amount(plain: str) -> str:
    """Return decimal text without needless zeros: `"012.50"` is `"12.50"`, `"12.990000"` is `"12.99"`."""
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0") if len(fraction) > 2 else fraction
    if fraction:
        fraction = fraction.ljust(2, "0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction.strip("0") or fraction else whole


@lru_cache(maxsize=8_192)
def has_signed_number(text: str) -> bool:
    """Return whether a currency sign stands beside a number: what `find_money` would say, at a third of its cost."""
    return any(
        _sign_before(text, match.start(), 0)[0] or _sign_after(text, match.end())[0]
        for match in _NUMBER_AT.finditer(text)
    )


@lru_cache(maxsize=8_192)
def find_money(text: str) -> tuple[MoneyMention, ...]:
    """Return every amount in `text`, in order, with or without a currency sign beside it."""
    found: list[MoneyMention] = []
    end = 0
    for match in _NUMBER_AT.finditer(text):
        if match.start() < end or _PERCENT.match(text, match.end()):
            continue
        mention = _mention_at(text, match, end)
        if mention is not None:
            found.append(mention)
            end = mention.end
    return tuple(found)


def _mention_at(text: str, match: re.Match[str], earliest: int) -> MoneyMention | None:
    number, end = match[0], match.end()
    before, start = _sign_before(text, match.start(), earliest)
    middle = _MIDDLE.match(text, end) if not ("." in number or "," in number) else None
    after = ""
    if middle is not None:
        number, after, end = f"{number}.{middle[2]}", middle[1], middle.end()
    else:
        dash = _DASH.match(text, end)
        end = dash.end() if dash else end
        after, end = _sign_after(text, end)
    meanings = _agreed(before, after)
    amount = read_number(number, 3 if meanings and MINOR_DIGITS.get(meanings[0]) == 3 else 2)
    if amount is None:
        return None
    return MoneyMention(amount, meanings, start, end, before or after)


def _sign_before(text: str, at: int, earliest: int) -> tuple[str, int]:
    """Return the currency sign that ends right before position `at`, and where it starts."""
    window = text[max(earliest, at - 10) : at]
    plain = window.rstrip(" \t\n:" + _SPACES)
    if not plain or len(window) - len(plain) > 4 or plain[-1] not in _LAST_OF_SIGNS:
        return "", at
    start = at - len(window)
    spaced = _SPACED_DOLLAR.search(plain) if plain[-1] == "$" else None
    if spaced:
        return spaced[1], start + spaced.start(1)
    lower = plain.lower()
    for length in range(min(_LONGEST_SIGN, len(lower)), 0, -1):
        sign = lower[-length:]
        if not _is_sign(plain[-length:], sign) or (length == 1 and sign.isalpha() and plain[-1].islower()):
            continue
        if sign[0].isalpha() and len(lower) > length and lower[-length - 1].isalpha():
            continue
        return plain[-length:], start + len(plain) - length
    return "", at


def _sign_after(text: str, at: int) -> tuple[str, int]:
    """Return the currency sign that starts right after position `at`, and where it ends."""
    window = text[at : at + _LONGEST_SIGN + 4]
    plain = window.lstrip(" \t\n" + _SPACES)
    skipped = len(window) - len(plain)
    if not plain or skipped > 3 or plain[0] not in _FIRST_OF_SIGNS:
        return "", at
    lower = plain.lower()
    for length in range(min(_LONGEST_SIGN, len(lower)), 0, -1):
        sign = lower[:length]
        is_whole_word = not (sign[-1].isalpha() and lower[length : length + 1].isalpha())
        if is_whole_word and sign in _SIGNS_AFTER and _is_sign(plain[:length], sign):
            return plain[:length], at + skipped + length
    return "", at


def _is_sign(shown: str, lower: str) -> bool:
    """Return whether `shown` (`lower` in lower case) is a currency sign, word or code as pages print them."""
    if lower in SIGNS or lower in _LOWER_CODES:
        return True
    return lower in _ALL_SIGNS and shown.isupper()


def _agreed(before: str, after: str) -> tuple[str, ...]:
    """Return what the signs around a number mean: `$ 5 CAD` is CAD; where they differ the one before counts."""
    if not (before and after):
        return meanings_of(before or after) if before or after else ()
    first, second = meanings_of(before), meanings_of(after)
    return tuple(code for code in second if code in first) or first

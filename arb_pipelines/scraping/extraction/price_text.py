"""One price as a person or a table wrote it: `"ab 1.299,- €"`, `"was $99 now $9"`, `"R$2.720,00"`.

What belongs here: reading a text that is known to be about a price, and saying when it can be read in more than
one way. Two readers that know nothing of each other are asked, ours and price-parser; where they differ, or the text
holds several amounts, the answer is flagged: a wrong price taken in silence costs more than a question.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from price_parser import Price

from arb_pipelines.domain.money import MINOR_DIGITS
from arb_pipelines.scraping.extraction.currencies import RARE_SIGNS, choose_meaning, meanings_of
from arb_pipelines.scraping.extraction.money_text import MAX_AMOUNT, MoneyMention, find_money
from arb_pipelines.scraping.extraction.price_roles import Role, role_of

MAX_CHARS = 300
CONTEXT_CHARS = 60
_DATE = re.compile(r"(?<![\d.,/-])\d{1,4}([./-])\d{1,2}\1\d{2,4}(?![\d.,/-])")
_EXPONENT = re.compile(r"\d[eE][+-]?\d")
_MINUS = re.compile(r"(?:^|[\s(])[-−]\s?[^\w\s]{0,3}\s?$|[$€£¥₹]\s?[-−]$")
_CENTS = re.compile(r"(?<![\d.,])(\d{1,3})\s?(¢)")
_GROUP = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
_PACK = re.compile(r"\d\s*(?:for|für|pour|por|per|x|×|/|stk|st\.?|pcs)\s*$", re.IGNORECASE)
_ORDER = re.compile(r"(?:order|qty|quantity|заказ|menge|stück|bestell\w*|pcs)\.?\s*:?\s*$", re.IGNORECASE)
_FEET = re.compile(r"[.,]\d+\s*ft$")
_LOWEST = re.compile(r"(?:^|\s)(?:from|ab|desde|dès|partir d[ei]|vanaf|från|fra|od|от|partire da)\W*$", re.I)
_DOTTED = re.compile(r"[.,]\d")
_LONG = re.compile(r"\d(?:[\s.,']?\d){14,}")
_CODE = re.compile(r"[A-Z]{3}")
_WORD = re.compile(r"[^\s\d]+")
_COMMA_COUNTRIES = frozenset({
    "EUR", "PLN", "CZK", "SEK", "NOK", "DKK", "HUF", "RON", "BGN", "HRK", "RSD", "RUB", "UAH", "BYN", "TRY", "BRL",
    "ARS",    "CLP", "COP", "IDR", "VND", "ISK", "UYU",
})  # fmt: skip
_BARE_DECIMALS = re.compile(r"(?<![\w.,])\.{1,2}(?=\d{2}(?![\d.,]))")  # `.75 €`
_ABBREVIATING_DOT = re.compile(r"(?<=[^\w\s.,])\.(?=\d{1,3}[.,]\d{3})")  # `$.75,333`
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "٫": ".", "٬": ",", "\u200f": "", "\u200e": "", "\u200b": ""})


@dataclass(frozen=True, slots=True)
class PriceText:
    """What a text says of a price.

    `amount` is None when it names none; `sign` is the currency as printed, `currency` its ISO 4217 code when it has
    one usual meaning. `doubt` says in words why the amount may be another one, empty when it may not.
    """

    amount: Decimal | None
    sign: str | None = None
    currency: str | None = None
    doubt: str = ""

    @property
    def ambiguous(self) -> bool:
        """Return whether a person should look before money moves on this amount."""
        return bool(self.doubt)


def read_price_text(
    text: str, currency_hint: str | None = None, decimal_mark: str | None = None, home: str | None = None
) -> PriceText:
    """Return amount and currency of a price text; never raises.

    Args:
        text: what was printed, with or without words around it.
        currency_hint: another text that may hold the sign, such as the cell beside it.
        decimal_mark: `.` or `,` when the locale is known; otherwise the text decides.
        home: ISO code of the country the text is from; it chooses among the meanings of `$` or `kr`.
    """
    plain = _plain(text)
    amount, mention, doubt = _amount(plain, decimal_mark)
    if amount is None and doubt:
        return PriceText(None, doubt=doubt)
    sign = _sign(plain, _plain(currency_hint or ""), mention)
    meanings = _meanings(sign) if sign else ()
    return PriceText(amount, sign, choose_meaning(meanings, (home,)) if meanings else None, doubt)


def _plain(text: str) -> str:
    """Return `text` at a bounded length with ASCII digits, plain apostrophes and no direction marks."""
    plain = _BARE_DECIMALS.sub("0.", text[:MAX_CHARS].translate(_TYPOGRAPHIC))
    plain = _ABBREVIATING_DOT.sub("", plain)
    if plain.isascii():
        return plain
    return "".join(str(unicodedata.digit(c)) if not c.isascii() and c.isdecimal() else c for c in plain)


def _amount(text: str, decimal_mark: str | None) -> tuple[Decimal | None, MoneyMention | None, str]:
    """Return the amount, where it stands, and the doubt about it."""
    if _EXPONENT.search(text) or _LONG.search(text):
        return None, None, "no number of a size that prices have"
    cents = _CENTS.search(text)
    if cents is not None:
        return Decimal(cents[1]) / 100, None, ""
    dated = _DATE.sub(" ", text)
    mentions = [m for m in find_money(dated) if not _is_count(dated, m)]
    if not mentions:
        return None, None, "a number, but no price" if any(c.isdecimal() for c in text) else ""
    chosen, doubt = _choose(dated, mentions)
    if _MINUS.search(dated[: chosen.start]) or _MINUS.search(dated[: chosen.end - len(chosen.amount)]):
        doubt = "a minus or a dash before the amount"
    amount, grouping = _in_locale(dated, chosen, decimal_mark)
    if amount > MAX_AMOUNT:
        return None, None, "no number of a size that prices have"
    return amount, chosen, doubt or grouping or _second_opinion(dated, amount, decimal_mark)


def _is_count(text: str, mention: MoneyMention) -> bool:
    """Return whether a number counts goods or measures them: `min. order: 1`, `16.00 ft`."""
    if mention.currencies and not _FEET.search(text[mention.start : mention.end]):
        return False
    return bool(mention.currencies) or _ORDER.search(text[: mention.start]) is not None


def _choose(text: str, mentions: list[MoneyMention]) -> tuple[MoneyMention, str]:
    """Return the amount that is asked for, and the doubt when the words leave a choice."""
    pool = [m for m in mentions if m.currencies] or mentions
    roles = {m: _role(text, m, mentions) for m in pool}
    asked = [m for m in pool if roles[m] is Role.PRICE]
    chosen = (asked or pool)[0]
    if len({m.amount for m in asked}) > 1:
        return chosen, "several amounts"
    if _DOTTED.match(text, chosen.end):
        return chosen, "more digits and dots follow"
    if _LOWEST.search(text[: chosen.start]):
        return chosen, "the lowest of several prices"
    if not asked:
        return chosen, f"by its words not the price of one piece now ({roles[chosen].value})"
    others = {m.amount for m in mentions} - {chosen.amount}
    if others and not all(roles.get(m) in (Role.LIST, Role.SHIPPING) for m in mentions if m.amount in others):
        return chosen, "other numbers beside the amount"
    return chosen, ""


def _role(text: str, mention: MoneyMention, mentions: list[MoneyMention]) -> Role:
    earlier = max((m.end for m in mentions if m.end <= mention.start), default=0)
    before = text[earlier : mention.start]
    if _PACK.search(text[: mention.start]):
        return Role.OTHER
    return role_of(before[-CONTEXT_CHARS:], text[mention.end : mention.end + CONTEXT_CHARS])


def _in_locale(text: str, mention: MoneyMention, decimal_mark: str | None) -> tuple[Decimal, str]:
    """Return the amount with the locale's decimal mark, and the doubt where `1.299` may be 1299 or 1.299."""
    amount = Decimal(mention.amount)
    group = _GROUP.search(text[mention.start : mention.end])
    if group is None or len(re.findall(r"[.,]", text[mention.start : mention.end])) != 1:
        return amount, ""
    if decimal_mark is not None:
        return (Decimal(group[0].replace(group[1], ".")) if group[1] == decimal_mark else amount), ""
    currency = mention.currencies[0] if mention.currencies else None
    if currency is not None and MINOR_DIGITS.get(currency) == 0:
        return amount, ""
    usual = {True: ",", False: "."}[currency in _COMMA_COUNTRIES]
    is_clear = currency is not None and group[1] != usual and MINOR_DIGITS.get(currency) != 3
    return amount, "" if is_clear else f"{group[0]} may have thousands or decimals"


def _second_opinion(text: str, amount: Decimal, decimal_mark: str | None) -> str:
    other = Price.fromstring(text, decimal_separator=decimal_mark).amount
    return "" if other is None or other == amount else f"another reader says {other}"


def _sign(text: str, hint: str, mention: MoneyMention | None) -> str | None:
    """Return the currency sign as printed: beside the amount, else anywhere in the text, else in the hint."""
    if mention is not None and mention.sign:
        spelled = set(_CODE.findall(text)) if mention.sign == "$" else set()
        return next((code for code in _meanings("$") if code in spelled), mention.sign.strip())
    for shown in (text, hint):
        found = Price.fromstring(None, currency_hint=shown).currency or _rare_sign(shown)
        if found:
            return found
    return None


def _rare_sign(text: str) -> str | None:
    """Return a sign that stands as a word of its own in a short text."""
    if len(text) > 40:
        return None
    whole = re.sub(r"[\d\s.,]*\d[\d\s.,]*", " ", text).strip()
    if whole.casefold() in RARE_SIGNS or _meanings(whole):
        return whole
    return next((word for word in _WORD.findall(text) if word.casefold() in RARE_SIGNS), None)


def _meanings(sign: str) -> tuple[str, ...]:
    return meanings_of(sign) or RARE_SIGNS.get(sign.strip().casefold(), ())

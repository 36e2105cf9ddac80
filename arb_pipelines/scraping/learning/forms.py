"""How the raw text of a place becomes a field's value: whole, without its affixes, as a number, as a state.

What belongs here: the forms, recognising which of them turn a text into a labelled value, and applying one to
the text of another page. Numbers and stock words are read by the extraction's own readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from arb_pipelines.scraping.extraction.document import squeeze
from arb_pipelines.scraping.extraction.money_text import find_money, read_number
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup, availability_of_text

LONGEST_AFFIX = 40
LONGEST_SLACK = 160  # a text that is longer than its value by more is prose that happens to hold it
NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = re.compile(r"\d[\d.,' \u00a0]*")
_LAST_WORD = re.compile(r"(\w+\W+|\W+)$")
_FIRST_WORD = re.compile(r"^(\W+\w+\b\W*|\W+)")
_FIRST_SIGN = re.compile(r"^\W+")


@dataclass(frozen=True, slots=True)
class Form:
    """One way from raw text to value. `before` and `after` are cut off; `kind` says what is done with the rest.

    Kinds: `text` as it stands, `number` decimal text, `digits` digits alone, `word` a number word, `stock` a state.
    """

    kind: str = "text"
    before: str = ""
    after: str = ""
    weight: float = 1.0

    def read(self, raw: str) -> str | None:
        """Return the value in `raw` (white space squeezed), None when it does not have this form."""
        text = self._cut(raw)
        return _READERS[self.kind](text) if text else None

    def _cut(self, raw: str) -> str | None:
        text = raw
        if self.before:
            at = text.find(self.before)
            if at < 0:
                return None
            text = text[at + len(self.before) :]
        if self.after:
            at = text.find(self.after)
            if at < 0:
                return None
            text = text[:at]
        return text.strip() or None


def forms_for(raw: str, value: str) -> Iterator[Form]:
    """Yield the forms by which `raw` gives `value`, the plainest first."""
    if raw == value:
        yield Form()
        return
    if len(raw) > len(value) + LONGEST_SLACK:
        return
    yield from _affix_forms(raw, value)
    for kind, weight in (("number", 0.95), ("digits", 0.9), ("stock", 0.9), ("word", 0.8)):
        wanted = _plain_number(value) if kind == "number" else value
        if wanted is not None and _READERS[kind](raw) == wanted:
            yield Form(kind, weight=weight)


def _affix_forms(raw: str, value: str) -> Iterator[Form]:
    at = raw.find(value)
    if at < 0 or not value or not _stands_alone(raw, at, at + len(value)):
        return
    before, after = raw[:at], raw[at + len(value) :]
    seen: set[tuple[str, str]] = set()
    for left, left_weight in _ends(before, _LAST_WORD):
        for right, right_weight in [*_ends(after, _FIRST_WORD), *_ends(after, _FIRST_SIGN)]:
            form = Form("text", left, right, 0.9 * left_weight * right_weight)
            if (left, right) not in seen and form.read(raw) == value:
                seen.add((left, right))
                yield form


def _ends(affix: str, nearest: re.Pattern[str]) -> Iterator[tuple[str, float]]:
    """Yield what may be cut off on one side: the whole affix, and only the part that touches the value."""
    if not affix:
        yield "", 1.0
        return
    if len(affix) <= LONGEST_AFFIX:
        yield affix, 0.9 if re.search(r"\d{3}", affix) is None else 0.4
    found = nearest.search(affix)
    if found and found.group() != affix and found.group().strip():
        yield found.group(), 0.6


def _stands_alone(raw: str, start: int, end: int) -> bool:
    left_joined = start > 0 and raw[start - 1].isalnum() and raw[start].isalnum()
    right_joined = end < len(raw) and raw[end].isalnum() and raw[end - 1].isalnum()
    return not left_joined and not right_joined


def _plain_number(text: str) -> str | None:
    """Return a labelled number as plain decimal text (`12.90` is `12.9`), None for any other text."""
    try:
        return _normal(Decimal(text))
    except InvalidOperation:
        return None


def _normal(number: Decimal) -> str | None:
    return f"{number.normalize():f}" if number.is_finite() else None


def _read_number(text: str) -> str | None:
    money = find_money(text)
    signed = [mention for mention in money if mention.currencies] or money
    if signed:
        return _plain_number(signed[0].amount)
    found = _NUMBER.search(text)
    plain = read_number(found.group().strip(" .,'\u00a0")) if found else None
    return _plain_number(plain) if plain else None


def _read_digits(text: str) -> str | None:
    found = re.search(r"\d(?:[\d -]*\d)?[Xx]?", text)
    plain = re.sub(r"[ -]", "", found.group()) if found else ""
    return plain if len(plain) >= 8 else None


def _read_word(text: str) -> str | None:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower())
    found = [NUMBER_WORDS.index(word) for word in words if word in NUMBER_WORDS]
    return str(found[0]) if len(found) == 1 else None


def _read_stock(text: str) -> str | None:
    state = availability_of_markup(text) or availability_of_text(text)
    return state.value if state else None


_READERS = {
    "text": lambda text: squeeze(text) or None,
    "number": _read_number,
    "digits": _read_digits,
    "word": _read_word,
    "stock": _read_stock,
}

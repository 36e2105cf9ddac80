"""Prices as a reader of the page sees them.

What belongs here: every amount in the text with its surroundings, scored by how much it looks like the price of
the page's product: a currency sign, a price-like class, nearness to the heading and the buy button, outside
neighbours' tiles, not crossed out, not an instalment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from arb_pipelines.scraping.extraction.anchors import Anchors, spans_around
from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import (
    WEAK_SIGNS,
    former_currency,
    home_currency,
    host_of,
    language_currency,
    locale_currency,
    meanings_of,
)
from arb_pipelines.scraping.extraction.document import (
    Document,
    Element,
    marks_of,
    place_of,
    squeeze,
)
from arb_pipelines.scraping.extraction.grids import find_grid_members
from arb_pipelines.scraping.extraction.money_text import MoneyMention, find_money, has_signed_number
from arb_pipelines.scraping.extraction.price_elements import (
    joined_text,
    label_before,
    price_holder,
    sign_beside,
    signature_of,
)
from arb_pipelines.scraping.extraction.price_roles import (
    CONTEXT_CHARS,
    Role,
    is_old_label,
    own_label,
    role_of,
)
from arb_pipelines.scraping.extraction.regions import Regions, is_struck
from arb_pipelines.scraping.extraction.vocabulary import mark_names

METHOD = "visible"
MAX_NUMBERS = 600
CROWD = 4  # so many amounts in the same kind of element are tiles of a grid
PAIR_DISTANCE = 15  # elements between an old price and the price that replaces it
_DIGIT = re.compile(r"[0-9]")
_NUMBER_ALONE = re.compile(r"\s*[\d.,'’ \u00a0]+(?:[.,]?[-–]{1,2})?\s*")
_RANGE_WORDS = frozenset({"-", "–", "—", "to", "bis", "à", "a", "al", "do", "до", "~", "～"})
# Something that is neither a digit nor common punctuation stands close to a digit: cheaper than looking for signs.
_MAYBE_SIGN = re.compile(r"[^\s\d.,:;/()%+*#'\"!?-][.:]?\s{0,3}\d|\d[.,]?[-–]{0,2}\s{0,3}[^\s\d.,:;/()%+*#'\"!?-]")


@dataclass(frozen=True, slots=True)
class SeenPrice:
    """One amount in its place. `score` above about 4 is a likely price of the product."""

    mention: MoneyMention
    role: Role
    score: float
    element: Element
    text: str
    in_grid: bool = False


def propose_from_text(
    document: Document, sheet: CandidateSheet, regions: Regions, anchors: Anchors, is_sure: bool = False
) -> list[SeenPrice]:
    """Propose the likeliest visible prices; return every amount that was seen, in document order.

    With `is_sure` (the markup names the product and its price) only what stands around heading and buy button is
    read: that confirms or contradicts the markup, and half of a page's CPU went into its neighbours' prices.

    The weight grows with the score and with how far the next other amount is behind: a page that shows one
    amount beside its heading needs no class to say that it is the price.
    """
    seen = see_prices(document, regions, anchors, is_sure)
    best: dict[Decimal, SeenPrice] = {}
    for item in seen:
        value = Decimal(item.mention.amount)
        if value and item.role is Role.PRICE and (value not in best or item.score > best[value].score):
            best[value] = item
    ranked = sorted(best.values(), key=lambda item: -item.score)
    for rank, item in enumerate(ranked[:4]):
        runner_up = ranked[1].score if len(ranked) > 1 else 0.0
        lead = (
            min(1.0, max(0.0, item.score - max(0.0, runner_up)) / 4) if rank == 0 and item.mention.currencies else 0.0
        )
        weight = min(4.0, max(0.0, (item.score - 2.0) / 2) + lead)
        sheet.add("price", item.mention.amount, METHOD, weight, item.text, place_of(item.element))
    return seen


@dataclass(frozen=True, slots=True)
class _Amount:
    """One amount in the text of `holder`; `before` are the words since the amount before it."""

    element: Element
    holder: Element
    text: str
    mention: MoneyMention
    before: str
    after: str
    is_first: bool


def see_prices(document: Document, regions: Regions, anchors: Anchors, is_sure: bool = False) -> list[SeenPrice]:
    """Return the amounts in the page's text (`is_sure`: around the anchors), with role and score, in order."""
    amounts = list(_find_amounts(document, spans_around(document, anchors) if is_sure else ()))
    tiled = find_grid_members([(a.holder, a.mention.amount) for a in amounts if a.mention.currencies])
    crowds = Counter(signature_of(amount.holder) for amount in amounts)
    seen: list[SeenPrice] = []
    for amount in amounts:
        holder = amount.holder
        role, score = _judge(regions, amount, seen[-1] if seen else None)
        score += _nearness(document, document.positions.get(holder, 0), anchors)
        score -= 2.0 if crowds[signature_of(holder)] >= CROWD else 0.0
        score -= 4.0 if holder in tiled else 0.0
        seen.append(SeenPrice(amount.mention, role, score, holder, amount.text, holder in tiled))
    return _settle_pairs(document, seen)


def _find_amounts(document: Document, spans: Sequence[range]) -> Iterator[_Amount]:
    done: set[Element] = set()
    homes = _homes(document)
    has_digit = _DIGIT.search
    texts = [t for span in spans for t in document.texts_in(span)] if spans else document.texts
    numbers = [(element, text) for element, text, _ in texts if has_digit(text)]
    for element, own_text in numbers[:MAX_NUMBERS]:
        if not _may_be_price(element, own_text):
            continue
        holder = price_holder(element, own_text)
        if holder in done:
            continue
        done.add(holder)
        text = joined_text(holder)
        end = 0
        for mention in find_money(text)[:6]:
            before, after = text[end : mention.start], text[mention.end :]
            plain = _without_weak_sign(mention, homes)
            signed = _with_sign_beside(plain, holder, text[: mention.start], after)
            yield _Amount(element, holder, text, signed, before, after, is_first=end == 0)
            end = mention.end


def _homes(document: Document) -> set[str | None]:
    """Return the currencies that the page's host, locale and language speak for."""
    host = host_of(document.url)
    spoken = {locale_currency(document.lang), language_currency(document.lang)}
    return {home_currency(host), former_currency(host), *spoken}


def _without_weak_sign(mention: MoneyMention, homes: set[str | None]) -> MoneyMention:
    """Return the mention without a sign such as `R` or `ft` when nothing of the page speaks for that currency."""
    is_weak = mention.sign.strip().lower() in WEAK_SIGNS
    return replace(mention, currencies=()) if is_weak and homes.isdisjoint(mention.currencies) else mention


def _may_be_price(element: Element, text: str) -> bool:
    if _MAYBE_SIGN.search(text) and has_signed_number(text[:300]):
        return True
    plain = text.strip()
    if len(plain) >= 60:
        return False
    step = element
    for _ in range(3):
        if step is None:
            return False
        if "price" in mark_names(marks_of(step)):
            return True
        step = step.getparent()
    return len(plain) <= 12 and plain[:1].isdigit() and bool(sign_beside(element))


def _judge(regions: Regions, amount: _Amount, previous: SeenPrice | None) -> tuple[Role, float]:
    """Return role and score of an amount from its words and its element, without its position."""
    holder, mention = amount.holder, amount.mention
    role = _role(amount, previous)
    if role is Role.PRICE and (
        is_struck(amount.element) or "old" in mark_names(_marks_between(amount.element, holder))
    ):
        role = Role.LIST
    score = _marks_score(amount.element)
    score += 2.0 if mention.currencies else 0.0
    # A number without a sign must be all that its element shows: `1-9` in a price table is a quantity.
    score -= 3.0 if not mention.currencies and not _NUMBER_ALONE.fullmatch(amount.text) else 0.0
    score -= 5.0 if regions.is_aside(holder) else 0.0
    score -= 2.0 if regions.is_hidden(holder) else 0.0
    score -= 3.0 if not mention.amount.strip("0.") else 0.0
    return role, score


def _role(amount: _Amount, previous: SeenPrice | None) -> Role:
    """Return the role that words give an amount; the end of a range has the role of its beginning."""
    if not amount.is_first and previous is not None and amount.before.strip().lower() in _RANGE_WORDS:
        return previous.role
    own = amount.before.strip() or not amount.is_first
    between = amount.before if amount.is_first else own_label(amount.before, amount.after)
    label = between if own else f"{label_before(amount.holder)} "
    tail = amount.after if amount.after.strip() else squeeze(amount.holder.tail)
    return role_of(label[-CONTEXT_CHARS:], tail[:CONTEXT_CHARS])


def _with_sign_beside(mention: MoneyMention, holder: Element, before: str, after: str) -> MoneyMention:
    """Return the mention with the sign that a sibling element shows alone: `<b>294</b><i> 元</i>`."""
    if mention.currencies or before.strip() or after.strip():
        return mention
    sign = sign_beside(holder)
    return replace(mention, currencies=meanings_of(sign), sign=sign) if sign else mention


def _settle_pairs(document: Document, seen: list[SeenPrice]) -> list[SeenPrice]:
    """Return `seen` with was/now pairs settled.

    A lower amount close to an old price is the price with more certainty. An amount that only its class calls
    old, with no lower one near it, is no old price.
    """
    at = document.positions
    prices = [(other, at.get(other.element, 0)) for other in seen if other.role is Role.PRICE]
    olds = [(other, at.get(other.element, 0)) for other in seen if other.role is Role.LIST]
    settled = []
    for item in seen:
        here = at.get(item.element, 0)
        if item.role is Role.LIST:
            is_lone = not any(_below(other, item) for other, there in prices if abs(here - there) <= PAIR_DISTANCE)
            if is_lone and not is_struck(item.element) and not is_old_label(label_before(item.element)):
                item = replace(item, role=Role.PRICE, score=item.score - 0.5)
        elif olds and item.role is Role.PRICE and item.mention.currencies:
            is_now = any(_below(item, other) for other, there in olds if abs(here - there) <= PAIR_DISTANCE)
            item = replace(item, score=item.score + 1.0) if is_now else item
        settled.append(item)
    return settled


def _below(first: SeenPrice, second: SeenPrice) -> bool:
    return Decimal(first.mention.amount) < Decimal(second.mention.amount)


def _marks_score(element: Element) -> float:
    score = 0.0
    step = element
    for level in range(4):
        if step is None or step.tag in ("body", "html"):
            break
        names = mark_names(marks_of(step))
        if "price" in names:
            score = max(score, 3.0 - 0.4 * level)
        if level < 2 and "other" in names:
            return score - 3.0
        if level < 2 and "current" in names:
            score += 0.7
        step = step.getparent()
    return score + (1.0 if element.get("itemprop") == "price" else 0.0)


def _marks_between(element: Element, holder: Element) -> str:
    """Return the marks of `element` and of what lies between it and `holder`; a parent's, when it has none."""
    marks = marks_of(element)
    step = element
    while step is not holder and step is not None:
        step = step.getparent()
        marks = f"{marks} {marks_of(step)}" if step is not None else marks
    parent = holder.getparent()
    return marks if marks.strip() or parent is None else marks_of(parent)


def _nearness(document: Document, position: int, anchors: Anchors) -> float:
    heading = anchors.heading
    button = document.positions.get(anchors.button) if anchors.button is not None else None
    score = 0.0
    if heading is not None:
        distance = position - heading
        if 0 <= distance <= 120:
            score += 2.0
        elif -60 <= distance < 0:
            score += 1.5
        elif 0 <= distance <= 350:
            score += 1.0
        elif distance < 0:
            score -= 0.5
        elif distance > 900:
            score -= 1.0
    if button is not None and abs(position - button) <= 80:
        score += 1.0
    return score

"""The elements around one amount: what shows the whole price, what labels it, what signs it.

What belongs here: reading text off the tree the way a browser would show it.
"""

from __future__ import annotations

import re

from arb_pipelines.scraping.extraction.currencies import meanings_of
from arb_pipelines.scraping.extraction.document import (
    BLOCK_TAGS,
    SKIPPED_TAGS,
    Element,
    marks_of,
    squeeze,
    text_of,
)
from arb_pipelines.scraping.extraction.money_text import find_money
from arb_pipelines.scraping.extraction.vocabulary import mark_names

# Units and cents in elements of their own, with nothing between: `$229` `99`.
_SPLIT_PRICE = re.compile(r"([^\d\s]{0,4}\s?\d{1,3}(?:[,.]\d{3})*) (\d{2}\s?[^\d\s]{0,4})")


def price_holder(element: Element, text: str) -> Element:
    """Return the smallest element that shows the whole price: sign, units and cents may be apart."""
    holder, shown = element, text_of(element, 80)
    for _ in range(3):
        parent = holder.getparent()
        if parent is None or parent.tag in ("body", "tr", "ul", "form"):
            break
        whole = text_of(parent, 80)
        money = find_money(whole)
        if (
            len(whole) > 40
            or len(money) > 1
            or (len(whole) > len(shown) + 12 and any(m.currencies for m in find_money(shown)))
        ):
            break
        holder, shown = parent, whole
    return holder


def joined_text(element: Element) -> str:
    """Return the text of `element` with raised or small cents set off by a point: `12<sup>99</sup>` is 12.99."""
    pieces: list[str] = []
    _join(element, pieces)
    text = squeeze("".join(pieces))[:300]
    split = _SPLIT_PRICE.fullmatch(text) if len(text) <= 20 else None
    return f"{split[1]}.{split[2]}" if split else text


def _join(element: Element, pieces: list[str]) -> None:
    _join_own_text(element, pieces)
    for child in element:
        if child.tag not in SKIPPED_TAGS:
            edge = " " if child.tag in BLOCK_TAGS else ""
            pieces.append(edge)
            _join(child, pieces)
            pieces.append(edge)
        pieces.append(child.tail or "")


def _join_own_text(element: Element, pieces: list[str]) -> None:
    text = element.text or ""
    plain = text.strip()
    if not plain:
        pieces.append(" " if text else "")
        return
    last = next((piece.rstrip()[-1:] for piece in reversed(pieces) if piece.strip()), "")
    if last.isdigit() and len(plain) == 2 and plain.isdigit() and _is_small(element):
        pieces.append(".")
        text = plain
    elif last.isdigit() and text[0].isdigit():
        pieces.append(" ")
    pieces.append(text)


def _is_small(element: Element) -> bool:
    """Return whether `element` sets its text off as cents."""
    return element.tag in ("sup", "sub", "small") or "cents" in mark_names(marks_of(element))


def sign_beside(element: Element) -> str:
    """Return the currency sign that stands alone right after or before `element`, empty when none does."""
    following, previous = element.getnext(), element.getprevious()
    beside = [squeeze(element.tail)]
    if following is not None and not beside[0]:
        beside.append(text_of(following, 12))
    if previous is not None:
        beside.append(squeeze(previous.tail) or text_of(previous, 12))
    return next((shown for shown in beside if 0 < len(shown) <= 6 and meanings_of(shown)), "")


def label_before(holder: Element) -> str:
    """Return the words right before `holder`: its previous sibling's, else its parent's own text.

    Words that belong to another amount before them are no label of this one.
    """
    previous = holder.getprevious()
    if previous is not None:
        text = squeeze(f"{text_of(previous, 120)} {previous.tail or ''}")
    else:
        parent = holder.getparent()
        above = parent.getprevious() if parent is not None else None
        text = squeeze(parent.text) if parent is not None else ""
        text = text or (text_of(above, 120) if above is not None else "")
    money = [mention for mention in find_money(text) if mention.currencies]
    if money and previous is not None and previous.tag in BLOCK_TAGS and not (previous.tail or "").strip():
        return ""  # a line of its own: what follows the amount in it speaks of that amount
    return text[money[-1].end :] if money else text


def signature_of(element: Element) -> str:
    """Return what kind of element it is, by tag and class of it and of what holds it: tiles of a grid agree."""
    steps = []
    step = element
    for _ in range(4):
        if step is None:
            break
        steps.append(f"{step.tag}.{step.get('class') or ''}")
        step = step.getparent()
    return ">".join(steps)

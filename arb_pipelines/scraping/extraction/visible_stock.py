"""Stock as a reader of the page sees it: a phrase near the price, or the button that takes the order.

What belongs here: phrases in the product's own part of the page, and the state of its buy button. A button that
can be pressed states that the shop takes an order; a phrase that says otherwise outweighs it.
"""

from __future__ import annotations

from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.scraping.extraction.anchors import find_contact
from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, Element, marks_of, place_of, squeeze, text_of
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.stock_words import STOCK_LISTS, availability_of_text
from arb_pipelines.scraping.extraction.vocabulary import Lexicon, entries, mark_names

CONTACT_WEIGHT = 1.0  # just enough alone: an advertisement that can be answered is still on offer
MAX_DISTANCE = 450
MAX_PHRASE_CHARS = 90
_SOLD = frozenset(entries("stock_alone", "sold"))
_WORDS = Lexicon({"stock": [phrase for name in STOCK_LISTS for phrase in entries("stock", name)], "sold": _SOLD})


def propose_stock(
    document: Document, sheet: CandidateSheet, regions: Regions, anchor: int | None, button: Element | None
) -> None:
    """Propose the stock states that phrases near `anchor` (a position) state, and what the buy button says."""
    start = anchor if anchor is not None else 0
    near_texts = list(document.texts_between(start - 60, start + MAX_DISTANCE, longest=200))
    for number in _WORDS.numbers_of([text for _, text, _ in near_texts]):
        element, text, _ = near_texts[number]
        phrase = squeeze(text)
        if len(phrase) > MAX_PHRASE_CHARS:
            continue
        state = Availability.OUT_OF_STOCK if _is_sold(element, phrase) else availability_of_text(phrase)
        if state is None or regions.is_aside(element) or regions.is_hidden(element):
            continue
        near = f"{marks_of(element)} {marks_of(element.getparent()) if element.getparent() is not None else ''}"
        weight = 2.2 if "stock" in mark_names(near) else 1.2
        weight *= 1.0 if len(phrase) <= 45 else 0.6
        sheet.add("availability", state.value, "visible", weight, phrase, place_of(element))
    _propose_buttons(document, sheet, regions, button)


def _is_sold(element: Element, phrase: str) -> bool:
    """Return whether `phrase` is all that an advertisement says of its end; beside a number it counts orders."""
    if phrase.strip(" .!:").lower() not in _SOLD:
        return False
    parent = element.getparent()
    return not any(c.isdigit() for c in text_of(element if parent is None else parent, 80))


def _propose_buttons(document: Document, sheet: CandidateSheet, regions: Regions, button: Element | None) -> None:
    """Propose what the buy button says, or the button that answers an advertisement."""
    contact = find_contact(document, regions) if button is None and not sheet.of("availability") else None
    if contact is not None:
        shown = text_of(contact, 60) or marks_of(contact)
        sheet.add("availability", "InStock", "button", CONTACT_WEIGHT, shown, place_of(contact))
    if button is not None:
        is_off = button.get("disabled") is not None or "disabled" in mark_names(marks_of(button))
        state_words = availability_of_text(text_of(button, 60) or button.get("value"))
        if state_words is not None:
            sheet.add("availability", state_words.value, "button", 2.0, text_of(button, 60), place_of(button))
        elif not is_off:
            sheet.add(
                "availability", "InStock", "button", 1.2, text_of(button, 60) or marks_of(button), place_of(button)
            )

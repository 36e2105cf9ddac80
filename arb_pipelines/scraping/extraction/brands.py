"""Brands that no label and no markup announces: a short text in an element marked as the brand.

What belongs here: such texts near the product's heading, and the doubt about a brand that is the shop itself.
"""

from __future__ import annotations

import re
from dataclasses import replace

from arb_pipelines.scraping.extraction.candidates import Candidate, CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, marks_of, place_of, squeeze
from arb_pipelines.scraping.extraction.labels import clean_value
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import mark_names
from arb_pipelines.scraping.extraction.words import fold

NEAR_HEADING = 120
UNCONFIRMED = 0.3
_MARKUP = frozenset({"json-ld", "microdata", "rdfa", "meta", "state"})


def propose_brands(document: Document, sheet: CandidateSheet, regions: Regions, heading: int | None) -> None:
    """Propose the texts of brand-marked elements around the heading."""
    start = heading or 0
    for element, text, _ in document.texts_between(start - NEAR_HEADING, start + NEAR_HEADING, longest=60):
        parent = element.getparent()
        marks = marks_of(element) or (marks_of(parent) if parent is not None else "")
        if "brand" in mark_names(marks) and not regions.is_aside(element):
            value = clean_value("brand", squeeze(text))
            sheet.add("brand", value, "marked", 2.0, text, place_of(element))


def settle_brands(candidates: list[Candidate], name: str | None, host: str) -> list[Candidate]:
    """Return the brand candidates in the light of the product's name.

    Only machines read markup, so a brand in it takes the spelling of the name that people read. A brand that is
    the shop's own name says who sells, and one from a script says little, unless the name has it too.
    """
    shop = _letters(host.removeprefix("www.").split(".")[0])
    shown = {fold(c.value) for c in candidates if c.method not in _MARKUP}
    settled = []
    for candidate in candidates:
        spelling = candidate.value if fold(candidate.value) in shown else spelling_in(candidate.value, name or "")
        if candidate.method in _MARKUP:
            if spelling is not None:
                bonus = 0.4 if candidate.method == "state" else 0.0
                candidate = replace(candidate, value=spelling, weight=candidate.weight + bonus)
            elif _letters(candidate.value) == shop:
                candidate = replace(candidate, weight=candidate.weight * UNCONFIRMED)
        settled.append(candidate)
    return settled


def spelling_in(brand: str, name: str) -> str | None:
    """Return how `name` spells `brand` (case and punctuation aside), None when it does not have it."""
    words = re.findall(r"\w+", fold(brand))
    if not words or brand.endswith(")"):
        return None
    pattern = r"(?<!\w)" + r"[\W_]{0,3}".join(re.escape(word) for word in words) + r"(?!\w)"
    match = re.search(pattern, fold(name))
    # Folding may drop accents and so shift positions; then the brand keeps its own spelling.
    if match is None or len(fold(name)) != len(name):
        return None if match is None else brand
    return name[match.start() : match.end()]


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", fold(text))

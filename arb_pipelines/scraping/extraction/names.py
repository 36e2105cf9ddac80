"""The product's name from headings and titles.

What belongs here: cutting the shop's name off a title, and hidden words ("Details about") off a heading.
"""

from __future__ import annotations

import re

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, Element, marks_of, place_of, squeeze, text_of
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import mark_names
from arb_pipelines.scraping.extraction.words import overlap

STRAY = 0.2
_SEPARATOR = re.compile(r"\s+[|–—\-:•·»>]+\s+|\s*[|]\s*|\s+::\s+")


def propose_names(document: Document, sheet: CandidateSheet, regions: Regions) -> None:
    """Propose the headings, the product's own first, and the parts of the titles that they confirm."""
    headings = [h for h in document.headings if h.tag == "h1" and not regions.is_aside(h)] or document.headings[:1]
    headings.sort(key=lambda h: h is not regions.heading)
    titles = [title for title in (document.meta("og:title", "twitter:title"), document.title) if title]
    shown: list[str] = []
    for rank, heading in enumerate(headings[:3]):
        name = _without_hidden(heading)
        if not name:
            continue
        shown.append(name)
        weight = (3.0 if heading.tag == "h1" else 1.2) * 0.6**rank
        weight += 0.3 if "title" in mark_names(marks_of(heading)) else 0.0
        # Of several headings one that shares no word with any title names a menu (`Sale`).
        is_stray = len(headings) > 1 and bool(titles) and not any(overlap(name, title) for title in titles)
        sheet.add("name", name, "heading", weight * (STRAY if is_stray else 1.0), name, place_of(heading))
    og_title = document.meta("og:title", "twitter:title")
    for method, title in (("meta", og_title), ("title", document.title)):
        if title:
            part = _confirmed_part(squeeze(title), shown)
            weight = {"meta": 1.3, "title": 1.1}[method]
            sheet.add("name", part or first_part(title), method, weight if part else 0.6 * weight, title, method)


def first_part(title: str) -> str:
    """Return what stands before the last separator of a title, mostly the shop's name."""
    parts = [p for p in _SEPARATOR.split(squeeze(title)) if p.strip()]
    return parts[0].strip() if parts else ""


def _confirmed_part(title: str, headings: list[str]) -> str | None:
    """Return the longest part of `title` that begins it or stands between separators and is in a heading too."""
    folded = [h.casefold() for h in headings]
    cuts = [0, *[m.end() for m in _SEPARATOR.finditer(title)]]
    ends = [*[m.start() for m in _SEPARATOR.finditer(title)], len(title)]
    parts = {title[start:end].strip() for start in cuts for end in ends if end > start}
    fitting = [p for p in parts if len(p) > 5 and any(p.casefold() in h and len(p) >= 0.5 * len(h) for h in folded)]
    return max(fitting, key=len) if fitting else None


def _is_control(element: Element) -> bool:
    """Return whether `element` does something on the page instead of naming: a button, a link that leads nowhere."""
    return element.tag == "button" or (
        element.tag == "a" and (element.get("href") or "#").startswith(("#", "javascript:"))
    )


def _without_hidden(heading: Element) -> str:
    """Return a heading's text without hidden words and controls (`show original title`) at its ends."""
    whole = text_of(heading, 300)
    for child in heading:
        if "hidden" in mark_names(marks_of(child)) or any(_is_control(inner) for inner in child.iter("a", "button")):
            hidden = text_of(child, 100)
            if hidden and whole.startswith(hidden):
                whole = whole[len(hidden) :].strip(" :-")
            elif hidden and whole.endswith(hidden):
                whole = whole[: -len(hidden)].strip(" :-")
    return whole

"""Facts around a product that no price depends on: its category path, how often it was rated, watched and seen.

What belongs here: breadcrumbs, counts in running text, and the ASIN in an address. Counts tell how fast a thing sells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from urllib.parse import unquote

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import host_of
from arb_pipelines.scraping.extraction.document import Document, place_of, squeeze, text_of
from arb_pipelines.scraping.extraction.identity import ALIKE, PageIdentity
from arb_pipelines.scraping.extraction.schema_items import SchemaNode, as_list
from arb_pipelines.scraping.extraction.schema_product import count_of, text
from arb_pipelines.scraping.extraction.vocabulary import entries, lexicon

MAX_STEPS = 8
STEP_CHARS = 60
BEFORE, AFTER = 150, 600  # elements around the heading in which a count is about the product
_ASIN = re.compile(r"/(?:dp|gp/product|gp/aw/d|product-reviews)/([A-Z0-9]{10})(?=[/?#]|$)")
_DIGIT = re.compile(r"[0-9]")
_COUNTS = ("rating_count", "views", "watchers")
_COUNTED = lexicon("details", *(f"{name}_{side}" for name in _COUNTS for side in ("after", "before")))
_NUMBER = r"(\d{1,3}(?:[.,\s]\d{3})+|\d{1,7})\+?"


def propose_details(
    document: Document, nodes: Sequence[SchemaNode], identity: PageIdentity, sheet: CandidateSheet, heading: int | None
) -> None:
    """Propose the category path, the counts, and the ASIN of the page's address."""
    for method, weight, steps in list(_marked_paths(nodes)) or _shown_paths(document):
        path = " > ".join(_without_ends(steps, identity))
        sheet.add("category", path, method, weight, "", "breadcrumbs")
    _propose_counts(document, sheet, heading)
    asin = _ASIN.search(unquote(document.url))
    if asin is not None:
        sheet.add("asin", asin[1], "url", 3.0, document.url, "url")


def _marked_paths(nodes: Sequence[SchemaNode]) -> Iterator[tuple[str, float, list[str]]]:
    """Yield the steps of every BreadcrumbList, by position."""
    for node in nodes:
        if "breadcrumblist" not in node.types:
            continue
        items = [i for i in as_list(node.data.get("itemListElement")) if isinstance(i, dict)]
        items.sort(key=lambda item: int(count_of(item.get("position")) or 0))
        named = [text(item.get("name")) or text(_inner_name(item.get("item"))) for item in items]
        yield node.method, 4.5, [name for name in named if name]


def _inner_name(item: object) -> object:
    return item.get("name") if isinstance(item, dict) else None


def _shown_paths(document: Document) -> Iterator[tuple[str, float, list[str]]]:
    """Yield the link texts of the first element that its class calls breadcrumbs."""
    for element in document.root.iter("nav", "ol", "ul", "div"):
        marks = element.get("class") or element.get("id") or element.get("aria-label") or ""
        if "readcrumb" in marks:
            links = [text_of(link, STEP_CHARS) for link in element.iter("a")]
            yield "visible", 2.5, [link for link in links if link]
            return


def _without_ends(steps: list[str], identity: PageIdentity) -> list[str]:
    """Return the path without the shop's front page, the product itself, and steps that are repeated."""
    kept = [s for s in dict.fromkeys(squeeze(step)[:STEP_CHARS] for step in steps) if s]
    if kept and (kept[0].casefold() in entries("details", "home") or _is_shop(kept[0], identity.url)):
        kept = kept[1:]
    if len(kept) > 1 and identity.resembles(kept[-1]) >= max(ALIKE, 0.8):
        kept = kept[:-1]
    return kept[:MAX_STEPS]


def _is_shop(step: str, url: str) -> bool:
    """Return whether a step is the shop's own name, as its address spells it."""
    letters, host = re.sub(r"[^\w.]", "", step).casefold(), host_of(url).removeprefix("www.")
    return bool(letters) and letters in (host, host.split(".")[0])


def _propose_counts(document: Document, sheet: CandidateSheet, heading: int | None) -> None:
    start = heading or 0
    near = [t for t in document.texts_between(start - BEFORE, start + AFTER, longest=80) if _DIGIT.search(t[1])]
    for number in _COUNTED.numbers_of([shown for _, shown, _ in near]):
        element, shown, _ = near[number]
        if not _COUNTED.find(shown).anywhere:
            continue
        phrase = squeeze(shown)
        for field_name, pattern in _count_patterns():
            match = pattern.search(phrase)
            count = count_of(next((group for group in match.groups() if group), None)) if match else None
            sheet.add(field_name, count, "visible", 2.0, phrase, place_of(element))


@cache
def _count_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return a pattern for each count: a number right before, or right after, the words of its list."""
    patterns = []
    for field_name in _COUNTS:
        after = "|".join(map(re.escape, entries("details", f"{field_name}_after")))
        before = "|".join(map(re.escape, entries("details", f"{field_name}_before")))
        patterns.append(
            (
                field_name,
                re.compile(
                    rf"(?<![\d.,]){_NUMBER}\s*(?:{after})(?!\w)|(?:{before})\s*:?\s*\(?{_NUMBER}(?![\d.,%])", re.I
                ),
            )
        )
    return tuple(patterns)

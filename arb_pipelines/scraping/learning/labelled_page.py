"""A page with its known values, and the texts and attributes in which a value can stand.

What belongs here: parsing for learning (the same parser as the extraction) and the walk over a page's texts in
the order in which they are read. What a place means is decided by `targets.py` and `locators.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

from arb_pipelines.scraping.extraction.document import Element, parse, squeeze

SILENT_TAGS = frozenset({"script", "style", "textarea", "option", "select", "noscript", "template"})
ATTRIBUTES = ("content", "value", "title", "alt", "datetime", "src", "href", "class")


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One page as it was served, with the right values a field (`{"price": ["12.99"]}`); no values: not shown."""

    html: bytes
    labels: Mapping[str, Sequence[str]]
    url: str = ""


@dataclass(frozen=True, slots=True)
class TextNode:
    """A text that is no white space: the element that holds it, and the how-manieth such text of it (from 1)."""

    owner: Element
    number: int
    text: str


@dataclass(slots=True)
class PageTree:
    """A parsed page for learning; `texts` in reading order, white space squeezed."""

    root: Element
    texts: list[TextNode] = field(default_factory=list)

    def find(self, xpath: str) -> list[Any]:
        """Return what an XPath gives, as a list; a text result is a list of one, a fault of the path is nothing."""
        compiled = compiled_xpath(xpath)
        try:
            found = compiled(self.root) if compiled is not None else []
        except etree.XPathError:
            return []
        if isinstance(found, list):
            return found
        return [found] if isinstance(found, str) and found.strip() else []


@lru_cache(maxsize=16_384)
def compiled_xpath(xpath: str) -> Any:
    """Return the compiled XPath, None when the text is none."""
    try:
        return etree.XPath(xpath)
    except etree.XPathSyntaxError:
        return None


def parse_tree(html: bytes, url: str = "") -> PageTree | None:
    """Return the page ready for learning, None when it holds no markup."""
    document = parse(html, url)
    if document is None:
        return None
    return PageTree(document.root, list(_texts(document.root)))


def _texts(root: Element) -> Iterator[TextNode]:
    """Yield the visible texts in reading order, without recursion: hostile pages nest deeply."""
    counts: dict[Element, int] = {}
    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_start = event == "start"
        raw = element.text if is_start else element.tail
        owner = element if is_start else element.getparent()
        if owner is None or not raw or raw.isspace():
            continue
        counts[owner] = counts.get(owner, 0) + 1
        if owner.tag not in SILENT_TAGS:
            yield TextNode(owner, counts[owner], squeeze(raw))

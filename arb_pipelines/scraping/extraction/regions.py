"""Parts of a page that are not about its product: neighbours, menus, baskets, reviews, footers.

What belongs here: recognising such parts by tag, class and id of an element and what holds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from arb_pipelines.scraping.extraction.document import Element, marks_of
from arb_pipelines.scraping.extraction.vocabulary import mark_names

_HEADER = re.compile(r"(?:^|\s)(?:site|page|main|global|top|shop|store)?[-_]*header(?:$|\s)")
_ASIDE_TAGS = frozenset({"footer", "nav", "aside", "select"})
_STRUCK_TAGS = frozenset({"del", "s", "strike"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def _is_aside_marks(raw_marks: str) -> bool:
    return "aside" in mark_names(raw_marks) or _HEADER.search(raw_marks.lower()) is not None


@dataclass(slots=True)
class Regions:
    """Answers about elements, remembered, because the ancestors of amounts are mostly the same.

    What holds the product's heading is about the product, whatever its class says (`detail-header`).
    """

    heading: Element | None = None
    aside: dict[Element, bool] = field(default_factory=dict)
    hidden: dict[Element, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Exempt the heading's ancestors."""
        step = self.heading
        while step is not None:
            self.aside[step] = False
            step = step.getparent()

    def is_aside(self, element: Element) -> bool:
        """Return whether `element` stands in a part about something else than the page's product."""
        if element is None or element.tag in ("body", "html"):
            return False
        known = self.aside.get(element)
        if known is None:
            own = element.tag in _ASIDE_TAGS or _is_aside_marks(marks_of(element))
            known = own or self.is_aside(element.getparent())
            self.aside[element] = known
        return known

    def is_hidden(self, element: Element) -> bool:
        """Return whether `element` is kept from the reader's eyes by its own or an ancestor's style."""
        if element is None or element.tag in ("body", "html"):
            return False
        known = self.hidden.get(element)
        if known is None:
            own = element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))
            known = own or self.is_hidden(element.getparent())
            self.hidden[element] = known
        return known


def is_struck(element: Element) -> bool:
    """Return whether the text of `element` is crossed out."""
    step = element
    for _ in range(3):
        if step is None:
            return False
        if step.tag in _STRUCK_TAGS or "line-through" in (step.get("style") or ""):
            return True
        step = step.getparent()
    return False

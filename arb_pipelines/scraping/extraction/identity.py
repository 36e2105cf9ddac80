"""What the page is about, before any field is read: its headings, its title, its address.

What belongs here: the names that a product on the page must resemble to be *the* product of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

from arb_pipelines.scraping.extraction.document import Document, text_of
from arb_pipelines.scraping.extraction.words import fold, likeness, overlap, words_of

_ID = re.compile(r"[A-Za-z0-9]*\d[A-Za-z0-9]*")
ALIKE = 0.6


@dataclass(frozen=True)
class PageIdentity:
    """The page's own names. `headings` are its h1 texts, `titles` og:title and title."""

    url: str
    headings: tuple[str, ...]
    titles: tuple[str, ...]

    @cached_property
    def path(self) -> str:
        """The folded path of the URL, without a trailing slash."""
        try:
            return fold(unquote(urlsplit(self.url).path)).rstrip("/")
        except ValueError:
            return ""

    @cached_property
    def url_ids(self) -> set[str]:
        """Words with a digit in path and query: what may be a product number."""
        try:
            parts = urlsplit(self.url)
            values = " ".join(value for _, value in parse_qsl(parts.query))
        except ValueError:
            return set()
        return {word.lower() for word in _ID.findall(f"{unquote(parts.path)} {values}")}

    def resembles(self, name: str | None) -> float:
        """Return from 0 to 1 how much `name` is what the page is about."""
        if not name:
            return 0.0
        best = 0.0
        for heading in self.headings:
            best = max(best, overlap(name, heading), 0.9 * likeness(name, heading) if len(heading) > 8 else 0.0)
        for title in self.titles:
            best = max(best, 0.9 * likeness(name, title))
        return best

    def is_foreign(self, name: str | None) -> bool:
        """Return whether `name` shares no word with any heading or title, all in scripts that set words apart."""
        shown = [text for text in (*self.headings, *self.titles) if text.isascii()]
        if not name or not name.isascii() or not shown or len(shown) < len(self.headings) + len(self.titles):
            return False
        return words_of(name).isdisjoint(words_of(" ".join(shown)))

    def is_own_url(self, url: object) -> bool:
        """Return whether `url` (perhaps relative) is the page itself, queries aside."""
        if not isinstance(url, str) or not url or not self.path:
            return False
        try:
            path = fold(unquote(urlsplit(url.strip()).path)).rstrip("/")
        except ValueError:
            return False
        return bool(path) and path == self.path


def identify(document: Document) -> PageIdentity:
    """Return the identity of the page."""
    headings = [text_of(h, 300) for h in document.headings if h.tag == "h1"]
    titles = [t for t in (document.meta("og:title", "twitter:title"), document.title) if t]
    return PageIdentity(document.url, tuple(h for h in headings if h), tuple(titles))

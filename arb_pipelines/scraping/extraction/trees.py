"""From clean markup to lxml's tree, and what is tried when that tree is empty.

What belongs here: the parsers and their options. What is read off a tree is in `document.py`.
"""

from __future__ import annotations

import warnings
from typing import Any

from lxml import etree

MAX_REPAIRED_BYTES = 100_000


def tree_of(clean: bytes) -> Any:
    """Return the root of clean UTF-8 markup, None when lxml makes nothing of it."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True, collect_ids=False)
    try:
        return etree.fromstring(clean, parser) if clean.strip() else None
    except etree.XMLSyntaxError:
        return None


def repaired(clean: bytes) -> bytes:
    """Return markup of which lxml makes nothing as BeautifulSoup understands it: a comment that never ends, say.

    BeautifulSoup takes up to 8 ms a kB, so it sees only pages that nothing else reads, and not all of a long one.
    """
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        with warnings.catch_warnings(action="ignore"):  # that it looks like XML, or like a file name
            return BeautifulSoup(clean[:MAX_REPAIRED_BYTES], "html.parser", from_encoding="utf-8").encode("utf-8")
    except (ParserRejectedMarkup, RecursionError, AssertionError):
        return b""

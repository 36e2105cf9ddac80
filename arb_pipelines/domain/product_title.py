"""Whether a title can be relied on at all.

What belongs here: the reasons for which a title says nothing safe about what and how many is sold.
"""

from __future__ import annotations

import re
import unicodedata

from arb_pipelines.domain.product import MAX_TITLE_CHARS

_MARKUP = re.compile(r"<\s*/?\s*[a-z!][^<>]{0,500}>|&(?:lt|gt|amp|nbsp|quot|#\d{1,6});", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_LOOKALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN")


def refuse_title(title: str | None) -> str | None:
    """Return why a title cannot be relied on, in one word, else None.

    `empty`: no letter or digit (emoji only). `too_long`: a quantity may stand where we do not read. `markup`: the
    page was not read properly. `mixed_scripts`: one word of several alphabets, as counterfeits write brand names.
    """
    if not title or not any(c.isalnum() for c in title[:MAX_TITLE_CHARS]):
        return "empty"
    if len(title) > MAX_TITLE_CHARS:
        return "too_long"
    if ("<" in title or "&" in title) and _MARKUP.search(title):
        return "markup"
    if not title.isascii() and any(len(scripts_of(word)) > 1 for word in _WORD.findall(title)):
        return "mixed_scripts"
    return None


def scripts_of(text: str) -> frozenset[str]:
    """Return the alphabets with look-alike letters that a text's letters belong to."""
    names = (unicodedata.name(c, "").split(" ", 1)[0] for c in text if c.isalpha())
    return frozenset(name for name in names if name in _LOOKALIKE_SCRIPTS)

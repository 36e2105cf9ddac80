"""From the address of one search to the template of all: `/s?q=kettle&page=1` to `/s?q={keyword}&page={page}`.

What belongs here: finding the words of a search in its address. Filling the template again is `spiders/search.py`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

from arb_pipelines.scraping.site_fields import SiteError

_FIRST_PAGE = re.compile(r"([?&](?:page|p|pg|paged|seite)=|/page/)1(?=[&/#]|$)", re.IGNORECASE)


def template_of(url: str, keyword: str, location: str | None) -> str:
    """Return the template of a search address; places that are already marked (`{keyword}`) stay.

    Raises:
        SiteError: the address does not hold the keyword, or the location that was given.
    """
    template = _marked(url, keyword, "{keyword}")
    if location is not None:
        template = _marked(template, location, "{location}")
    return template if "{page}" in template else _FIRST_PAGE.sub(r"\1{page}", template)


def _marked(url: str, word: str, place: str) -> str:
    if place in url:
        return url
    for written in dict.fromkeys((quote_plus(word), quote(word, safe=""), word)):
        found = re.search(rf"(?<=[=/]){re.escape(written)}(?=[&/#?]|$)", url, re.IGNORECASE)
        if found:
            return url[: found.start()] + place + url[found.end() :]
    raise SiteError(f"{url} does not hold '{word}': give the address of a search for it, or write {place} in its place")

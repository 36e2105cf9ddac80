"""Sites that are asked by keyword and place, as marketplaces and classified ads are: search, then read what it found.

What belongs here: which searches a visit makes, and how far it follows their result pages. Links of a result page
are read as those of a listing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from urllib.parse import quote, quote_plus

from scrapy.http import Response, TextResponse

from arb_pipelines.domain.site import Site, SiteShape
from arb_pipelines.scraping.extraction.verdict import NOT_HTML
from arb_pipelines.scraping.spiders.base import SiteSpider, Visit, rotate
from arb_pipelines.scraping.spiders.listing import fault_of, next_page, product_links

FIRST_PAGE = 1
KIND = "search"


@dataclass(frozen=True, slots=True)
class Search:
    """One page of one search of a site."""

    template: str
    keyword: str
    location: str
    page: int = FIRST_PAGE

    @property
    def url(self) -> str:
        """The address: words are quoted as a path before the question mark, as a form behind it."""
        path, mark, form = self.template.partition("?")
        return self._fill(path, lambda word: quote(word, safe="")) + mark + self._fill(form, quote_plus)

    def _fill(self, text: str, write: Callable[[str], str]) -> str:
        words = {"{keyword}": self.keyword, "{location}": self.location, "{page}": str(self.page)}
        for place, word in words.items():
            text = text.replace(place, write(word))
        return text


def searches_of(site: Site) -> list[Search]:
    """Return the first page of each search that the site declares: every keyword at every location."""
    template = site.search_url or ""
    places = site.locations if "{location}" in template else ("",)
    return [Search(template, keyword, place) for keyword, place in product(site.keywords, places)]


class SearchSpider(SiteSpider):
    """Makes one search after the other until `pages_per_visit` product pages are known, then reads those."""

    name = "search"
    shape = SiteShape.SEARCH

    def plan(self, visit: Visit) -> None:
        """Queue the searches, a different one first each time."""
        turn = self.context.states.get(visit.site.key).cursor // visit.site.pages_per_visit
        searches = searches_of(visit.site)
        visit.add(KIND, rotate([search.url for search in searches], turn))

    def read_other(self, visit: Visit, response: Response, kind: str) -> None:
        """Queue the product pages that a result page links to, and the next result page when they are too few."""
        if not isinstance(response, TextResponse):
            self.note(visit, NOT_HTML)
            return
        found = product_links(visit.site, response)
        if not found:
            self.note_empty(visit, response)
            return
        before = len(visit.seen)
        visit.add("product", self.most_worth(visit, found))
        has_new = len(visit.seen) > before
        state = self.context.states.get(visit.site.key)
        state.cursor += min(len(found), visit.site.pages_per_visit)
        waiting = sum(1 for queued, _ in visit.queue if queued == "product")
        number = page_number(kind)
        if has_new and waiting < visit.pages_left and number < visit.site.search_pages:
            visit.add(f"{KIND} {number + 1}", self.next_results(visit.site, response, number))

    def note_empty(self, visit: Visit, response: TextResponse) -> None:
        """Record a search without results only when no other search is left or the page is no answer at all."""
        fault = fault_of(response)
        if fault != "no_product_links" or not visit.queue:
            self.note(visit, fault)

    def next_results(self, site: Site, response: TextResponse, number: int) -> list[str]:
        """Return the result page behind `response`, the `number`th of its search: by the template, else by rel=next."""
        here = response.request.cb_kwargs["url"] if response.request is not None else response.url
        if "{page}" not in (site.search_url or ""):
            return next_page(site, response)
        searches = (search for search in searches_of(site) if replace(search, page=number).url == here)
        return [replace(search, page=number + 1).url for search in searches][:1]


def page_number(kind: str) -> int:
    """Return which result page a queued step of kind `search 2` is."""
    return int(kind.partition(" ")[2] or FIRST_PAGE)

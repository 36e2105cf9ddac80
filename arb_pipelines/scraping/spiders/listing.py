"""Sites whose start URLs list products: read the list, then its product pages.

What belongs here: which links of a listing are product pages, and the way to its next page.
"""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin, urlsplit

from scrapy.http import Response, TextResponse

from arb_pipelines.domain.site import Site, SiteShape
from arb_pipelines.scraping.extraction.page import page_verdict
from arb_pipelines.scraping.extraction.verdict import CHALLENGE, EMPTY_SHELL, NOT_HTML
from arb_pipelines.scraping.spiders.base import SiteSpider, Visit, rotate

MAX_LISTING_PAGES = 20
MAX_LINKS = 5_000  # a page of 500,000 links held the whole shard for half a minute
# Path words of product pages seen over many shop systems; a site's own `product_url_pattern` replaces them.
PRODUCT_PATH = re.compile(r"/(?:p|dp|pd|ip|item|items|itm|prod|product|products|produkt|produit|producto)[/-]", re.I)


class ListingSpider(SiteSpider):
    """Visits listing pages until `pages_per_visit` product pages are known, then those."""

    name = "listing"
    shape = SiteShape.LISTING

    def plan(self, visit: Visit) -> None:
        """Queue the listing pages, a different one first each time."""
        turn = self.context.states.get(visit.site.key).cursor // visit.site.pages_per_visit
        visit.add("listing", rotate(visit.site.start_urls, turn))

    def read_other(self, visit: Visit, response: Response, kind: str) -> None:
        """Queue the product pages that a listing links to, and its next page when they are too few."""
        if not isinstance(response, TextResponse):
            self.note(visit, NOT_HTML)
            return
        found = product_links(visit.site, response)
        if not found:
            self.note(visit, fault_of(response))
            return
        state = self.context.states.get(visit.site.key)
        visit.add("product", self.most_worth(visit, found))
        state.cursor += min(len(found), visit.site.pages_per_visit)
        waiting = sum(1 for queued, _ in visit.queue if queued == "product")
        if waiting < visit.pages_left and len(visit.seen) < visit.site.pages_per_visit + MAX_LISTING_PAGES:
            visit.add("listing", next_page(visit.site, response))


def fault_of(response: TextResponse) -> str:
    """Return why a listing has no product links: a challenge and an empty shell have none either."""
    verdict = page_verdict(response.body, response.url)
    return verdict if verdict in (CHALLENGE, EMPTY_SHELL, NOT_HTML) else "no_product_links"


def product_links(site: Site, response: TextResponse) -> list[str]:
    """Return the product pages that `response` links to, on the site's own host, each once."""
    pattern = re.compile(site.product_url_pattern) if site.product_url_pattern else PRODUCT_PATH
    links = _links(site, response, "//a/@href")
    return [link for link in links if pattern.search(link) and link != response.url]


def next_page(site: Site, response: TextResponse) -> list[str]:
    """Return the listing's next page, if it names one by rel=next."""
    return _links(site, response, "(//link|//a)[contains(concat(' ', @rel, ' '), ' next ')]/@href")[:1]


def _links(site: Site, response: TextResponse, xpath: str) -> list[str]:
    host = _bare_host(site.url)
    seen: dict[str, None] = {}
    for href in response.selector.root.xpath(xpath)[:MAX_LINKS]:
        try:
            url = urldefrag(urljoin(response.url, href.strip())).url
            if _bare_host(url) == host:
                seen[url] = None
        except ValueError:
            continue
    return list(seen)


def _bare_host(url: str) -> str:
    return urlsplit(url).netloc.lower().removeprefix("www.")

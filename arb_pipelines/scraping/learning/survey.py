"""A first look at a shop: which system, which pages are products, where they are listed, what they say.

What belongs here: the order of the look and its bounds, a dozen requests at most. Nothing is written here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from arb_pipelines.domain.site import Rendering, SiteShape
from arb_pipelines.scraping.extraction.document import Document, parse, squeeze
from arb_pipelines.scraping.extraction.page import PageReading, read_page
from arb_pipelines.scraping.extraction.verdict import CHALLENGE, EMPTY_SHELL, NOT_HTML
from arb_pipelines.scraping.learning.fetching import FetchedPage, FetchError, PoliteClient
from arb_pipelines.scraping.learning.platforms import Platform, detect_platform
from arb_pipelines.scraping.learning.site_folder import bare_host
from arb_pipelines.scraping.learning.sitemaps import fetch_sitemap_urls
from arb_pipelines.scraping.learning.url_patterns import (
    FEWEST_LINKS,
    FEWEST_LINKS_OF_A_LIST,
    further_pages,
    induce_pattern,
    is_list_address,
    is_product_address,
    links_of,
    listing_candidates,
    rank_groups,
)

MAX_PROBES = 8
WANTED_PAGES = 3
PROBES_A_GROUP = 2
MAX_LISTING_PROBES = 3
MAX_START_URLS = 50
CHALLENGE_TEXT = "the shop asks for a human here (a challenge page); we stop, nothing is solved or disguised"


class SurveyError(Exception):
    """A shop that cannot be added this way; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SurveyedPage:
    """One fetched page and what the extraction read off it."""

    url: str
    html: bytes
    reading: PageReading

    @property
    def is_product(self) -> bool:
        """Whether it shows one product with a price."""
        return self.reading.verdict is None and self.reading.product.price is not None


@dataclass(slots=True)
class SiteDraft:
    """What was found out: how the site would be declared, and the pages that show it. `notes` are for a person."""

    url: str
    name: str
    platform: Platform
    shape: SiteShape = SiteShape.PAGES
    rendering: Rendering = Rendering.STATIC
    start_urls: list[str] = field(default_factory=list)
    product_url_pattern: str | None = None
    pages: list[SurveyedPage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    """The look while it goes on: the client, and every page seen."""

    client: PoliteClient
    seen: dict[str, SurveyedPage] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    documents: dict[str, Document] = field(default_factory=dict)

    def visit(self, url: str) -> SurveyedPage | None:
        """Return a page, fetched once; None when it cannot be fetched.

        Raises:
            SurveyError: the shop shows a challenge.
        """
        if url not in self.tried:
            self.tried.add(url)
            try:
                self.add(url, self.client.fetch(url))
            except FetchError:
                return None
        return self.seen.get(url)

    def add(self, url: str, answer: FetchedPage) -> None:
        """Read an answer; a challenge ends the look, an error page is left out."""
        reading = read_page(
            answer.body, url=answer.url, site=None, fetched_at=datetime.now(UTC), tick_id="survey",
            encoding=answer.encoding,
        )  # fmt: skip
        if reading.verdict == CHALLENGE:
            raise SurveyError(f"{url}: {CHALLENGE_TEXT}")
        self.tried.add(url)
        if answer.status >= 400:
            return
        self.seen[url] = SurveyedPage(answer.url, answer.body, reading)
        document = parse(answer.body, answer.url, answer.encoding)
        if document is not None:
            self.documents[url] = document

    def links(self, url: str) -> list[str]:
        """Return the links of a visited page."""
        document = self.documents.get(url)
        return links_of(document.root, self.seen[url].url) if document is not None else []


def survey_site(url: str, client: PoliteClient) -> SiteDraft:
    """Look at the shop that `url` belongs to and return how it would be declared.

    Raises:
        FetchError: the first page cannot be fetched (unreachable, robots.txt, an address that is refused).
        SurveyError: a challenge, an error page, or no page with a product and a price.
    """
    look = _Look(client)
    first = client.fetch(url)
    look.add(url, first)
    if first.status >= 400:
        raise SurveyError(f"{url}: the shop answers {first.status}; give the address of a page that exists")
    if look.seen[url].reading.verdict == NOT_HTML:
        raise SurveyError(f"{url}: this is no web page; give the address of the shop or of one of its products")
    url_now = look.seen[url].url
    draft = SiteDraft(_origin(url_now), _name_of(look, url), detect_platform(first.body, first.headers))
    pool = _pool(look, url, draft)
    if not _find_products(look, url, pool, draft):
        pool = _widen(look, pool, draft)
        _find_products(look, url, pool, draft)
    if draft.pages:
        _find_listing(look, url, pool, draft)
    else:
        _consider_browser(look, url, pool, draft)
    return draft


def _pool(look: _Look, url: str, draft: SiteDraft) -> list[str]:
    """Return the addresses to choose from: links of the page, of the front page when it is another, the sitemap's."""
    links = look.links(url)
    home = f"{draft.url}/"
    if urlsplit(url).path not in ("", "/") and look.visit(home) is not None:
        links += look.links(home)
    host = bare_host(draft.url)
    listed = [link for link in fetch_sitemap_urls(look.client, draft.url) if bare_host(link) == host]
    draft.notes.append(f"sitemap: {len(listed)} addresses" if listed else "sitemap: none that can be read")
    return list(dict.fromkeys([*links, *listed]))


def _widen(look: _Look, pool: list[str], draft: SiteDraft) -> list[str]:
    """Return the pool with the links of a few likely lists: a front page often links to lists alone."""
    for candidate in listing_candidates(pool, "", draft.platform)[:MAX_LISTING_PROBES]:
        if look.visit(candidate) is not None:
            pool = [*pool, *look.links(candidate)]
    return list(dict.fromkeys(pool))


def _find_products(look: _Look, url: str, pool: list[str], draft: SiteDraft) -> bool:
    """Try the likeliest groups of addresses until one leads to products, take some of its pages; say if one does."""
    given = look.seen[url]
    is_given = given.is_product and urlsplit(url).path not in ("", "/")
    probes = 0
    groups = rank_groups([*([url] if is_given else []), *pool], draft.platform)
    if is_given:
        groups.sort(key=lambda group: url not in group.urls)
    for group in groups:
        found = [given] if is_given and url in group.urls else []
        for tried, candidate in enumerate(_spread(group.urls, url)):
            if probes >= MAX_PROBES or len(found) >= WANTED_PAGES or (tried >= PROBES_A_GROUP and not found):
                break
            probes += 1
            page = look.visit(candidate)
            if page is not None and page.is_product and page.url not in {known.url for known in found}:
                found.append(page)
        if found:
            draft.pages = found
            others = [page.url for page in look.seen.values() if not page.is_product]
            draft.product_url_pattern = induce_pattern([page.url for page in found], others)
            return True
    return False


def _spread(urls: Sequence[str], known: str) -> list[str]:
    """Return the addresses in an order that tries the middle and the end early: a list often begins with oddities."""
    others = [url for url in urls if url != known]
    middle = len(others) // 2
    return list(dict.fromkeys([*others[:1], *others[middle : middle + 1], *others[-1:], *others]))


def _find_listing(look: _Look, url: str, pool: list[str], draft: SiteDraft) -> None:
    """Choose the list that the crawl starts from; without one, the product pages themselves are declared."""
    pattern = draft.product_url_pattern or ""
    home = f"{draft.url}/"
    starts = [url, *listing_candidates(pool, pattern, draft.platform)[:MAX_LISTING_PROBES], home]
    for candidate in dict.fromkeys(starts):
        page = look.visit(candidate)
        if page is None or page.is_product:
            continue
        count = sum(1 for link in look.links(candidate) if re.search(pattern, link))
        if count >= (FEWEST_LINKS_OF_A_LIST if is_list_address(page.url) else FEWEST_LINKS):
            more, is_named = further_pages(look.documents[candidate].root, page.url, 2)
            draft.shape = SiteShape.LISTING
            draft.start_urls = [page.url] if is_named else [page.url, *more]
            how = "named by rel=next" if is_named else f"{len(more)} more declared" if more else "none found"
            draft.notes.append(f"list: {page.url} links to {count} products; further pages: {how}")
            return
    products = [link for link in pool if re.search(pattern, link)]
    draft.start_urls = list(dict.fromkeys([*(page.url for page in draft.pages), *products]))[:MAX_START_URLS]
    draft.notes.append(f"list: none found, so {len(draft.start_urls)} product pages are declared one by one")


def _consider_browser(look: _Look, url: str, pool: list[str], draft: SiteDraft) -> None:
    """Declare a shop whose pages say nothing without scripts as one for the browser; else there is nothing to add."""
    shells = [page for page in look.seen.values() if _needs_scripts(page)]
    if not shells:
        raise SurveyError(
            f"{url}: no page with a product and a price was found in {len(look.seen)} pages; "
            "give the address of one product page"
        )
    likely = [page for page in shells if urlsplit(page.url).path not in ("", "/")]
    draft.rendering = Rendering.BROWSER
    draft.start_urls = [page.url for page in likely or shells]
    draft.product_url_pattern = induce_pattern(draft.start_urls, [draft.url]) if likely else None
    draft.pages = (likely or shells)[:1]
    draft.notes.append("the pages show no price without scripts: a browser must run them (rendering = browser)")


def _needs_scripts(page: SurveyedPage) -> bool:
    """Return whether a page is an empty shell, or has the address of a product, scripts, and no price anywhere."""
    if page.reading.verdict is not None:
        return page.reading.verdict == EMPTY_SHELL
    return is_product_address(page.url) and page.reading.product.price is None and b"<script" in page.html


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _name_of(look: _Look, url: str) -> str:
    """Return the shop's name as its page gives it, else its host."""
    document = look.documents.get(url)
    if document is None:
        return bare_host(url)
    name = document.meta("og:site_name", "application-name")
    tail = re.split(r"\s[|–—-]\s", document.title)[-1] if document.title else ""
    return squeeze(name or (tail if 2 <= len(tail) <= 40 else "")) or bare_host(url)

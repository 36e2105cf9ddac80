"""Sites whose start URLs are product pages.

What belongs here: which of the declared pages are visited this time.
"""

from __future__ import annotations

from arb_pipelines.domain.site import SiteShape
from arb_pipelines.scraping.spiders.base import SiteSpider, Visit, rotate


class PagesSpider(SiteSpider):
    """Visits `pages_per_visit` of the declared pages, going on next time where it stopped."""

    name = "pages"
    shape = SiteShape.PAGES

    def plan(self, visit: Visit) -> None:
        """Queue this visit's share of the pages."""
        state = self.context.states.get(visit.site.key)
        visit.add("product", rotate(visit.site.start_urls, state.cursor)[: visit.site.pages_per_visit])
        state.cursor += visit.site.pages_per_visit

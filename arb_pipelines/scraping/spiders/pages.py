"""Sites whose start URLs are product pages.

What belongs here: which of the declared pages are visited this time.
"""

from __future__ import annotations

from arb_pipelines.domain.site import SiteShape
from arb_pipelines.scraping.spiders.base import SiteSpider, Visit


class PagesSpider(SiteSpider):
    """Visits `pages_per_visit` of the declared pages, those first that are most worth it."""

    name = "pages"
    shape = SiteShape.PAGES

    def plan(self, visit: Visit) -> None:
        """Queue this visit's share of the pages."""
        visit.add("product", self.most_worth(visit, visit.site.start_urls))

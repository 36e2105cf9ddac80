"""DNS for the crawl: an answer that points to a private address is refused before anything connects.

What belongs here: the Twisted resolver that Scrapy installs. The address that was judged is the address that
is connected to, so a name that changes its answer between check and use gains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from arb_pipelines.scraping.net_guard import refusal_of_answer


class RefusedAddressError(IgnoreRequest):
    """The host's address is private, loopback or otherwise not a public web server's."""


class GuardedResolver(CachingThreadedResolver):
    """Scrapy's caching resolver with the address rule of `net_guard` on every answer."""

    allow_loopback = False
    refused: ClassVar[dict[str, str]] = {}  # name to reason: Twisted turns every failure here into "no such name"

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> GuardedResolver:
        """Build the resolver; `ARB_ALLOW_LOOPBACK` in the Scrapy settings opens loopback (sandbox)."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_loopback = crawler.settings.getbool("ARB_ALLOW_LOOPBACK")
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        """Resolve `name`, then judge the address."""
        return super().getHostByName(name, timeout).addCallback(self._judge, name)

    def _judge(self, address: str, name: str) -> str:
        refusal = refusal_of_answer(name, address, self.allow_loopback)
        if refusal:
            self.refused[name] = refusal
            raise DNSLookupError(refusal)
        return address

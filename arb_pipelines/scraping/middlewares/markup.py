"""A page of more elements than any shop has is not parsed.

What belongs here: the one look at a body's markup that is cheaper than a parser. A size limit does not help: half a
million links fit in 7 MB, take 200 MB as a tree and ten seconds of the whole shard.
"""

from __future__ import annotations

from scrapy import Request
from scrapy.http import Response

from arb_pipelines.scraping.reasons import RefusedRequestError

MAX_TAGS = 150_000  # the largest of 222 real shop pages has 32,000


class MarkupMiddleware:
    """Refuses an answer whose body opens too many elements. Stands above decompression."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Pass the response on, or raise `RefusedRequestError`."""
        if response.body.count(b"<") > MAX_TAGS:
            raise RefusedRequestError("too_many_elements")
        return response

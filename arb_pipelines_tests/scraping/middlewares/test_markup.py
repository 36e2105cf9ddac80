"""Pages of too many elements are refused unread, ordinary ones pass."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse

from arb_pipelines.scraping.middlewares.markup import MAX_TAGS, MarkupMiddleware
from arb_pipelines.scraping.reasons import RefusedRequestError


@pytest.mark.parametrize(("tags", "refused"), [(100, False), (MAX_TAGS, False), (MAX_TAGS + 1, True)])
def test_the_number_of_tags_decides(tags: int, refused: bool) -> None:
    response = HtmlResponse("https://shop.example/", body=b"<p" * tags)
    request = Request("https://shop.example/")
    if not refused:
        assert MarkupMiddleware().process_response(request, response) is response
        return
    with pytest.raises(RefusedRequestError, match="too_many_elements"):
        MarkupMiddleware().process_response(request, response)

"""A site's own selectors, CSS and XPath: they outweigh every other reader, and a blind one proposes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.page import read_page

HTML = (
    "<html><body><h1>Blue Kettle</h1><div class='price'>$5.00</div><dl><dt>Price for you</dt><dd>1.234,50 €</dd></dl>"
    "<p data-code='K-77'>Code <i>K-78</i></p><p>Made by Acme, Ghent</p>" + "<p>Made for every day.</p>" * 30
).encode()


def read(field: str, selector: str) -> str | None:
    site = Site("s", "S", "https://s.example", selectors={field: selector})
    page = read_page(
        HTML, url="https://s.example/p", site=site, fetched_at=datetime(2026, 1, 2, tzinfo=UTC), tick_id="t"
    )
    value = getattr(page.product, field)
    assert value is None or page.product.evidence[field][0].method == "selector"
    return str(value) if value is not None else None


@pytest.mark.parametrize(
    ("field", "selector", "value"),
    [
        ("price", "dl dd", "1234.50"),
        ("price", "//dt[.='Price for you']/following-sibling::dd/text()", "1234.50"),
        ("mpn", "//p/@data-code", "K-77"),
        ("mpn", "string(//p/i)", "K-78"),
        ("brand", "substring-before(substring-after(normalize-space(//p[2]), 'by '), ',')", "Acme"),
        ("mpn", "//p/@data-none", None),
        ("mpn", "string(//nothing)", None),
        ("mpn", "count(//p)", None),
    ],
)
def test_a_selector_reads(field: str, selector: str, value: str | None) -> None:
    assert read(field, selector) == value

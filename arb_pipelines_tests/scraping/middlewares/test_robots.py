"""How much time robots.txt asks for between two requests."""

from __future__ import annotations

import pytest
from protego import Protego

from arb_pipelines.scraping.middlewares.robots import MAX_CRAWL_DELAY_S, asked_delay_s


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ("Disallow: /x", 0.0),
        ("Crawl-delay: 7", 7.0),
        ("Crawl-delay: 0.5", 0.5),
        ("Request-rate: 1/10s", 10.0),
        ("Request-rate: 6/1m", 10.0),
        ("Request-rate: 1/5s\nCrawl-delay: 12", 12.0),
        ("Request-rate: 1/20s\nCrawl-delay: 12", 20.0),
        ("Crawl-delay: 3600", 3_600.0),
        ("Crawl-delay: 999999999", MAX_CRAWL_DELAY_S),
        ("Crawl-delay: soon", 0.0),
    ],
)
def test_the_longest_wish_counts(lines: str, seconds: float) -> None:
    rules = Protego.parse(f"User-agent: *\n{lines}\n")
    assert asked_delay_s(rules, "arb_pipelines") == seconds

"""Which pages of a site are worth this visit's requests.

What belongs here: the value of information as pure rules. A page is worth reading when its price has probably moved
since we looked: the longer ago and the more often it moves, the more; a page that an opportunity hangs on counts
several times. No page waits for ever: one that is overdue comes before every other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_STALENESS = timedelta(hours=24)
HOT_WEIGHT = 4.0
# One change in 20 reads is what a page is held to do before it is known; its own record outweighs that soon.
PRIOR_READS = 20.0
PRIOR_CHANGES = 1.0


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is remembered of one page: times aware, None when never; `changes` of `reads` brought another offer.

    `is_hot` says that an opportunity, a live listing or a person's wish hangs on the page.
    """

    url: str
    last_read_at: datetime | None = None
    last_changed_at: datetime | None = None
    reads: int = 0
    changes: int = 0
    is_hot: bool = False


def change_rate(facts: PageFacts) -> float:
    """Return the share of readings that bring a change, drawn towards 1 in 20 while few are known."""
    return (facts.changes + PRIOR_CHANGES) / (max(facts.reads, facts.changes) + PRIOR_READS)


def page_value(facts: PageFacts, now: datetime, reading_interval: timedelta) -> float:
    """Return what reading the page now is worth: for how long what we hold has probably been wrong.

    Changes come in `change_rate` of the readings, each `reading_interval` apart, and are taken for a Poisson stream
    of rate r; after a wait of w intervals the copy has been wrong for w - (1 - exp(-r w)) / r of them on average. The
    mere chance of a change would read one lively page for ever and never its calm neighbours. Hot pages weigh four
    times, a page never read is worth infinitely much, and a reading that lies in the future (a clock set back)
    counts as just read.
    """
    if facts.last_read_at is None:
        return math.inf
    waited = max(0.0, (now - facts.last_read_at) / reading_interval)
    rate = change_rate(facts)
    wrong_for = max(0.0, waited + math.expm1(-rate * waited) / rate)
    return wrong_for * (HOT_WEIGHT if facts.is_hot else 1.0)


def rank_pages(
    facts: Sequence[PageFacts],
    now: datetime,
    budget: int,
    *,
    max_staleness: timedelta = MAX_STALENESS,
    reading_interval: timedelta = timedelta(minutes=5),
) -> list[str]:
    """Return the at most `budget` pages to read in this visit, the most valuable first, each once.

    Pages not read for `max_staleness` come first, those never read and the longest unread in front, so no page
    starves while the budget suffices to read every page within `max_staleness`. The others follow by `page_value`;
    of equals the longer unread, then the order given.
    """
    if budget <= 0:
        return []
    by_url = {page.url: page for page in reversed(facts)}  # of two entries for one page the first counts
    order = {url: place for place, url in enumerate(dict.fromkeys(page.url for page in facts))}

    def rank(page: PageFacts) -> tuple[int, float, float, int]:
        read_at = page.last_read_at.timestamp() if page.last_read_at else -math.inf
        is_overdue = page.last_read_at is None or now - page.last_read_at >= max_staleness
        worth = 0.0 if is_overdue else -page_value(page, now, reading_interval)
        return (0 if is_overdue else 1, worth, read_at, order[page.url])

    return [page.url for page in sorted(by_url.values(), key=rank)[:budget]]

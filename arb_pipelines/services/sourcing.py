"""Reading marketplaces through their own interface: saved searches, then what they found item by item.

What belongs here: the order of steps and what is stored when. The records go into the raw store, before anything is
made of them, and from there the way of every scraped page: cleaned, matched, scored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from arb_pipelines.domain.api_budget import BudgetRefusedError
from arb_pipelines.domain.market_stores import RawScrapes
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.raw_product import RawProduct
from arb_pipelines.domain.saved_search import MarketSource, SavedSearch
from arb_pipelines.services.outcomes import NotDone, Report, refused_by


@dataclass(slots=True)
class Sourced(Report):
    """Searches that were answered (by name), the URLs stored, those read whole and those gone; the rest with why."""

    searches: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    read_whole: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    not_done: list[NotDone] = field(default_factory=list)


def read_searches(
    source: MarketSource,
    searches: Sequence[SavedSearch],
    raw: RawScrapes,
    tick_id: str,
    clock: Clock,
    *,
    most_whole: int,
    hot_urls: Collection[str] = (),
) -> Sourced:
    """Ask every search and store what it finds; a search that fails stops no other.

    A summary tells neither stock nor GTIN, so up to `most_whole` items are read whole, those of `hot_urls` (an open
    opportunity hangs on them) first. The others are stored as their summary says and no rule buys them.

    Args:
        source: the marketplace.
        searches: what to look for.
        raw: the raw store; what is read is in it when this returns.
        tick_id: names this reading; the same tick again stores the same records.
        clock: the time.
        most_whole: the most items of all searches together that are read whole.
        hot_urls: offers to read first.

    Raises:
        OSError: the raw store takes nothing.
    """
    done, left, seen = Sourced(), most_whole, set[str]()
    for search in searches:
        try:
            found = source.search(search, tick_id, clock.now())
        except BudgetRefusedError as error:
            done.not_done.append(NotDone(search.name, error.refusal.code, error.refusal.detail))
            continue
        except (OSError, ValueError) as error:
            done.not_done.append(refused_by(search.name, error))
            continue
        fresh = sorted((record for record in found if record.url not in seen), key=lambda one: one.url not in hot_urls)
        seen |= {record.url for record in fresh}
        before = len(done.read_whole) + len(done.gone)
        records = {one.scrape_id: one for one in _whole(source, fresh, tick_id, clock, left, done)}
        left = max(left - (len(done.read_whole) + len(done.gone) - before), 0)
        raw.append(list(records.values()))
        done.searches.append(search.name)
        done.stored += [record.url for record in records.values()]
    return done


def _whole(
    source: MarketSource, summaries: Sequence[RawProduct], tick_id: str, clock: Clock, left: int, done: Sourced
) -> Iterator[RawProduct]:
    """Yield each item as whole as it can be read; once the budget or the network says no, the rest are summaries."""
    for number, summary in enumerate(summaries):
        if number >= left or summary.sku is None:
            yield summary
            continue
        try:
            item = source.fetch_item(summary.sku, tick_id, clock.now())
        except BudgetRefusedError as error:
            done.not_done.append(NotDone(summary.url, error.refusal.code, error.refusal.detail))
            left = 0
        except (OSError, ValueError) as error:
            done.not_done.append(refused_by(summary.url, error))
            left = 0 if isinstance(error, OSError) else left
        else:
            if item is None:
                done.gone.append(summary.url)
                continue
            done.read_whole.append(item.url)
            yield item
            continue
        yield summary

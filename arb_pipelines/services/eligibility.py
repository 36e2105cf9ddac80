"""Asking outlets that restrict what we may sell, before we buy it and before we list it.

What belongs here: what is asked, and in which order. What an answer means is `domain/eligibility.py`; an answer that
is missing or older than a day refuses there, so whatever is not asked here is not traded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.domain.eligibility import LONGEST_KNOWN, Eligibility
from arb_pipelines.domain.ports import Clock, RestrictionsSource
from arb_pipelines.domain.product import normal_gtin
from arb_pipelines.domain.stores import Books

ASK_AGAIN = LONGEST_KNOWN / 2  # half of what an answer is good for, so that none runs out between two runs
MOST_QUESTIONS = 500  # a run: Amazon answers 5 a second

Subject = tuple[str, str]  # (product_id, condition)


@dataclass(slots=True)
class EligibilityUpdate:
    """How one outlet answered; `unidentified` products have no GTIN to ask by, `unread` answers failed."""

    outlet: str
    answers: dict[str, int] = field(default_factory=dict)
    unidentified: int = 0
    unread: int = 0
    error: str | None = None

    def summary(self) -> dict[str, int | str]:
        """Return the counts, for run metadata."""
        told: dict[str, int | str] = {f"{self.outlet}_{word}": count for word, count in self.answers.items()}
        return told | {f"{self.outlet}_unidentified": self.unidentified, f"{self.outlet}_unread": self.unread}


def subjects_of(books: Books, since: datetime) -> list[Subject]:
    """Return what may be bought or listed soon: products and conditions in stock first, then of offers read since."""
    stock = [(lot.product_id, lot.condition) for lot in books.inventory.load_unlisted()]
    offers = books.opportunities.load_offers(since)
    offered = [(one.product_id, one.condition) for one in offers if one.product_id is not None and one.condition]
    return list(dict.fromkeys([*stock, *((product, condition or "") for product, condition in offered)]))


def refresh_eligibility(
    books: Books,
    sources: Iterable[RestrictionsSource],
    subjects: Sequence[Subject],
    clock: Clock,
    *,
    ask_again: timedelta = ASK_AGAIN,
    most: int = MOST_QUESTIONS,
) -> list[EligibilityUpdate]:
    """Ask each outlet about the subjects whose answer is missing or old, and keep what it says.

    An outlet that cannot be reached is left for this run: what it said before runs out by itself.

    Args:
        books: our books.
        sources: the outlets that restrict.
        subjects: products and conditions, the most urgent first.
        clock: the time.
        ask_again: an answer younger than this is not asked for again.
        most: the most questions to one outlet.
    """
    sources = list(sources)
    gtins = _gtins(books) if sources and subjects else {}
    return [_ask(books, source, subjects, gtins, clock, ask_again, most) for source in sources]


def _ask(
    books: Books,
    source: RestrictionsSource,
    subjects: Sequence[Subject],
    gtins: Mapping[str, str],
    clock: Clock,
    ask_again: timedelta,
    most: int,
) -> EligibilityUpdate:
    known, update = books.eligibility.load(), EligibilityUpdate(source.outlet)
    answers: list[Eligibility] = []
    for product_id, condition in subjects:
        before = known.get((product_id, condition, source.outlet))
        if before is not None and timedelta(0) <= clock.now() - before.checked_at < ask_again:
            continue
        gtin = gtins.get(product_id)
        if gtin is None:
            update.unidentified += 1
            continue
        if len(answers) + update.unread >= most:
            break
        try:
            permission = source.fetch_permission(gtin, condition)
        except OSError as error:
            update.unread, update.error = update.unread + 1, str(error)
            break
        except ValueError as error:
            update.unread, update.error = update.unread + 1, str(error)
            continue
        answers.append(Eligibility(product_id, condition, source.outlet, permission, clock.now()))
        update.answers[permission.value] = update.answers.get(permission.value, 0) + 1
    books.eligibility.put(answers)
    return update


def _gtins(books: Books) -> dict[str, str]:
    frame = pl.DataFrame(books.products.load()).select("product_id", "gtin").drop_nulls()
    found = ((product_id, normal_gtin(gtin)) for product_id, gtin in frame.iter_rows())
    return {product_id: gtin for product_id, gtin in found if gtin is not None}

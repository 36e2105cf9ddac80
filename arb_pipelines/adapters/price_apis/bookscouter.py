"""BookScouter: what the best buyer pays for a used book, by ISBN.

What belongs here: the request and the reading of the answer. BookScouter publishes no interface description; its
partners get an address and a key, so both are settings, and what is read is only the list of buyers' prices. An
answer of another shape is refused, never guessed at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.http.answers import Answer, NoAnswerError, NotSentError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient, quoted
from arb_pipelines.domain.api_budget import Budget
from arb_pipelines.domain.caching import FieldCache, Record
from arb_pipelines.domain.product_facts import ProductFacts, facts_from
from arb_pipelines.domain.product_ids import normal_isbn13

API = "bookscouter"
OPERATION = "prices"
CURRENCY = "USD"
BUYBACK = "buyback"
HOUR_S = 3600.0
LASTS_S = {"record": 6 * HOUR_S}
MOST_PRICE = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class BookScouterSource:
    """Fulfils `domain.product_facts.PriceSource`; the price stands under `buyback`."""

    client: ApiClient
    budget: Budget
    cache: FieldCache

    def look_up(self, code: str, wanted: Collection[str] = ()) -> ProductFacts | None:
        """Return the best buyer's price of a book, None where nobody buys it.

        Costs one request, or none where it is remembered.

        Raises:
            BudgetRefusedError: the budget has no room; nothing was asked.
            ConnectionError: no answer.
            ValueError: the code is no ISBN, or the answer cannot be understood.
        """
        isbn = normal_isbn13(code)
        if isbn is None:
            raise ValueError(f"{code[:40]!r} is no ISBN; BookScouter knows books alone")
        record = self.cache.get(f"{API}:{isbn}", ("record",), lambda: self._fetch(isbn))["record"]
        return None if record is None else facts_from(record)

    def _fetch(self, isbn: str) -> Record:
        charge = self.budget.reserve(API, OPERATION, 1)
        try:
            answer = self.client.send(OPERATION, "GET", f"/prices/sell/{quoted(isbn)}")
        except NotSentError:
            self.budget.release(charge)
            raise
        except (NoAnswerError, UnreadableAnswerError):
            self.budget.settle(charge, None)
            raise
        self.budget.settle(charge, None)
        best = best_price(answer)
        if best is None:
            return {"record": None}
        return {"record": ProductFacts(API, CURRENCY, gtins=("0" + isbn,), current_minor={BUYBACK: best}).as_record()}


def best_price(answer: Answer) -> int | None:
    """Return the highest price that a buyer pays, cents; None where nobody buys.

    Raises:
        RefusedError: BookScouter said no.
        UnreadableAnswerError: the answer has another shape.
    """
    if answer.status == 404:
        return None
    prices = answer.record("BookScouter").get("prices")
    if not isinstance(prices, list):
        raise UnreadableAnswerError("BookScouter answered without a list of prices")
    return max((_cents(each) for each in prices), default=0) or None


def _cents(entry: Any) -> int:
    price = entry.get("price") if isinstance(entry, dict) else None
    if isinstance(price, bool) or not isinstance(price, int | Decimal) or not 0 <= price <= MOST_PRICE:
        raise UnreadableAnswerError("BookScouter answered with a price that is none")
    return int(price * 100)

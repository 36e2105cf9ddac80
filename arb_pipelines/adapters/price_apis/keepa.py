"""Keepa: prices, ranks and offers of products on one large marketplace, paid in tokens.

What belongs here: the product request, its cost, and the cache in front. What the fields mean is `keepa_parse.py`.
Each answer says how many tokens are left and how fast they come back; that account is kept in the shared budget.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from arb_pipelines.adapters.http.answers import (
    Answer,
    NoAnswerError,
    NotSentError,
    RefusedError,
    UnreadableAnswerError,
)
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.price_apis.keepa_parse import DOMAINS, lookup_key, parse_product, parse_tokens
from arb_pipelines.domain.api_budget import Budget, Charge
from arb_pipelines.domain.caching import FieldCache, Record
from arb_pipelines.domain.product_facts import AVERAGES, CURRENT, DEMAND, IDENTITY, ProductFacts, facts_from

API = "keepa"
BASE_URL = "https://api.keepa.com"
OPERATION = "product"
TOKENS_A_PRODUCT = 1
STATS_DAYS = 90
OUT_OF_TOKENS = 429
HOUR_S = 3600.0
# How long a field stays true enough. Keepa itself looks again every few hours, less often at slow sellers.
LASTS_S = {
    **dict.fromkeys(IDENTITY, 30 * 24 * HOUR_S),
    **dict.fromkeys(AVERAGES, 24 * HOUR_S),
    **dict.fromkeys(DEMAND, 12 * HOUR_S),
    **dict.fromkeys(CURRENT, HOUR_S),
    "as_of": HOUR_S,
    "source": 30 * 24 * HOUR_S,
    "currency": 30 * 24 * HOUR_S,
    "known": HOUR_S * 24,  # a product that Keepa does not know is not asked for again that day
}
ALWAYS = ("source", "currency", "known")
ALL = tuple(each.name for each in fields(ProductFacts))


@dataclass(frozen=True, slots=True)
class KeepaSource:
    """Fulfils `domain.product_facts.PriceSource`."""

    client: ApiClient
    key: str
    budget: Budget
    cache: FieldCache
    now: Callable[[], datetime]
    domain: int = 1

    def __repr__(self) -> str:
        """Return the class name alone."""
        return "KeepaSource()"

    def look_up(self, code: str, wanted: Collection[str] = ()) -> ProductFacts | None:
        """Return what is known of a GTIN or ASIN, at least the wanted fields; None where Keepa knows nothing.

        Costs one token, or none where the wanted fields are remembered.

        Raises:
            BudgetRefusedError: the budget has no room; nothing was asked.
            ConnectionError: no answer.
            ValueError: the code is neither, or the answer cannot be understood.
        """
        asked = lookup_key(code)
        names = [*ALWAYS, *(name for name in wanted or ALL if name not in ALWAYS)]
        record = self.cache.get(f"{API}:{self.domain}:{asked[1]}", names, lambda: self._fetch(asked))
        if not record["known"]:
            return None
        return facts_from({name: value for name, value in record.items() if name != "known"})

    def _fetch(self, asked: tuple[str, str]) -> Record:
        charge = self.budget.reserve(API, OPERATION, TOKENS_A_PRODUCT)
        name, value = asked
        asking: dict[str, str | int | Sequence[str]] = {name: value, "stats": STATS_DAYS, "history": 0}
        params = {"key": self.key, "domain": self.domain, **asking}
        try:
            # Sent once: a repeated request would cost a token that was not reserved.
            answer = self.client.send(OPERATION, "GET", "/product", params=params)
        except NotSentError:
            self.budget.release(charge)
            raise
        except NoAnswerError as error:
            self.budget.settle(charge, 0 if error.status == OUT_OF_TOKENS else None)
            raise
        except UnreadableAnswerError:
            self.budget.settle(charge, None)
            raise
        return self._record(answer, charge)

    def _record(self, answer: Answer, charge: Charge) -> Record:
        body: Any = answer.body
        consumed, pool = parse_tokens(body, self.now())
        self.budget.settle(charge, consumed, pool)
        if not answer.is_good:
            raise RefusedError(answer.status, f"Keepa answered {answer.status}{_error_word(body)}")
        found = parse_product(body, DOMAINS[self.domain])
        if found is None:
            return {**dict.fromkeys(ALL), "source": API, "currency": DOMAINS[self.domain], "known": False}
        return {**found.as_record(), "known": True}


def _error_word(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    word = error.get("type") if isinstance(error, dict) else None
    return f" {word}" if isinstance(word, str) and word.isalnum() and len(word) < 40 else ""

"""The price interfaces that an operator has set up.

What belongs here: building them from plain values, each behind the cache and the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.adapters.cache.stores import open_store
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import FixedToken
from arb_pipelines.adapters.price_apis import bookscouter, keepa
from arb_pipelines.domain.api_budget import Budget
from arb_pipelines.domain.product_facts import PriceSource


@dataclass(frozen=True, slots=True)
class PricePlan:
    """What is set up; None where something is not."""

    keepa_key: str | None = field(default=None, repr=False)
    keepa_domain: int = 1
    bookscouter_url: str | None = None
    bookscouter_key: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    keepa_url: str = keepa.BASE_URL


@contextmanager
def open_price_sources(
    plan: PricePlan, budget: Budget, now: Callable[[], datetime]
) -> Iterator[dict[str, PriceSource]]:
    """Open the interfaces of a plan for the length of a block, by name."""
    sources: dict[str, PriceSource] = {}
    with ExitStack() as opened:
        store = opened.enter_context(open_store(plan.redis_url))
        if plan.keepa_key:
            client = ApiClient(plan.keepa_url)
            opened.callback(client.close)
            cache = Fields(store, keepa.LASTS_S)
            sources[keepa.API] = keepa.KeepaSource(client, plan.keepa_key, budget, cache, now, plan.keepa_domain)
        if plan.bookscouter_url and plan.bookscouter_key:
            client = ApiClient(plan.bookscouter_url, authorizer=FixedToken(plan.bookscouter_key))
            opened.callback(client.close)
            cache = Fields(store, bookscouter.LASTS_S)
            sources[bookscouter.API] = bookscouter.BookScouterSource(client, budget, cache)
        yield sources

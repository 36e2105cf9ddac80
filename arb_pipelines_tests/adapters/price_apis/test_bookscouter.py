"""BookScouter: the best buyer's price, and refusing what is not understood."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.price_apis.bookscouter import LASTS_S, BookScouterSource
from arb_pipelines.adapters.price_apis.sources import PricePlan, open_price_sources
from arb_pipelines.domain.api_limits import load_api_limits
from arb_pipelines.services.api_budget import ApiBudget
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

ISBN = "9780306406157"


def source(status: int, body: Any, asked: list[httpx.Request], books: InMemoryBooks | None = None) -> BookScouterSource:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))

    client = ApiClient("https://books.test", transport=httpx.MockTransport(respond), sleep=lambda seconds: None)
    budget = ApiBudget(books or InMemoryBooks(), load_api_limits(), SettableClock())
    return BookScouterSource(client, budget, Fields(MemoryStore(), LASTS_S))


def test_the_best_price_is_taken_and_remembered() -> None:
    asked: list[httpx.Request] = []
    found = source(200, {"prices": [{"price": 1.25}, {"price": 3}, {"price": 0}]}, asked)
    facts = found.look_up("0-306-40615-2")
    assert facts is not None
    assert facts == found.look_up(ISBN)
    assert (facts.current_minor, facts.gtins, len(asked)) == ({"buyback": 300}, ("09780306406157",), 1)


@pytest.mark.parametrize("status, body", [(404, {}), (200, {"prices": []}), (200, {"prices": [{"price": 0}]})])
def test_nobody_buys_it(status: int, body: Any) -> None:
    assert source(status, body, []).look_up(ISBN) is None


@pytest.mark.parametrize(
    "status, body",
    [(200, {}), (200, {"prices": [{"price": "3"}]}), (200, {"prices": [{}]}), (200, {"prices": [{"price": -1}]}),
     (200, {"prices": [{"price": 10**9}]}), (200, "<html>"), (403, {}), (200, {"prices": [3]})],
)  # fmt: skip
def test_what_is_not_understood_is_refused(status: int, body: Any) -> None:
    books = InMemoryBooks()
    with pytest.raises(ValueError, match="answered"):
        source(status, body, [], books).look_up(ISBN)
    assert books.api_budgets.costs_since(START.replace(year=2000))[0][2:] == (1, 1)


def test_only_books_are_asked_for() -> None:
    asked: list[httpx.Request] = []
    with pytest.raises(ValueError, match="no ISBN"):
        source(200, {}, asked).look_up("4006381333931")
    assert asked == []


def test_what_is_not_set_up_is_left_out() -> None:
    budget = ApiBudget(InMemoryBooks(), {}, SettableClock())
    for plan, names in [
        (PricePlan(), set()),
        (PricePlan(keepa_key="canary"), {"keepa"}),
        (PricePlan(bookscouter_url="https://books.test"), set()),
        (PricePlan(bookscouter_url="https://books.test", bookscouter_key="canary"), {"bookscouter"}),
    ]:
        with open_price_sources(plan, budget, lambda: START) as sources:
            assert set(sources) == names
        assert "canary" not in repr(plan)

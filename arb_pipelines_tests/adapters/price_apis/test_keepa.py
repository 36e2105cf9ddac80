"""Keepa: what is asked, what it costs, and that its signs for "no data" are never prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from arb_pipelines.adapters.cache.fields import Fields
from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.adapters.http.answers import NoAnswerError, RefusedError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.price_apis.keepa import BASE_URL, LASTS_S, KeepaSource
from arb_pipelines.domain.api_budget import ApiLimits, BudgetRefusedError, Pool
from arb_pipelines.domain.product_facts import CURRENT, IDENTITY, ProductFacts, facts_from
from arb_pipelines.services.api_budget import ApiBudget
from arb_pipelines_tests.contracts.vendor_files import contracts_folder
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START, SettableClock

ASIN, EAN = "B000000001", "4006381333931"
LIMITS = {"keepa": ApiLimits("keepa", "tokens", most_a_call=10, most_a_day=20, pool_most=1200)}


def series(**values: int) -> list[int]:
    places = {"amazon": 0, "new": 1, "used": 2, "rank": 3, "list": 4, "buy_box": 18}
    found = [-1] * 36
    for name, value in values.items():
        found[places[name]] = value
    return found


def answer(**changes: Any) -> dict[str, Any]:
    """Return an answer of Keepa's with one product."""
    stats = {
        "current": series(amazon=-1, new=2599, used=-2, rank=12_345, list=0, buy_box=2799),
        "avg90": series(new=2650, amazon=-1),
        "outOfStockPercentage90": series(amazon=40),
        "salesRankDrops30": 12,
        "salesRankDrops90": 33,
        "salesRankDrops180": -1,
        "buyBoxPrice": -2,
        "totalOfferCount": 7,
    }
    product = {
        "asin": ASIN,
        "title": "A kettle",
        "brand": "Kett",
        "eanList": [EAN, "0000000000000"],
        "domainId": 1,
        "packageQuantity": -1,
        "monthlySold": -1,
        "lastUpdate": 7_900_000,
        "stats": stats,
    }
    account = {"tokensLeft": 299, "refillRate": 5, "refillIn": 100, "tokenFlowReduction": 1.0, "tokensConsumed": 1}
    return {"timestamp": 1_700_000_000_000, **account, "products": [product], **changes}


class Keepa:
    """Keepa as a handler of requests; keeps what was asked."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies) or [answer()]
        self.asked: list[httpx.URL] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        status, body = reply if isinstance(reply, tuple) else (200, reply)
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))


Make = Callable[..., KeepaSource]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def books() -> InMemoryBooks:
    return InMemoryBooks()


@pytest.fixture
def make(clock: SettableClock, books: InMemoryBooks) -> Make:
    def build(keepa: Keepa, **changes: Any) -> KeepaSource:
        client = ApiClient(BASE_URL, transport=httpx.MockTransport(keepa), sleep=lambda seconds: None)
        store = MemoryStore(clock_s=lambda: clock.now().timestamp())
        cache = Fields(store, LASTS_S, draw=lambda: 0.0)
        return KeepaSource(client, "canary", ApiBudget(books, LIMITS, clock), cache, clock.now, **changes)

    return build


def spent(books: InMemoryBooks) -> int:
    return sum(units for _, _, _, units in books.api_budgets.costs_since(START - timedelta(days=1)))


def test_a_product_is_understood(make: Make) -> None:
    facts = make(Keepa()).look_up(EAN)
    assert facts == ProductFacts(
        source="keepa",
        currency="USD",
        asin=ASIN,
        title="A kettle",
        brand="Kett",
        gtins=("04006381333931",),
        current_minor={"new": 2599},
        average_90d_minor={"new": 2650},
        buy_box_minor=2799,
        amazon_out_of_stock_90d=40,
        sales_rank=12_345,
        rank_drops_30d=12,
        rank_drops_90d=33,
        offer_count=7,
        as_of=datetime(2011, 1, 1, tzinfo=UTC) + timedelta(minutes=7_900_000),
    )
    assert facts_from(json.loads(json.dumps(facts.as_record()))) == facts


def test_the_answers_of_these_tests_are_keepas() -> None:
    path = contracts_folder("keepa") / "keepa_backend_models.schema.json"
    schema = json.loads(path.read_text())["Response"]
    faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(answer())]
    assert faults == []
    wrong = answer()
    wrong["products"][0]["stats"]["current"] = ["2599"]
    assert list(Draft202012Validator(schema).iter_errors(wrong))


@pytest.mark.parametrize("code, name, value", [(EAN, "code", EAN), (ASIN.lower(), "asin", ASIN)])
def test_what_is_asked(make: Make, code: str, name: str, value: str) -> None:
    keepa = Keepa()
    make(keepa, domain=3).look_up(code)
    asked = keepa.asked[0].params
    assert (asked[name], asked["domain"], asked["stats"], asked["history"]) == (value, "3", "90", "0")


@pytest.mark.parametrize("code", ["", "4006381333932", "kettle", "B0", "' OR 1=1"])
def test_what_is_no_code_costs_nothing(make: Make, books: InMemoryBooks, code: str) -> None:
    keepa = Keepa()
    with pytest.raises(ValueError, match="neither"):
        make(keepa).look_up(code)
    assert (keepa.asked, spent(books)) == ([], 0)


def test_a_token_is_spent_once(make: Make, books: InMemoryBooks, clock: SettableClock) -> None:
    keepa = Keepa()
    source = make(keepa)
    for _ in range(3):
        source.look_up(EAN)
    assert (len(keepa.asked), spent(books)) == (1, 1)
    clock.advance(hours=2)
    source.look_up(EAN, IDENTITY)
    assert spent(books) == 1
    source.look_up(EAN, CURRENT)
    assert spent(books) == 2
    assert books.api_budgets.pools["keepa"] == Pool(299, 4.0, clock.now())


def test_nothing_is_asked_without_tokens(make: Make, books: InMemoryBooks) -> None:
    keepa = Keepa(answer(tokensLeft=0, refillRate=0))
    source = make(keepa)
    source.look_up(EAN)
    with pytest.raises(BudgetRefusedError) as told:
        source.look_up(ASIN)
    assert told.value.refusal.code == "api_pool_empty"
    assert len(keepa.asked) == 1


@pytest.mark.parametrize(
    "reply, error, cost",
    [
        ((429, answer(products=None)), NoAnswerError, 0),
        ((500, "busy"), NoAnswerError, 1),
        (httpx.ConnectError("down"), NoAnswerError, 0),
        (httpx.ReadTimeout("slow"), NoAnswerError, 1),
        ((200, "<html>"), UnreadableAnswerError, 1),
        ((400, {**answer(products=None), "error": {"type": "invalidParameter"}}), RefusedError, 1),
        ((402, {"tokensConsumed": 0}), RefusedError, 0),
        ((200, answer(products=[answer()["products"][0]] * 2)), UnreadableAnswerError, 1),
        ((200, answer(products="many")), UnreadableAnswerError, 1),
        ((200, []), UnreadableAnswerError, 1),
    ],
)
def test_a_fault_is_asked_once_and_costs_what_it_may_have(
    make: Make, books: InMemoryBooks, reply: Any, error: type[Exception], cost: int
) -> None:
    keepa = Keepa(reply)
    with pytest.raises(error) as told:
        make(keepa).look_up(EAN)
    assert (len(keepa.asked), spent(books)) == (1, cost)
    assert "canary" not in str(told.value)


@pytest.mark.parametrize("products", [[], None, [None], [{"asin": ASIN, "title": None, "stats": None}]])
def test_what_keepa_does_not_know_is_remembered(make: Make, books: InMemoryBooks, products: Any) -> None:
    source = make(Keepa(answer(products=products)))
    assert [source.look_up(ASIN), source.look_up(ASIN)] == [None, None]
    assert spent(books) == 1


@pytest.mark.parametrize("value", [-1, -2, 0, 10**11, "2599", True, None, 25.99])
def test_no_sign_of_no_data_is_a_price(make: Make, value: Any) -> None:
    odd = answer()
    odd["products"][0]["stats"] |= {"current": [value] * 36, "avg90": [value] * 36, "buyBoxPrice": value}
    facts = make(Keepa(odd)).look_up(ASIN)
    assert facts is not None
    assert (facts.current_minor, facts.average_90d_minor, facts.sales_rank) == ({}, {}, None)
    assert facts.buy_box_minor in (None, 0)


def test_no_key_is_shown(make: Make) -> None:
    assert "canary" not in repr(make(Keepa()))

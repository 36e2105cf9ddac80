"""The routes that read, and drafting a listing: filters, pages, histories, days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.tables import offer_matches, products
from arb_pipelines.domain.access import Role
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.return_case import ReturnState
from arb_pipelines_tests.api.house import House, code_of
from arb_pipelines_tests.contracts.trade_records import opportunity, outlet_order, points, stock, usd
from arb_pipelines_tests.fakes.clock import START

LIST = "/api/opportunities"


def ids(house: House, **asked: Any) -> list[str]:
    answer = house.ask("GET", LIST, Role.VIEWER, params=asked)
    assert answer.status_code == 200, answer.text
    return [one["opportunity_id"].removeprefix("opportunity-") for one in answer.json()["opportunities"]]


@pytest.fixture
def stocked(house: House) -> House:
    found = [
        opportunity(n, profit_per_day=Decimal(n), expected_profit=usd(900 - n), site=f"shop-{n % 2}", category="lamp")
        for n in range(1, 6)
    ]
    house.books.opportunities.store(found, [])
    return house


def test_lists_are_filtered_and_sorted(stocked: House) -> None:
    assert ids(stocked) == ["5", "4", "3", "2", "1"]
    assert ids(stocked, sort="expected_profit") == ["1", "2", "3", "4", "5"]
    assert ids(stocked, site="shop-0") == ["4", "2"]
    assert ids(stocked, category="lamp", outlet="outlet-1", limit=2) == ["5", "4"]
    assert ids(stocked, category="pot") == []
    assert ids(stocked, min_profit="8.98") == ["2", "1"]
    assert ids(stocked, decided_since=(START + timedelta(seconds=1)).isoformat()) == []


@pytest.mark.parametrize("sort", ["profit_per_dollar_day", "expected_profit", "decided_at"])
def test_pages_join_without_a_gap(stocked: House, sort: str) -> None:
    whole = ids(stocked, sort=sort)
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {})
        told = stocked.ask("GET", LIST, Role.VIEWER, params=asked).json()
        seen += [one["opportunity_id"].removeprefix("opportunity-") for one in told["opportunities"]]
        cursor = told["next_cursor"]
        if cursor is None:
            break
    assert seen == whole


@pytest.mark.parametrize(
    "asked, status, code",
    [
        ({"cursor": "nonsense"}, 400, "bad_cursor"),
        ({"cursor": "WyJkZWNpZGVkX2F0IiwgMSwgIngiXQ"}, 400, "bad_cursor"),
        ({"cursor": "WyJwcm9maXRfcGVyX2RvbGxhcl9kYXkiLCBOYU4sICJ4Il0"}, 400, "bad_cursor"),
        ({"decided_since": "2026-01-01T00:00:00"}, 422, "bad_time"),
        ({"limit": 0}, 422, "invalid"),
        ({"limit": 501}, 422, "invalid"),
        ({"sort": "roi"}, 422, "invalid"),
        ({"site": "a\x00"}, 422, "invalid"),
        ({"min_profit": "-1"}, 422, "invalid"),
        ({"unknown": "1"}, 422, "invalid"),
    ],
)
def test_bad_questions(stocked: House, asked: dict[str, Any], status: int, code: str) -> None:
    assert code_of(stocked.ask("GET", LIST, Role.VIEWER, params=asked), status) == code


def test_one_opportunity_tells_why(stocked: House) -> None:
    told = stocked.ask("GET", f"{LIST}/opportunity-1", Role.VIEWER).json()
    assert told["record"]["subtractions"] == [["fee", "6.63"]]
    assert told["landed_cost"] == "20.00"


def match_offer(house: House) -> None:
    with money_transaction(house.books._engine) as connection:
        connection.execute(products.insert(), {"product_id": "p", "title": "A kettle", "created_at": START})
        match = {"offer_key": "offer-1", "product_id": "p", "outcome": "same", "method": "gtin", "matched_at": START}
        connection.execute(offer_matches.insert(), match)


def test_a_history_has_its_interval_beside_it(house: House) -> None:
    house.books.price_history.insert(points(*({"observed_at": START - timedelta(hours=n)} for n in range(100))))
    match_offer(house)
    said = PricePrediction("p", "new", "sandbox", usd(1), usd(2), usd(3), 9.0, 0.5, "m", START)
    house.books.predictions.replace([said])
    house.clock.advance(seconds=1)
    told = house.ask("GET", "/api/products/p/history?most_points=20", Role.VIEWER).json()
    [offer] = told["offers"]
    assert (offer["site"], offer["currency"], len(offer["points"]) <= 20) == ("shop-1", "USD", True)
    assert offer["points"][-1]["price"] == "19.99"
    [interval] = told["predictions"]
    assert (interval["low"], interval["middle"], interval["high"], interval["currency"]) == (
        "0.01",
        "0.02",
        "0.03",
        "USD",
    )
    empty = house.ask("GET", "/api/products/p/history?end=2020-01-01T00:00:00Z", Role.VIEWER).json()
    assert empty["offers"][0]["points"] == []
    for asked in ("start=2027-01-01T00:00:00Z", "start=1990-01-01T00:00:00Z", "end=2026-01-01T00:00:00"):
        assert code_of(house.ask("GET", f"/api/products/p/history?{asked}", Role.VIEWER), 422) in (
            "bad_range",
            "bad_time",
        )


def test_days_count_what_was_decided(stocked: House) -> None:
    stocked.ask(
        "POST", "/api/purchase/approve", Role.APPROVER, json={"opportunity_id": "opportunity-1", "ceiling": "20.00"}
    )
    day = START.date().isoformat()
    told = stocked.ask("GET", f"/api/stats/daily?first={day}&last={day}", Role.VIEWER).json()
    [counted] = told["days"]
    assert (told["currency"], counted["opportunities"], counted["approvals"], counted["profit"]) == (
        "USD",
        5,
        1,
        "0.00",
    )
    for asked in ("first=2026-02-01&last=2026-01-01", "first=2020-01-01", "last=0001-01-01"):
        assert code_of(stocked.ask("GET", f"/api/stats/daily?{asked}", Role.VIEWER), 422) == "bad_range"


def test_what_is_not_ours_is_not_listed(house: House) -> None:
    order = {"sku": "nowhere", "outlet": "sandbox"}
    assert code_of(house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order), 404) == "no_such_sku"


def test_a_listing_is_drafted_once(house: House) -> None:
    sku = stock(house.books, 1).sku
    order = {"sku": sku}
    assert code_of(house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order), 409) == "no_prediction"
    assert code_of(house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order | {"outlet": "x"}), 422)
    said = PricePrediction("product-1", "new", "sandbox", usd(4_000), usd(5_000), usd(6_000), 9.0, 0.5, "m", START)
    house.books.predictions.replace([said])
    answer = house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["sku"], told["state"], told["created"], told["ceiling"]) == (sku, "pending", True, "60.00")
    assert Decimal(told["floor"]) <= Decimal(told["price"])
    again = house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order)
    assert (again.status_code, again.json()) == (200, told | {"created": False})
    assert [entry.act for entry in house.books.audit.load(limit=1)] == ["draft_listing"]
    elsewhere = house.ask("POST", "/api/listings/create", Role.OPERATOR, json=order | {"outlet": "elsewhere"})
    assert code_of(elsewhere, 409) == "nothing_to_list"


def test_what_came_back_is_offered_under_a_new_sku(house: House) -> None:
    """The outlet still knows the old one, as a listing that sold out; sent again it is the same draft."""
    sku = stock(house.books, 1).sku
    said = PricePrediction("product-1", "new", "sandbox", usd(4_000), usd(5_000), usd(6_000), 9.0, 0.5, "m", START)
    house.books.predictions.replace([said])
    house.ask("POST", "/api/listings/create", Role.OPERATOR, json={"sku": sku})
    house.books.listings.advance(sku, expected=[ListingState.PENDING], state=ListingState.ACTIVE)
    sold = house.books.orders.import_order(outlet_order(sku, outlet="sandbox"), usd(700), fee_estimated=False)
    assert sold is not None
    house.books.returns.open("return-1", sold.order_id, 1, "broken", START)
    states = (ReturnState.REQUESTED, ReturnState.RECEIVED, ReturnState.RESTOCKED)
    for old, new in pairwise(states):
        assert house.books.returns.advance("return-1", expected=(old,), state=new, at=START)
    told = house.ask("POST", "/api/listings/create", Role.OPERATOR, json={"sku": sku}).json()
    assert (told["created"], told["sku"] != sku) == (True, True)
    again = house.ask("POST", "/api/listings/create", Role.OPERATOR, json={"sku": sku})
    assert (again.status_code, again.json()) == (200, told | {"created": False})
    assert house.books.broken_invariants() == {}


def test_a_unit_that_goes_meanwhile_is_not_listed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sku = stock(house.books, 1).sku
    said = PricePrediction("product-1", "new", "sandbox", usd(4_000), usd(5_000), usd(6_000), 9.0, 0.5, "m", START)
    house.books.predictions.replace([said])
    monkeypatch.setattr(house.books.listings, "insert", lambda _listing: False)
    answer = house.ask("POST", "/api/listings/create", Role.OPERATOR, json={"sku": sku})
    assert code_of(answer, 409) == "already_listed"


def test_metrics_count_by_route(house: House) -> None:
    house.ask("GET", "/api/opportunities/nowhere", Role.VIEWER)
    house.ask("FOO", "/nowhere")
    text = house.ask("GET", "/metrics", Role.VIEWER).text
    assert 'arb_api_requests_total{method="GET",route="/api/opportunities/{opportunity_id}",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert "arb_api_feed_listeners 0.0" in text
    assert "\narb_opportunities 0.0" in text

"""Approving and denying through the API: once, in time, by the right people, and written down."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.domain.access import Role
from arb_pipelines_tests.api.house import House, code_of
from arb_pipelines_tests.contracts.trade_records import opportunity, usd

ORDER: dict[str, Any] = {"opportunity_id": "opportunity-1", "ceiling": "25.00", "quantity": 1}
APPROVE, DENY = "/api/purchase/approve", "/api/purchase/deny"


@pytest.fixture
def open_house(house: House) -> House:
    house.books.opportunities.store([opportunity(1), opportunity(2)], [])
    return house


def approvals_of(house: House) -> int:
    return house.books.approvals.count_open(house.clock.now())


def test_an_approval_is_kept_and_audited(open_house: House) -> None:
    answer = open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "approved"
    [kept] = open_house.books.approvals.load_usable(open_house.clock.now())
    assert (kept.ceiling, kept.quantity, kept.approved_by) == (usd(2_500), 1, "person:approver")
    entry = open_house.books.audit.load()[0]
    assert (entry.actor, entry.act, entry.subject) == ("person:approver", "approve", "opportunity-1")
    assert entry.detail["ceiling"] == "25.00"
    assert open_house.books.audit.count_broken() == 0


def test_sent_again_it_answers_the_same(open_house: House) -> None:
    first = open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER).json()
    entries = len(open_house.books.audit.load())
    assert open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER).json() == first
    assert (approvals_of(open_house), len(open_house.books.audit.load())) == (1, entries)


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"opportunity_id": "nowhere"}, 404, "no_such_opportunity"),
        ({"ceiling": "30.01"}, 422, "over_max_cost"),
        ({"ceiling": "0.00"}, 422, "over_max_cost"),
        ({"ceiling": "12.345"}, 422, "bad_money"),
        ({"quantity": 21}, 422, "quantity_cap"),
        ({"quantity": 0}, 422, "invalid"),
        ({"quantity": "1"}, 422, "invalid"),
        ({"quantity": True}, 422, "invalid"),
        ({"ceiling": 25.0}, 422, "invalid"),
        ({"ceiling": "-1"}, 422, "invalid"),
        ({"ceiling": "1e3"}, 422, "invalid"),
        ({"ceiling": {"$ne": ""}}, 422, "invalid"),
        ({"opportunity_id": {"$ne": ""}}, 422, "invalid"),
        ({"opportunity_id": "a\x00b"}, 422, "invalid"),
        ({"valid_s": 29}, 422, "invalid"),
        ({"approved_by": "somebody"}, 422, "invalid"),
    ],
)
def test_what_is_wrong_changes_nothing(open_house: House, change: dict[str, Any], status: int, code: str) -> None:
    assert code_of(open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER | change), status) == code
    assert approvals_of(open_house) == 0
    assert open_house.books.audit.load() == []


def test_an_expired_or_used_approval_is_not_given_again(open_house: House) -> None:
    open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER | {"valid_s": 30})
    open_house.clock.advance(seconds=30)
    assert code_of(open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER), 409) == "approval_expired"
    assert code_of(open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER | {"ceiling": "24.00"}), 409)
    assert approvals_of(open_house) == 0


def test_another_persons_approval_stands(open_house: House) -> None:
    open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER)
    assert code_of(open_house.ask("POST", APPROVE, Role.ADMIN, json=ORDER), 409) == "already_approved"


def test_above_the_set_amount_two_people_approve_the_same(house: House) -> None:
    dear = opportunity(3, max_cost=usd(40_000), landed_cost=usd(30_000))
    house.books.opportunities.store([dear], [])
    order = {"opportunity_id": "opportunity-3", "ceiling": "300.00"}
    first = house.ask("POST", APPROVE, Role.APPROVER, json=order)
    assert (first.status_code, first.json()["state"], first.json()["approval_id"]) == (202, "one_more_person", None)
    assert code_of(house.ask("POST", APPROVE, Role.APPROVER, json=order), 409) == "same_person"
    second_key = house.keys[Role.ADMIN]
    assert code_of(house.ask("POST", APPROVE, second_key, json=order | {"ceiling": "301.00"}), 409) == "terms_differ"
    assert approvals_of(house) == 0
    assert house.ask("POST", APPROVE, second_key, json=order).json()["state"] == "approved"
    acts = [(entry.actor, entry.act) for entry in house.books.audit.load()]
    assert acts == [("person:admin", "approve"), ("person:approver", "propose")]


def test_two_keys_of_one_user_are_one_person(house: House) -> None:
    from arb_pipelines.domain.access import ApiKey

    dear = opportunity(3, max_cost=usd(40_000), landed_cost=usd(30_000))
    house.books.opportunities.store([dear], [])
    other = house.books.access.create_key(ApiKey("other", "approver", "", Role.APPROVER, house.clock.now()))
    order = {"opportunity_id": "opportunity-3", "ceiling": "300.00"}
    house.ask("POST", APPROVE, Role.APPROVER, json=order)
    assert code_of(house.ask("POST", APPROVE, other, json=order), 409) == "same_person"


def test_a_denied_offer_is_not_open_and_not_approved(open_house: House) -> None:
    denial = {"opportunity_id": "opportunity-1", "reason": "another model"}
    first = open_house.ask("POST", DENY, Role.APPROVER, json=denial)
    assert first.status_code == 200, first.text
    assert open_house.ask("POST", DENY, Role.ADMIN, json=denial | {"reason": "later"}).json() == first.json()
    assert code_of(open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER), 409) == "denied"
    listed = open_house.ask("GET", "/api/opportunities", Role.VIEWER).json()["opportunities"]
    assert [one["opportunity_id"] for one in listed] == ["opportunity-2"]
    assert [entry.act for entry in open_house.books.audit.load()] == ["deny"]
    open_house.clock.advance(hours=25)
    assert open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER).status_code == 200


def test_what_is_approved_is_not_denied(open_house: House) -> None:
    open_house.ask("POST", APPROVE, Role.APPROVER, json=ORDER)
    denial = {"opportunity_id": "opportunity-1", "reason": "late"}
    assert code_of(open_house.ask("POST", DENY, Role.APPROVER, json=denial), 409) == "already_approved"
    assert code_of(open_house.ask("POST", DENY, Role.APPROVER, json=denial | {"opportunity_id": "x"}), 404)
    assert code_of(open_house.ask("POST", DENY, Role.APPROVER, json=denial | {"reason": "  "}), 422) == "invalid"


def test_a_denied_dear_offer_takes_no_signature(house: House) -> None:
    dear = opportunity(3, max_cost=usd(40_000), landed_cost=usd(30_000))
    house.books.opportunities.store([dear], [])
    house.ask("POST", DENY, Role.APPROVER, json={"opportunity_id": "opportunity-3", "reason": "no"})
    order = {"opportunity_id": "opportunity-3", "ceiling": "300.00"}
    assert code_of(house.ask("POST", APPROVE, Role.ADMIN, json=order), 409) == "denied"


def test_approvals_are_slowed_a_user(api_books: Any, clock: Any, tmp_path: Any) -> None:
    house = House(api_books, clock, home=tmp_path, api_approvals_a_minute=2)
    try:
        for _ in range(2):
            house.ask("POST", APPROVE, Role.APPROVER, json=ORDER)
        answer = house.ask("POST", APPROVE, Role.APPROVER, json=ORDER)
        assert code_of(answer, 429) == "too_many_requests"
        assert int(answer.headers["retry-after"]) >= 1
        assert house.ask("POST", APPROVE, Role.ADMIN, json=ORDER).status_code == 404
    finally:
        house.close()


def test_purchases_are_listed_in_pages(open_house: House) -> None:
    from arb_pipelines_tests.contracts.trade_records import approval, purchase

    for number in (1, 2):
        given = approval(opportunity(number), at=open_house.clock.now())
        open_house.books.approvals.insert(given)
        claimed = purchase(given, at=open_house.clock.now())
        assert open_house.books.purchases.claim(claimed, [], open_house.clock.now()) is None
        open_house.clock.advance(seconds=1)
    first = open_house.ask("GET", "/api/purchases?limit=1", Role.VIEWER).json()
    assert [one["purchase_id"] for one in first["purchases"]] == ["purchase-opportunity-2"]
    rest = open_house.ask("GET", "/api/purchases", Role.VIEWER, params={"cursor": first["next_cursor"]}).json()
    assert [one["purchase_id"] for one in rest["purchases"]] == ["purchase-opportunity-1"]
    assert rest["next_cursor"] is None
    assert open_house.ask("GET", "/api/purchases?state=bought", Role.VIEWER).json()["purchases"] == []

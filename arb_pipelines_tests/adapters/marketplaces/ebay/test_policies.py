"""Policies: what the account has, and what a category takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.ebay.listing_document import EbayTerms
from arb_pipelines.adapters.marketplaces.ebay.policies import AccountPolicy, EbayPolicies
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import LISTING, TERMS, connect
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport


@pytest.fixture
def vendor() -> ContractTransport:
    transport = ContractTransport("ebay")
    names = {"Fulfillment": "fulfillmentPolicies", "Payment": "paymentPolicies", "Return": "returnPolicies"}
    for kind, name in names.items():
        policy = {f"{kind.lower()}PolicyId": f"{kind[0].lower()}-1", "name": kind}
        transport.reply(f"get{kind}Policies", {"total": 1, name: [policy]})
    places = [{"merchantLocationKey": "warehouse"}, {"merchantLocationKey": "b", "merchantLocationStatus": "DISABLED"}]
    transport.reply("getInventoryLocations", {"total": 2, "locations": places})
    return transport


def test_terms_of_an_account_with_one_of_each(vendor: ContractTransport) -> None:
    """A place that is closed does not count."""
    policies = EbayPolicies(connect(vendor))
    assert policies.fetch_policies()[0] == AccountPolicy("fulfillment", "f-1", "Fulfillment")
    assert policies.fetch_terms({"books": "1"}, "2") == EbayTerms("f-1", "p-1", "r-1", "warehouse", {"books": "1"}, "2")
    assert vendor.exchanges[-2].values["marketplace_id"] == "EBAY_US"


def test_a_person_chooses_between_two(vendor: ContractTransport) -> None:
    """And sets up what is missing."""
    two = [{"paymentPolicyId": "p-1"}, {"paymentPolicyId": "p-2"}]
    for found in (two, []):
        vendor.reply("getPaymentPolicies", {"total": len(found), "paymentPolicies": found})
        with pytest.raises(OutletRefusedError, match=f"{len(found)} payment policies") as caught:
            EbayPolicies(connect(vendor)).fetch_terms({}, None)
        assert caught.value.code == "not_chosen"


def test_what_a_category_takes(vendor: ContractTransport) -> None:
    """Asked once; a listing goes by its own category and condition."""
    conditions = [{"conditionId": "1000"}, {"conditionId": "3000", "usage": "RESTRICTED"}]
    vendor.reply(
        "getItemConditionPolicies", {"itemConditionPolicies": [{"categoryId": "11450", "itemConditions": conditions}]}
    )
    policies = EbayPolicies(connect(vendor))
    assert policies.fetch_conditions("11450") == {"1000": "", "3000": "RESTRICTED"}
    assert policies.may_list(LISTING, TERMS) is Permission.ALLOWED
    assert policies.may_list(replace(LISTING, condition="good"), TERMS) is Permission.APPROVAL_REQUIRED
    assert policies.may_list(replace(LISTING, condition="for_parts"), TERMS) is Permission.NOT_ELIGIBLE
    assert vendor.operations["getItemConditionPolicies"] == 1
    assert vendor.exchanges[-1].values["filter"] == "categoryIds:{11450}"


def test_an_answer_about_another_category(vendor: ContractTransport) -> None:
    """Permits nothing."""
    vendor.reply("getItemConditionPolicies", {"itemConditionPolicies": [{"categoryId": "1", "itemConditions": []}]})
    with pytest.raises(UnreadableAnswerError, match="0 times"):
        EbayPolicies(connect(vendor)).fetch_conditions("11450")

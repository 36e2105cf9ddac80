"""What eBay lets us list and on which terms: our account's policies, and the conditions of each category.

What belongs here: reading them. Which policy is used is a setting; where there is only one, it is that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arb_pipelines.adapters.http.answers import Answer, UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_object, read_objects, read_optional_text, read_text
from arb_pipelines.adapters.marketplaces.ebay.client import ACCOUNT, INVENTORY, METADATA, EbayConnection, accepted
from arb_pipelines.adapters.marketplaces.ebay.listing_document import EbayTerms, category_id, condition_id
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.outlet import OutletRefusedError

# kind: operation, path, list and id of the answer
_KINDS = {
    "fulfillment": ("getFulfillmentPolicies", "fulfillment_policy", "fulfillmentPolicies", "fulfillmentPolicyId"),
    "payment": ("getPaymentPolicies", "payment_policy", "paymentPolicies", "paymentPolicyId"),
    "return": ("getReturnPolicies", "return_policy", "returnPolicies", "returnPolicyId"),
}
RESTRICTED = "RESTRICTED"  # eBay's usage of a condition that approved sellers alone may use


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """One policy of our account; `kind` is fulfillment, payment or return."""

    kind: str
    policy_id: str
    name: str


class EbayPolicies:
    """What eBay lets our account do; conditions of a category are read once in the life of this object."""

    def __init__(self, connection: EbayConnection) -> None:
        """Read over a connection."""
        self._connection = connection
        self._conditions: dict[str, Mapping[str, str]] = {}

    def fetch_policies(self) -> list[AccountPolicy]:
        """Return our account's policies of all three kinds.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        found = []
        for kind, (operation, path, name, id_name) in _KINDS.items():
            query = {"marketplace_id": self._connection.marketplace_id}
            answer = self._connection.seller.get(operation, f"{ACCOUNT}/{path}", params=query)
            body = accepted(answer, operation).record(operation)
            for policy in read_objects(body, name, may_miss=True):
                found.append(AccountPolicy(kind, read_text(policy, id_name), read_optional_text(policy, "name") or ""))
        return found

    def fetch_locations(self) -> list[str]:
        """Return the keys of the places that we ship from.

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        answer = self._connection.seller.get("getInventoryLocations", f"{INVENTORY}/location", params={"limit": "100"})
        places = read_objects(accepted(answer, "the locations").record("the locations"), "locations", may_miss=True)
        return [read_text(p, "merchantLocationKey") for p in places if p.get("merchantLocationStatus") != "DISABLED"]

    def fetch_terms(self, category_ids: Mapping[str, str], other_category_id: str | None) -> EbayTerms:
        """Return the terms of an account that has one policy of each kind and one place.

        Raises:
            OutletRefusedError: there are none or several, so that a person has to choose; or eBay refuses.
            ConnectionError: no answer.
        """
        ids: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        for policy in self.fetch_policies():
            ids[policy.kind].append(policy.policy_id)
        return EbayTerms(
            fulfillment_policy_id=_only(ids["fulfillment"], "fulfillment policies"),
            payment_policy_id=_only(ids["payment"], "payment policies"),
            return_policy_id=_only(ids["return"], "return policies"),
            location_key=_only(self.fetch_locations(), "inventory locations"),
            category_ids=category_ids,
            other_category_id=other_category_id,
        )

    def fetch_conditions(self, category: str) -> Mapping[str, str]:
        """Return the condition ids that an eBay category takes, each with its usage (text, may be empty).

        Raises:
            OutletRefusedError: eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        if category not in self._conditions:
            path = f"{METADATA}/marketplace/{quoted(self._connection.marketplace_id)}/get_item_condition_policies"
            query = {"filter": f"categoryIds:{{{category}}}"}
            answer = self._connection.application.get("getItemConditionPolicies", path, params=query)
            self._conditions[category] = parse_conditions(accepted(answer, "the condition policies"), category)
        return self._conditions[category]

    def may_list(self, listing: Listing, terms: EbayTerms) -> Permission:
        """Return whether eBay takes a listing's condition in its category.

        Raises:
            OutletRefusedError: we have no category or condition of eBay's for it, or eBay refuses.
            ConnectionError: no answer.
            ValueError: the answer cannot be understood.
        """
        usage = self.fetch_conditions(category_id(listing, terms)).get(condition_id(listing))
        if usage is None:
            return Permission.NOT_ELIGIBLE
        return Permission.APPROVAL_REQUIRED if usage == RESTRICTED else Permission.ALLOWED


def parse_conditions(answer: Answer, category: str) -> Mapping[str, str]:
    """Return condition ids and their usage in one category.

    Raises:
        UnreadableAnswerError: a field is missing or wrong, or the answer is not about the category.
    """
    policies = read_objects(read_object(answer.body, "the condition policies"), "itemConditionPolicies")
    own = [policy for policy in policies if policy.get("categoryId") == category]
    if len(own) != 1:
        raise UnreadableAnswerError(f"the condition policies hold category {category} {len(own)} times")
    conditions: list[Mapping[str, Any]] = read_objects(own[0], "itemConditions", may_miss=True)
    return {read_text(each, "conditionId"): read_optional_text(each, "usage") or "" for each in conditions}


def _only(found: list[str], what: str) -> str:
    if len(found) != 1:
        raise OutletRefusedError("not_chosen", f"the account has {len(found)} {what}: choose one in the settings")
    return found[0]

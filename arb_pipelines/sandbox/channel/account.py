"""The seller's account at the selling channel: its policies and its one location.

What belongs here: what exists from the start and an offer has to name. The sandbox has one policy of each kind.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.sandbox.channel.amounts import amount

MARKETPLACE = "EBAY_US"
SELLER = "sandbox-seller"
LOCATION_KEY = "sandbox-warehouse"
POLICY_IDS = {"fulfillment": "9100000001", "payment": "9100000002", "return": "9100000003"}
_PLURALS = {"fulfillment": "fulfillmentPolicies", "payment": "paymentPolicies", "return": "returnPolicies"}
_CATEGORY_TYPES = [{"name": "ALL_EXCLUDING_MOTORS_VEHICLES"}]


def policies(kind: str) -> dict[str, Any]:
    """Return the seller's policies of one kind: fulfillment, payment or return."""
    policy: dict[str, Any] = {
        "name": f"Sandbox {kind}",
        "marketplaceId": MARKETPLACE,
        "categoryTypes": _CATEGORY_TYPES,
        f"{kind}PolicyId": POLICY_IDS[kind],
    }
    if kind == "fulfillment":
        policy["handlingTime"] = {"unit": "DAY", "value": 2}
        service = {
            "sortOrder": 1,
            "shippingServiceCode": "SandboxGround",
            "freeShipping": True,
            "shippingCost": amount(0),
        }
        policy["shippingOptions"] = [{"optionType": "DOMESTIC", "costType": "FLAT_RATE", "shippingServices": [service]}]
    if kind == "return":
        policy |= {"returnsAccepted": True, "returnPeriod": {"unit": "DAY", "value": 30}}
    return {"total": 1, _PLURALS[kind]: [policy]}


def locations() -> dict[str, Any]:
    """Return the seller's inventory locations."""
    address = {"city": "Lindenmere", "stateOrProvince": "OH", "postalCode": "43999", "country": "US"}
    warehouse = {
        "merchantLocationKey": LOCATION_KEY,
        "name": "Sandbox warehouse",
        "merchantLocationStatus": "ENABLED",
        "locationTypes": ["WAREHOUSE"],
        "location": {"address": address},
    }
    return {"total": 1, "limit": 100, "offset": 0, "locations": [warehouse]}

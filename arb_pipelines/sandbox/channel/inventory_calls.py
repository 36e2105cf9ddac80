"""The calls with which a seller lists: inventory items, offers, policies, locations.

What belongs here: from a call to the stores and back, with the channel's status codes and headers.
"""

from __future__ import annotations

from arb_pipelines.sandbox.channel.account import MARKETPLACE, locations, policies
from arb_pipelines.sandbox.channel.bulk_update import update_prices_and_quantities
from arb_pipelines.sandbox.channel.channel import Call, Channel, Reply
from arb_pipelines.sandbox.channel.errors import ChannelError, invalid_value, not_available

_LANGUAGE = {"Content-Language": "en-US"}


def put_item(channel: Channel, call: Call) -> Reply:
    """Create (201) or replace (204) an inventory item."""
    _require_language(call)
    is_new = channel.items.put(call.names["sku"], call.body)
    return Reply(201, {}, _LANGUAGE) if is_new else Reply(204, None, _LANGUAGE)


def get_item(channel: Channel, call: Call) -> Reply:
    """Return an inventory item."""
    return Reply(200, channel.items.get(call.names["sku"]))


def delete_item(channel: Channel, call: Call) -> Reply:
    """Remove an inventory item with its offer."""
    channel.items.delete(call.names["sku"])
    return Reply(204)


def create_offer(channel: Channel, call: Call) -> Reply:
    """Create an offer."""
    _require_language(call)
    return Reply(201, {"offerId": channel.offers.create(call.body)}, _LANGUAGE)


def update_offer(channel: Channel, call: Call) -> Reply:
    """Replace an offer."""
    _require_language(call)
    return Reply(200, {"offerId": channel.offers.update(call.names["offer_id"], call.body)}, _LANGUAGE)


def get_offer(channel: Channel, call: Call) -> Reply:
    """Return an offer."""
    return Reply(200, channel.offers.get(call.names["offer_id"]))


def get_offers(channel: Channel, call: Call) -> Reply:
    """Return the offers of a SKU."""
    sku = call.query.get("sku", "")
    if not sku:
        raise invalid_value("sku")
    offers = channel.offers.of_sku(sku)
    if not offers:
        raise not_available(sku)
    href = f"{call.base_url}/sell/inventory/v1/offer?sku={sku}"
    return Reply(200, {"href": href, "total": len(offers), "size": len(offers), "limit": 100, "offers": offers})


def delete_offer(channel: Channel, call: Call) -> Reply:
    """Remove an offer."""
    channel.offers.delete(call.names["offer_id"])
    return Reply(204)


def publish_offer(channel: Channel, call: Call) -> Reply:
    """Publish an offer."""
    return Reply(200, {"listingId": channel.offers.publish(call.names["offer_id"])})


def withdraw_offer(channel: Channel, call: Call) -> Reply:
    """End the listing of an offer."""
    return Reply(200, {"listingId": channel.offers.withdraw(call.names["offer_id"])})


def bulk_update(channel: Channel, call: Call) -> Reply:
    """Change price and quantity of several offers."""
    return Reply(*update_prices_and_quantities(channel.items, channel.offers, call.body))


def get_policies(_channel: Channel, call: Call) -> Reply:
    """Return the seller's policies of one kind."""
    if call.query.get("marketplace_id") != MARKETPLACE:
        raise ChannelError(400, 20402, "API_ACCOUNT", "Missing or invalid marketplaceId.")
    return Reply(200, policies(call.names["kind"]))


def get_locations(_channel: Channel, _call: Call) -> Reply:
    """Return the seller's inventory locations."""
    return Reply(200, locations())


def _require_language(call: Call) -> None:
    if call.headers.get("Content-Language") != "en-US":
        raise invalid_value("header Content-Language")

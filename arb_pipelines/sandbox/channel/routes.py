"""The addresses of the selling channel's calls.

What belongs here: the table of method, path, the kind of token that is needed, and the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from arb_pipelines.sandbox.channel import browse, insights, inventory_calls, message_calls, order_calls
from arb_pipelines.sandbox.channel.channel import Call, Channel, ChannelCall, Reply

TOKEN_PATH = "/identity/v1/oauth2/token"  # noqa: S105 - an address
_INVENTORY = r"/sell/inventory/v1"
_OFFER = rf"{_INVENTORY}/offer/(?P<offer_id>[^/]+)"
_ITEM = rf"{_INVENTORY}/inventory_item/(?P<sku>[^/]+)"
_ORDER = rf"{order_calls.ORDER_PATH}/(?P<order_id>[^/]+)"


class Route(NamedTuple):
    """A call and how it is addressed; paths under /sell and /commerce need the seller's own token."""

    method: str
    pattern: re.Pattern[str]
    call: ChannelCall

    @property
    def needs_user(self) -> bool:
        """Whether an application token is not enough."""
        return self.pattern.pattern.startswith(("/sell/", "/commerce/"))


def _search_sales(channel: Channel, call: Call) -> Reply:
    return Reply(200, insights.search_sales(channel.history, call.query, call.base_url))


def _search_items(channel: Channel, call: Call) -> Reply:
    ours = channel.offers.live_listings()
    return Reply(200, browse.search_items(channel.world, ours, call.query, call.base_url))


def _route(method: str, pattern: str, call: ChannelCall) -> Route:
    return Route(method, re.compile(pattern), call)


ROUTES = (
    _route("PUT", _ITEM, inventory_calls.put_item),
    _route("GET", _ITEM, inventory_calls.get_item),
    _route("DELETE", _ITEM, inventory_calls.delete_item),
    _route("POST", rf"{_INVENTORY}/offer", inventory_calls.create_offer),
    _route("GET", rf"{_INVENTORY}/offer", inventory_calls.get_offers),
    _route("GET", _OFFER, inventory_calls.get_offer),
    _route("PUT", _OFFER, inventory_calls.update_offer),
    _route("DELETE", _OFFER, inventory_calls.delete_offer),
    _route("POST", rf"{_OFFER}/publish", inventory_calls.publish_offer),
    _route("POST", rf"{_OFFER}/withdraw", inventory_calls.withdraw_offer),
    _route("POST", rf"{_INVENTORY}/bulk_update_price_quantity", inventory_calls.bulk_update),
    _route("GET", rf"{_INVENTORY}/location", inventory_calls.get_locations),
    _route("GET", r"/sell/account/v1/(?P<kind>fulfillment|payment|return)_policy", inventory_calls.get_policies),
    _route("GET", order_calls.ORDER_PATH, order_calls.get_orders),
    _route("GET", _ORDER, order_calls.get_order),
    _route("POST", rf"{_ORDER}/shipping_fulfillment", order_calls.create_fulfilment),
    _route("GET", rf"{_ORDER}/shipping_fulfillment", order_calls.get_fulfilments),
    _route("GET", rf"{_ORDER}/shipping_fulfillment/(?P<fulfilment_id>[^/]+)", order_calls.get_fulfilment),
    _route("POST", message_calls.PATH, message_calls.send_message),
    _route("GET", insights.PATH, _search_sales),
    _route("GET", browse.PATH, _search_items),
)


def find_route(method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """Return the call of a method and path with the named parts of the path, or None."""
    for route in ROUTES:
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict()
    return None

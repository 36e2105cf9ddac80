"""Price and quantity of many offers in one call.

What belongs here: the bulk call alone; each offer in it succeeds or fails by itself.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.sandbox.channel.errors import INVENTORY, ChannelError, invalid_value
from arb_pipelines.sandbox.channel.items import ItemStore
from arb_pipelines.sandbox.channel.offers import OfferStore

MOST_REQUESTS = 25


def update_prices_and_quantities(items: ItemStore, offers: OfferStore, body: Any) -> tuple[int, dict[str, Any]]:
    """Return status (200, or 207 when a part failed) and body.

    Raises:
        ChannelError: the request as a whole is not usable.
    """
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not 1 <= len(requests) <= MOST_REQUESTS:
        raise invalid_value("requests")
    responses = [response for request in requests for response in _update_one(items, offers, request)]
    failed = any(response["statusCode"] != 200 for response in responses)
    return 207 if failed else 200, {"responses": responses}


def _update_one(items: ItemStore, offers: OfferStore, request: Any) -> list[dict[str, Any]]:
    if not isinstance(request, dict):
        raise invalid_value("requests")
    sku = request.get("sku")
    stock = request.get("shipToLocationAvailability")
    responses = []
    if stock is not None:
        responses.append(_attempt({"sku": sku}, lambda: _set_stock(items, sku, stock)))
    for offer in request.get("offers") or []:
        responses.append(_attempt(_names(sku, offer), lambda offer=offer: _revise(offers, sku, offer)))
    return responses


def _names(sku: Any, offer: Any) -> dict[str, Any]:
    names = {"offerId": offer.get("offerId") if isinstance(offer, dict) else None, "sku": sku}
    return {name: value for name, value in names.items() if isinstance(value, str)}


def _attempt(names: dict[str, Any], act: Any) -> dict[str, Any]:
    try:
        act()
    except ChannelError as error:
        return {**names, "statusCode": error.status, "errors": [error.record]}
    return {**names, "statusCode": 200}


def _set_stock(items: ItemStore, sku: Any, stock: Any) -> None:
    quantity = stock.get("quantity") if isinstance(stock, dict) else None
    if type(quantity) is not int or quantity < 0:
        raise invalid_value("shipToLocationAvailability.quantity")
    if not isinstance(sku, str) or items.find(sku) is None:
        raise ChannelError(400, 25702, INVENTORY, f"{sku} could not be found or is not available in the system.")
    items.set_quantity(sku, quantity)


def _revise(offers: OfferStore, sku: Any, offer: Any) -> None:
    if not isinstance(offer, dict) or not isinstance(offer.get("offerId"), str):
        raise invalid_value("offerId")
    price, quantity = offer.get("price"), offer.get("availableQuantity")
    if price is None and quantity is None:
        raise invalid_value("price or availableQuantity")
    offers.revise(offer["offerId"], sku if isinstance(sku, str) else None, price, quantity)

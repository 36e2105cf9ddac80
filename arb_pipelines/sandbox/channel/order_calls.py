"""The calls with which a seller reads orders and ships them.

What belongs here: from a call to the stores and back, with the channel's status codes and headers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from arb_pipelines.sandbox.channel.channel import Call, Channel, Reply
from arb_pipelines.sandbox.channel.errors import FULFILLMENT, ChannelError
from arb_pipelines.sandbox.channel.order_document import order_document, order_text, shipment_document
from arb_pipelines.sandbox.channel.order_store import OrderFilter
from arb_pipelines.sandbox.channel.search_request import MOST_LIMIT, page_of, read_filters, read_range

ORDER_PATH = "/sell/fulfillment/v1/order"
DEFAULT_LIMIT = 50
MOST_ORDER_IDS = 50
_FILTER_NAMES = frozenset({"creationdate", "lastmodifieddate", "orderfulfillmentstatus"})
_STATUSES = frozenset({"NOT_STARTED", "IN_PROGRESS", "FULFILLED"})


def get_orders(channel: Channel, call: Call) -> Reply:
    """Return the orders that a filter accepts, oldest first, page by page."""
    limit = _whole(call.query, "limit", DEFAULT_LIMIT, 31100)
    offset = _whole(call.query, "offset", 0, 31000)
    if not 1 <= limit <= MOST_LIMIT:
        raise ChannelError(400, 31100, FULFILLMENT, f"Invalid limit: {limit}")
    rows = _wanted_orders(channel, call)
    page, envelope = page_of(rows, limit, offset, call.base_url + ORDER_PATH, call.query)
    return Reply(200, {**envelope, "orders": [_document(channel, call, row) for row in page]})


def get_order(channel: Channel, call: Call) -> Reply:
    """Return one order."""
    return Reply(200, _document(channel, call, _row(channel, call)))


def create_fulfilment(channel: Channel, call: Call) -> Reply:
    """Store a shipment; its address is in the header Location."""
    row = _row(channel, call)
    fulfilment_id = channel.orders.ship(row, call.body, channel.world.timeline.real_now())
    order_id = order_text(channel.world.seed, row["number"])
    location = f"{call.base_url}{ORDER_PATH}/{order_id}/shipping_fulfillment/{fulfilment_id}"
    return Reply(201, {}, {"Location": location})


def get_fulfilments(channel: Channel, call: Call) -> Reply:
    """Return the shipments of an order."""
    rows = channel.orders.fulfilments(_row(channel, call)["number"])
    return Reply(200, {"fulfillments": [shipment_document(row) for row in rows], "total": len(rows)})


def get_fulfilment(channel: Channel, call: Call) -> Reply:
    """Return one shipment of an order."""
    for row in channel.orders.fulfilments(_row(channel, call)["number"]):
        if row["fulfilment_id"] == call.names["fulfilment_id"]:
            return Reply(200, shipment_document(row))
    raise ChannelError(404, 32100, FULFILLMENT, "This order has no such shipment.")


def _row(channel: Channel, call: Call) -> sqlite3.Row:
    return channel.orders.get(channel.world.seed, call.names["order_id"])


def _document(channel: Channel, call: Call, row: sqlite3.Row) -> dict[str, Any]:
    groups = call.query.get("fieldGroups", "")
    if groups not in ("", "TAX_BREAKDOWN"):
        raise ChannelError(400, 32800, FULFILLMENT, f"Invalid field group: {groups}")
    shipments = channel.orders.fulfilments(row["number"])
    return order_document(channel.world.seed, row, shipments, call.base_url, tax_breakdown=bool(groups))


def _wanted_orders(channel: Channel, call: Call) -> list[sqlite3.Row]:
    ids = list(filter(None, call.query.get("orderIds", "").split(",")))
    if len(ids) > MOST_ORDER_IDS:
        raise ChannelError(400, 30900, FULFILLMENT, f"Exceeded maximum number of order IDs ({MOST_ORDER_IDS})")
    if ids:
        return [channel.orders.get(channel.world.seed, order_id) for order_id in ids]
    return channel.orders.find(_read_filter(call.query.get("filter", "")))


def _read_filter(text: str) -> OrderFilter:
    filters = read_filters(text)
    if text and not filters:
        raise ChannelError(400, 30700, FULFILLMENT, f"Invalid filter name: {text}")
    for name in filters:
        if name not in _FILTER_NAMES:
            raise ChannelError(400, 30700, FULFILLMENT, f"Invalid filter name: {name}")
    created = _range(filters, "creationdate")
    modified = (None, None) if "creationdate" in filters else _range(filters, "lastmodifieddate")
    statuses = frozenset(filter(None, filters.get("orderfulfillmentstatus", "").strip("{}").split("|")))
    if not statuses <= _STATUSES:
        raise _bad_filter("orderfulfillmentstatus", filters["orderfulfillmentstatus"])
    return OrderFilter(*created, *modified, statuses)


def _range(filters: Mapping[str, str], name: str) -> tuple[datetime | None, datetime | None]:
    if name not in filters:
        return None, None
    try:
        start, end = read_range(filters[name])
    except ValueError as error:
        raise ChannelError(400, 30810, FULFILLMENT, "Invalid date format") from error
    if start is None:
        raise ChannelError(400, 30820, FULFILLMENT, "Start date is missing")
    if end is not None and end < start:
        raise ChannelError(400, 30840, FULFILLMENT, "Start date should be before end date")
    return start, end


def _bad_filter(name: str, value: str) -> ChannelError:
    return ChannelError(400, 30800, FULFILLMENT, f"Invalid filter value {value} for filter {name}")


def _whole(query: Mapping[str, str], name: str, default: int, error_id: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise ChannelError(400, error_id, FULFILLMENT, f"Invalid {name}: {text}")
    return int(text)

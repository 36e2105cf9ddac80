"""Page shapes whose offer stands in a script for the shop's own program: plain state, Next, Nuxt.

What belongs here: one function a shape. The written page shows the same offer, so that a reader can tell the
product's object from the others in the script.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts, script_safe, visible_block


def embedded_state(view: OfferView) -> Parts:
    """State in a global variable, the amounts as texts."""
    product = view.item.product
    state = {
        "page": "product",
        "cart": {"items": [], "total": "0.00"},
        "product": {
            "title": view.item.name,
            "sku": view.item.sku,
            "brand": {"name": product.brand},
            "gtin": product.gtin,
            "price": {"amount": view.price, "currencyCode": view.item.shop.currency},
            "compareAtPrice": {"amount": view.decimal(view.shelf.list_price_minor)},
            "availableForSale": view.in_stock,
            "condition": view.item.condition,
        },
    }
    script = f"<script>window.__INITIAL_STATE__ = {script_safe(state)};</script>"
    return "", f"{visible_block(view, 'current')}\n{script}"


def next_data(view: OfferView) -> Parts:
    """A Next page: one JSON script with the properties from which the page was drawn."""
    props = {"pageProps": {"product": _record(view), "recommendations": _others(view)}}
    data = {"props": props, "page": "/product/[handle]", "query": {"handle": view.item.slug}, "buildId": "b7"}
    script = f'<script id="__NEXT_DATA__" type="application/json">{script_safe(data)}</script>'
    return "", f"<div id='__next'>{visible_block(view, 'ProductPrice')}</div>\n{script}"


def nuxt_state(view: OfferView) -> Parts:
    """A Nuxt page: a JavaScript object, not JSON, assigned to a global variable."""
    record = ",".join(f"{key}:{script_safe(value)}" for key, value in _record(view).items())
    script = (
        '<script>window.__NUXT__={layout:"default",serverRendered:true,data:[{product:{'
        f"{record}}},related:{script_safe(_others(view))}}}],error:null}};</script>"
    )
    return "", f"<div id='__nuxt'>{visible_block(view, 'detail__price')}</div>\n{script}"


def _record(view: OfferView) -> dict[str, Any]:
    product = view.item.product
    record: dict[str, Any] = {
        "productId": view.item.number,
        "name": view.item.name,
        "sku": view.item.sku,
        "brand": product.brand,
        "ean": product.gtin,
        "price": float(view.price),
        "currency": view.item.shop.currency,
        "inStock": view.in_stock,
        "images": [view.image_url],
    }
    if product.mpn:
        record["mpn"] = product.mpn
    if view.list_price is not None:
        record["listPrice"] = float(view.list_price)
    return record


def _others(view: OfferView) -> list[dict[str, Any]]:
    """Other products of the script; their prices must not be taken for the page's."""
    minor, department = view.shelf.price_minor, view.item.product.department
    return [
        {"name": f"{department} idea {place}", "sku": f"R{place}", "price": float(view.decimal(minor * share // 100))}
        for place, share in enumerate((47, 83, 161), start=1)
    ]

"""From an offer to a finished page.

What belongs here: choosing the shape and setting it into the shop's frame. Pages about many products are drawn in
`listings.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from arb_pipelines.sandbox.assortment import PageShape, Shop
from arb_pipelines.sandbox.locales import LOCALES
from arb_pipelines.sandbox.pages import (
    local_shapes,
    platform_shapes,
    state_shapes,
    structured_shapes,
    visible_shapes,
)
from arb_pipelines.sandbox.pages.compression import Chunk, Page, build_page
from arb_pipelines.sandbox.pages.frame import VARIANTS, BodySize, build_frame
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts

SHAPES: Mapping[PageShape, Callable[[OfferView], Parts]] = {
    PageShape.JSON_LD: structured_shapes.json_ld,
    PageShape.JSON_LD_GRAPH: structured_shapes.json_ld_graph,
    PageShape.MICRODATA: structured_shapes.microdata,
    PageShape.RDFA: structured_shapes.rdfa,
    PageShape.OPEN_GRAPH: structured_shapes.open_graph,
    PageShape.RELATED: structured_shapes.related,
    PageShape.EMBEDDED_STATE: state_shapes.embedded_state,
    PageShape.NEXT_DATA: state_shapes.next_data,
    PageShape.NUXT_STATE: state_shapes.nuxt_state,
    PageShape.SHOPIFY_LIKE: platform_shapes.shopify_like,
    PageShape.WOOCOMMERCE_LIKE: platform_shapes.woocommerce_like,
    PageShape.MAGENTO_LIKE: platform_shapes.magento_like,
    PageShape.PRESTASHOP_LIKE: platform_shapes.prestashop_like,
    PageShape.PLAIN: visible_shapes.plain,
    PageShape.WAS_NOW: visible_shapes.was_now,
    PageShape.TABLE: visible_shapes.table,
    PageShape.UNIT_PRICE: visible_shapes.unit_price,
    PageShape.INSTALMENTS: visible_shapes.instalments,
    PageShape.EUROPEAN: visible_shapes.european,
    PageShape.JAVASCRIPT: visible_shapes.javascript,
    PageShape.SEARCH: local_shapes.advertisement,
    PageShape.LOCAL_TEXT: local_shapes.local_text,
}
_REDESIGN_STEP = 7  # another frame, with other class names, comes with a new shape


def render_product(view: OfferView, size: BodySize | None = None) -> Page:
    """Return the product page in the shape that the shop has now; `size` as in `frame.build_frame`."""
    shop = view.item.shop
    head, main = SHAPES[view.shape](view)
    variant = shop.number + (0 if view.shape is shop.shape else _REDESIGN_STEP)
    return framed(shop, view.item.name, head, main, size=size, variant=variant)


def framed(
    shop: Shop, title: str, head: str, main: str, *, size: BodySize | None = None, variant: int | None = None
) -> Page:
    """Return a page of the shop: its frame around a title, what stands in the head and the main part."""
    chosen = (shop.number if variant is None else variant) % VARIANTS
    frame = build_frame(chosen, LOCALES[shop.locale].language, size)
    changing = (
        f"<title>{escape(title)} | {escape(shop.name)}</title>\n{head}\n</head>\n"
        f"<body><header class='site-header'>{escape(shop.name)}</header>\n<main>\n{main}\n"
    )
    return build_page((frame.top, Chunk.of(changing), frame.bottom))


def plain_page(text: str) -> Page:
    """Return a body without any frame, such as JSON or XML."""
    return build_page((Chunk.of(text),))


def json_page(record: Any) -> Page:
    """Return a JSON body."""
    return plain_page(json.dumps(record))


def product_json(view: OfferView) -> dict[str, Any]:
    """Return what the script of a JavaScript shop fetches."""
    return {
        "name": view.item.name,
        "brand": view.item.product.brand,
        "sku": view.item.sku,
        "gtin": view.item.product.gtin,
        "price": view.price,
        "price_text": view.price_text,
        "currency": view.item.shop.currency,
        "availability": "InStock" if view.in_stock else "OutOfStock",
        "stock_text": view.stock_text,
        "condition": view.item.condition,
        "shipping_text": view.shipping_text,
    }

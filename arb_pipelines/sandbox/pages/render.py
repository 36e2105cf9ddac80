"""From an offer to a finished page.

What belongs here: choosing the shape, setting it into the shop's frame, and the pages that list what a shop has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from arb_pipelines.sandbox.assortment import PageShape, Shop, StockedItem
from arb_pipelines.sandbox.pages import structured_shapes, visible_shapes
from arb_pipelines.sandbox.pages.compression import Chunk, Page, build_page
from arb_pipelines.sandbox.pages.frame import VARIANTS, build_frame
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts

SHAPES: Mapping[PageShape, Callable[[OfferView], Parts]] = {
    PageShape.JSON_LD: structured_shapes.json_ld,
    PageShape.JSON_LD_GRAPH: structured_shapes.json_ld_graph,
    PageShape.MICRODATA: structured_shapes.microdata,
    PageShape.OPEN_GRAPH: structured_shapes.open_graph,
    PageShape.EMBEDDED_STATE: structured_shapes.embedded_state,
    PageShape.RELATED: structured_shapes.related,
    PageShape.PLAIN: visible_shapes.plain,
    PageShape.WAS_NOW: visible_shapes.was_now,
    PageShape.TABLE: visible_shapes.table,
    PageShape.UNIT_PRICE: visible_shapes.unit_price,
    PageShape.INSTALMENTS: visible_shapes.instalments,
    PageShape.EUROPEAN: visible_shapes.european,
    PageShape.JAVASCRIPT: visible_shapes.javascript,
}


def render_product(view: OfferView) -> Page:
    """Return the product page in the shop's shape."""
    head, main = SHAPES[view.item.shop.shape](view)
    return _framed(view.item.shop, view.item.name, head, main)


def render_listing(shop: Shop, items: Sequence[StockedItem]) -> Page:
    """Return the page that links to every product page of the shop."""
    links = "".join(f"<li><a class='product-link' href='{i.path}'>{escape(i.name)}</a></li>\n" for i in items)
    return _framed(shop, "All products", "", f"<h1>All products</h1>\n<ul class='products'>{links}</ul>")


def render_home(shop: Shop) -> Page:
    """Return the shop's front page."""
    welcome = f"<h1>{escape(shop.name)}</h1>\n<p>A shop of the sandbox. <a href='/products'>All products</a></p>"
    return _framed(shop, "Welcome", "", welcome)


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


def _framed(shop: Shop, title: str, head: str, main: str) -> Page:
    frame = build_frame(shop.number % VARIANTS, "de" if shop.shape is PageShape.EUROPEAN else "en")
    changing = (
        f"<title>{escape(title)} | {escape(shop.name)}</title>\n{head}\n</head>\n"
        f"<body><header class='site-header'>{escape(shop.name)}</header>\n<main>\n{main}\n"
    )
    return build_page((frame.top, Chunk.of(changing), frame.bottom))

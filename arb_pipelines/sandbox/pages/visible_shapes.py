"""Page shapes that have to be read like a visitor does, and those with misleading amounts beside the price.

What belongs here: one function a shape, and the selectors that a site file needs for those without markup.
"""

from __future__ import annotations

from collections.abc import Mapping

from arb_pipelines.sandbox.assortment import PageShape
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts, details_block, visible_block

INSTALMENTS = 4

_COMMON_SELECTORS = {
    "name": "h1",
    "brand": ".brand",
    "availability": ".stock",
    "condition": ".condition",
    "shipping": ".shipping",
    "sku": ".sku",
}

SELECTORS: Mapping[PageShape, Mapping[str, str]] = {
    PageShape.PLAIN: {**_COMMON_SELECTORS, "price": ".price"},
    PageShape.WAS_NOW: {**_COMMON_SELECTORS, "price": ".now", "list_price": ".was"},
    PageShape.TABLE: {
        "name": "h1",
        "brand": ".spec-brand td",
        "price": ".spec-price td",
        "availability": ".spec-stock td",
        "condition": ".spec-condition td",
        "shipping": ".spec-shipping td",
        "sku": ".spec-sku td",
        "gtin": ".spec-ean td",
    },
    PageShape.JAVASCRIPT: {**_COMMON_SELECTORS, "price": ".price"},
    PageShape.SEARCH: {
        "name": ".ad-title",
        "price": ".ad-price",
        "availability": ".ad-state",
        "condition": ".ad-condition",
        "brand": ".ad-brand",
        "shipping": ".ad-shipping",
        "sku": ".ad-number",
    },
}


def plain(view: OfferView) -> Parts:
    """No markup for machines at all."""
    return "", visible_block(view)


def was_now(view: OfferView) -> Parts:
    """A list price struck out beside the price, when the item is reduced."""
    was = f"<del class='was'>{view.money(view.shelf.list_price_minor)}</del> " if view.reduced else ""
    ends = f"<p class='sale-end'>Sale ends on {view.sale_until:%Y-%m-%d}</p>\n" if view.sale_until else ""
    main = (
        f"<h1>{view.name}</h1>\n<p class='brand'>{view.item.product.brand}</p>\n"
        f"<p class='prices'>{was}<ins class='now'>{view.price_text}</ins></p>\n{ends}{details_block(view)}"
    )
    return "", main


def table(view: OfferView) -> Parts:
    """A table of properties, the price one row among them."""
    product = view.item.product
    rows = {
        "brand": ("Brand", product.brand),
        "ean": ("EAN", product.gtin),
        "weight": ("Weight", f"{product.weight_g} g"),
        "price": ("Our price", view.price_text),
        "stock": ("Availability", view.stock_text),
        "condition": ("Condition", view.item.condition),
        "shipping": ("Delivery", view.shipping_text),
        "sku": ("Item no.", view.item.sku),
    }
    body = "".join(
        f"<tr class='spec-{key}'><th>{label}</th><td>{text}</td></tr>\n" for key, (label, text) in rows.items()
    )
    return "", f"<h1>{view.name}</h1>\n<table class='specs'>{body}</table>\n<p>{view.description}</p>"


def unit_price(view: OfferView) -> Parts:
    """A price per 100 g stands before the price."""
    per_unit = max(view.shelf.price_minor * 100 // max(view.item.product.weight_g, 1), 1)
    base = f"<p class='base-price'>{view.money(per_unit)} / 100 g</p>"
    main = (
        "<div itemscope itemtype='http://schema.org/Product'>\n"
        f"<h1 itemprop='name'>{view.name}</h1>{base}\n"
        f"<span itemprop='brand'>{view.item.product.brand}</span><meta itemprop='sku' content='{view.item.sku}'>\n"
        "<div itemprop='offers' itemscope itemtype='http://schema.org/Offer'>"
        f"<meta itemprop='priceCurrency' content='{view.item.shop.currency}'>"
        f"<strong itemprop='price' content='{view.price}'>{view.price_text}</strong>"
        f"<meta itemprop='availability' content='{view.schema_availability}'>"
        f"<meta itemprop='itemCondition' content='{view.schema_condition}'></div>\n{details_block(view)}</div>"
    )
    return "", main


def instalments(view: OfferView) -> Parts:
    """A smaller amount to pay by the month, and a gift card, stand before the price."""
    currency = view.item.shop.currency
    part = view.money(-(-view.shelf.price_minor // INSTALMENTS))
    teaser = (
        f"<p class='gift'>Gift cards from {view.money(1000)}</p>\n"
        f"<p class='pay-later'>or {INSTALMENTS} payments of <span class='price'>{part}</span></p>\n"
    )
    stock = "in stock" if view.in_stock else "out of stock"
    metas = (
        f'<meta property="og:title" content="{view.name}">\n'
        f'<meta property="product:price:amount" content="{view.price}">\n'
        f'<meta property="product:price:currency" content="{currency}">\n'
        f'<meta property="product:availability" content="{stock}">\n'
        f'<meta property="product:retailer_item_id" content="{view.item.sku}">'
    )
    return metas, teaser + visible_block(view, "total-price")


def european(view: OfferView) -> Parts:
    """Microdata whose price is written with a decimal comma."""
    product = view.item.product
    main = (
        "<div itemscope itemtype='https://schema.org/Product'>\n"
        f"<h1 itemprop='name'>{view.name}</h1>\n<meta itemprop='sku' content='{view.item.sku}'>"
        f"<meta itemprop='gtin13' content='{product.gtin}'><span itemprop='brand'>{product.brand}</span>\n"
        "<div itemprop='offers' itemscope itemtype='https://schema.org/Offer'>"
        f"<meta itemprop='priceCurrency' content='{view.item.shop.currency}'>"
        f"<span class='preis' itemprop='price'>{view.price_text}</span>"
        f"<link itemprop='availability' href='{view.schema_availability}'>"
        f"<link itemprop='itemCondition' href='{view.schema_condition}'></div>\n{details_block(view)}</div>"
    )
    return "", main


def javascript(view: OfferView) -> Parts:
    """An empty place that the shop's script fills; the offer itself is at `/api/product/<slug>.json`."""
    script = (
        "const put = (tag, name, text) => { const e = document.createElement(tag); e.className = name; "
        "e.textContent = text; document.getElementById('app').append(e); };"
        f"fetch('/api/product/{view.item.slug}.json').then(r => r.json()).then(p => {{"
        "put('h1', 'product-title', p.name); put('p', 'brand', p.brand); put('div', 'price', p.price_text);"
        "put('p', 'stock', p.stock_text); put('p', 'condition', 'Condition: ' + p.condition);"
        "put('p', 'shipping', p.shipping_text); put('p', 'sku', 'Item no. ' + p.sku); });"
    )
    return "", f"<div id='app'></div><noscript>This shop needs JavaScript.</noscript>\n<script>{script}</script>"

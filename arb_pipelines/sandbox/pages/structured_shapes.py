"""Page shapes that state the offer for machines: JSON-LD, microdata, RDFa, OpenGraph.

What belongs here: one function a shape, from an offer to what it adds to the head and the main part.
"""

from __future__ import annotations

import json
from typing import Any

from arb_pipelines.sandbox.pages.offer_view import OfferView

Parts = tuple[str, str]  # (inside the head, inside the main part)


def visible_block(view: OfferView, price_class: str = "price") -> str:
    """Return what every visitor reads: name, price, stock, condition, shipping, article number, text."""
    return (
        f"<h1 class='product-title'>{view.name}</h1>\n<p class='brand'>{view.item.product.brand}</p>\n"
        f"<div class='{price_class}'>{view.price_text}</div>\n{details_block(view)}"
    )


def details_block(view: OfferView) -> str:
    """Return stock, condition, shipping, article number and the description."""
    return (
        f"<p class='stock'>{view.stock_text}</p>\n<p class='condition'>Condition: {view.item.condition}</p>\n"
        f"<p class='shipping'>{view.shipping_text}</p>\n<p class='sku'>Item no. {view.item.sku}</p>\n"
        f"<img src='/img/{view.item.slug}.svg' alt='{view.name}'>\n"
        f"<p class='description'>{view.description}</p>\n"
    )


def json_ld(view: OfferView) -> Parts:
    """A single Product node."""
    return script_json_ld({"@context": "https://schema.org", **product_node(view)}), visible_block(view)


def json_ld_graph(view: OfferView) -> Parts:
    """A graph in which the product is one node among others."""
    shop = view.item.shop
    graph: list[dict[str, Any]] = [
        {"@type": "Organization", "@id": f"{view.base_url}/#org", "name": shop.name, "url": view.base_url},
        {"@type": "WebSite", "url": view.base_url, "name": shop.name},
        {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": 1, "name": view.item.product.department, "item": view.base_url}
            ],
        },
        {**product_node(view), "@id": f"{view.url}#product"},
    ]
    return script_json_ld({"@context": "https://schema.org", "@graph": graph}), visible_block(view, "amount")


def microdata(view: OfferView) -> Parts:
    """Microdata attributes on the visible text."""
    product = view.item.product
    part_number = f"<meta itemprop='mpn' content='{product.mpn}'>" if product.mpn else ""
    main = (
        "<div itemscope itemtype='https://schema.org/Product'>\n"
        f"<h1 itemprop='name'>{view.name}</h1>\n<meta itemprop='sku' content='{view.item.sku}'>"
        f"<meta itemprop='gtin13' content='{product.gtin}'>{part_number}\n"
        f"<span itemprop='brand' itemscope itemtype='https://schema.org/Brand'>"
        f"<span itemprop='name'>{product.brand}</span></span>\n"
        f"<img itemprop='image' src='{view.image_url}' alt='{view.name}'>\n"
        "<div itemprop='offers' itemscope itemtype='https://schema.org/Offer'>\n"
        f"<meta itemprop='priceCurrency' content='{view.item.shop.currency}'>"
        f"<span itemprop='price' content='{view.price}'>{view.price_text}</span>\n"
        f"<link itemprop='availability' href='{view.schema_availability}'>"
        f"<link itemprop='itemCondition' href='{view.schema_condition}'>\n</div>\n{details_block(view)}</div>"
    )
    return "", main


def open_graph(view: OfferView) -> Parts:
    """Nothing but the meta tags that social networks read."""
    stock = "in stock" if view.in_stock else "out of stock"
    fields = {
        "og:type": "product",
        "og:title": view.name,
        "og:url": view.url,
        "og:image": view.image_url,
        "product:brand": view.item.product.brand,
        "product:retailer_item_id": view.item.sku,
        "product:price:amount": view.price,
        "product:price:currency": view.item.shop.currency,
        "product:availability": stock,
        "product:condition": "new" if view.item.condition == "New" else "used",
    }
    metas = "\n".join(f'<meta property="{name}" content="{value}">' for name, value in fields.items())
    return metas, visible_block(view, "product-amount")


def rdfa(view: OfferView) -> Parts:
    """RDFa attributes on the visible text."""
    product = view.item.product
    part_number = f"<span property='mpn'>{product.mpn}</span>" if product.mpn else ""
    main = (
        "<article vocab='https://schema.org/' typeof='Product'>\n"
        f"<h1 property='name'>{view.name}</h1>\n<p>By <span property='brand'>{product.brand}</span></p>\n"
        f"<p class='numbers'>Item <span property='sku'>{view.item.sku}</span> "
        f"EAN <span property='gtin13'>{product.gtin}</span> {part_number}</p>\n"
        f"<img property='image' src='{view.image_url}' alt='{view.name}'>\n"
        "<div property='offers' typeof='Offer'>\n"
        f"<span property='price' content='{view.price}'>{view.price_text}</span>"
        f"<meta property='priceCurrency' content='{view.item.shop.currency}'>"
        f"<link property='availability' href='{view.schema_availability}'>"
        f"<link property='itemCondition' href='{view.schema_condition}'>\n</div>\n"
        f"<p>{view.stock_text}. {view.shipping_text}. Condition: {view.item.condition}</p>\n"
        f"<p property='description'>{view.description}</p></article>"
    )
    return "", main


def related(view: OfferView) -> Parts:
    """JSON-LD of the product beside that of other products, whose prices are on the page too."""
    minor = view.shelf.price_minor
    cards, nodes = [], []
    for position, share in enumerate((31, 58, 144), start=1):
        other = max(minor * share // 100, 100)
        title = f"{view.item.product.department} pick {position}"
        text = view.money(other)
        cards.append(f"<li class='card'><a href='/products'>{title}</a> <span class='price'>{text}</span></li>")
        offer = {"@type": "Offer", "price": view.decimal(other), "priceCurrency": view.item.shop.currency}
        nodes.append(
            {"@type": "ListItem", "position": position, "item": {"@type": "Product", "name": title, "offers": offer}}
        )
    others = {"@context": "https://schema.org", "@type": "ItemList", "itemListElement": nodes}
    head = script_json_ld(others) + script_json_ld({"@context": "https://schema.org", **product_node(view)})
    main = f"<ul class='also-bought'>{''.join(cards)}</ul>\n{visible_block(view, 'main-price')}"
    return head, main


def product_node(view: OfferView) -> dict[str, Any]:
    """Return the schema.org Product with its Offer and shipping details."""
    product, shop = view.item.product, view.item.shop
    node: dict[str, Any] = {
        "@type": "Product",
        "name": view.item.name,
        "sku": view.item.sku,
        "gtin13": product.gtin,
        "brand": {"@type": "Brand", "name": product.brand},
        "image": [view.image_url],
        "category": product.department,
        "description": view.description,
        "offers": {
            "@type": "Offer",
            "url": view.url,
            "price": view.price,
            "priceCurrency": shop.currency,
            "availability": view.schema_availability,
            "itemCondition": view.schema_condition,
            "seller": {"@type": "Organization", "name": shop.name},
            "shippingDetails": {
                "@type": "OfferShippingDetails",
                "shippingRate": {
                    "@type": "MonetaryAmount",
                    "value": view.decimal(shop.shipping_minor),
                    "currency": shop.currency,
                },
            },
        },
    }
    if view.sale_until is not None:
        node["offers"]["priceValidUntil"] = view.sale_until.isoformat()
    if product.mpn:
        node["mpn"] = product.mpn
    return node


def script_json_ld(node: dict[str, Any]) -> str:
    """Return a JSON-LD script element."""
    return f'<script type="application/ld+json">{script_safe(node)}</script>\n'


def script_safe(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("</", "<\\/")

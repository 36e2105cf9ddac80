"""Page shapes in the manner of common shop systems, each with its usual class names and scripts.

What belongs here: one function a system, from an offer to what it adds to the head and the main part. The text is
ours; the class and key names are those by which programs recognise these systems.
"""

from __future__ import annotations

from html import escape
from typing import Any

from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts, script_json_ld, script_safe


def shopify_like(view: OfferView) -> Parts:
    """Product meta tags, a form, and the product's own JSON with amounts in minor units."""
    metas = {
        "og:type": "product",
        "og:title": view.name,
        "og:url": view.url,
        "og:image": view.image_url,
        "og:price:amount": view.price,
        "og:price:currency": view.item.shop.currency,
    }
    head = "\n".join(f'<meta property="{name}" content="{value}">' for name, value in metas.items())
    was = f"<s class='price-item price-item--regular'>{view.money(view.shelf.list_price_minor)}</s>"
    button = "Add to cart" if view.in_stock else "Sold out"
    main = (
        f"<product-info class='product'><p class='product__vendor'>{view.item.product.brand}</p>\n"
        f"<h1 class='product__title'>{view.name}</h1>\n"
        f"<div class='price{' price--on-sale' if view.reduced else ''}'>{was if view.reduced else ''} "
        f"<span class='price-item price-item--sale'>{view.price_text}</span></div>\n"
        f"<p class='product__sku'>SKU: {view.item.sku}</p><p class='product__inventory'>{view.stock_text}</p>\n"
        f"<form action='/cart/add' method='post'><input type='hidden' name='id' value='{view.item.number}'>"
        f"<button type='submit' name='add'{'' if view.in_stock else ' disabled'}>{button}</button></form>\n"
        f"<p>{view.shipping_text}. Condition: {view.item.condition}</p>\n"
        f"<div class='product__description'>{view.description}</div></product-info>\n"
        f"<script type='application/json' data-product-json>{script_safe(shopify_product(view, minor_units=True))}"
        "</script>"
    )
    return head, main


def shopify_product(view: OfferView, *, minor_units: bool) -> dict[str, Any]:
    """Return the system's record of a product: amounts in minor units on the page, as decimals in its JSON files."""

    def amount(minor: int) -> int | str:
        return minor if minor_units else view.decimal(minor)

    shelf, product = view.shelf, view.item.product
    variant = {
        "id": view.item.number,
        "title": "Default Title",
        "sku": view.item.sku,
        "barcode": product.gtin,
        "price": amount(shelf.price_minor),
        "compare_at_price": amount(shelf.list_price_minor) if view.reduced else None,
        "available": view.in_stock,
        "grams": product.weight_g,
    }
    return {
        "id": view.item.number * 10,
        "title": view.item.name,
        "handle": view.item.slug,
        "vendor": product.brand,
        "product_type": product.department,
        "body_html": f"<p>{view.description}</p>",
        "images": [{"src": view.image_url}],
        "variants": [variant],
    }


def woocommerce_like(view: OfferView) -> Parts:
    """JSON-LD of the product with its prices in a list, and the amounts split over several elements."""
    offer = {
        "@type": "Offer",
        "priceSpecification": [
            {"@type": "UnitPriceSpecification", "price": view.price, "priceCurrency": view.item.shop.currency}
        ],
        "availability": view.schema_availability,
        "url": view.url,
        "itemCondition": view.schema_condition,
    }
    if view.sale_until is not None:
        offer["priceValidUntil"] = view.sale_until.isoformat()
    node = {
        "@context": "https://schema.org/",
        "@type": "Product",
        "name": view.item.name,
        "sku": view.item.sku,
        "image": view.image_url,
        "brand": {"@type": "Brand", "name": view.item.product.brand},
        "offers": [offer],
    }
    was = f"<del aria-hidden='true'>{_woo_amount(view, view.shelf.list_price_minor)}</del> " if view.reduced else ""
    now = _woo_amount(view, view.shelf.price_minor)
    stock = "in-stock" if view.in_stock else "out-of-stock"
    main = (
        f"<div id='product-{view.item.number}' class='product type-product {stock.replace('-', '')}'>"
        f"<h1 class='product_title entry-title'>{view.name}</h1>\n"
        f"<p class='price'>{was}{f'<ins>{now}</ins>' if view.reduced else now}</p>\n"
        f"<p class='stock {stock}'>{view.stock_text}</p><p>{view.shipping_text}. Condition: {view.item.condition}</p>\n"
        f"<div class='product_meta'><span class='sku_wrapper'>SKU: <span class='sku'>{view.item.sku}</span></span> "
        f"<span class='posted_in'>Category: {view.item.product.department}</span></div>\n"
        f"<p>{view.description}</p></div>"
    )
    return script_json_ld(node), main


def _woo_amount(view: OfferView, minor: int) -> str:
    symbol, number = view.money(minor)[0], view.money(minor)[1:]
    return (
        "<span class='woocommerce-Price-amount amount'><bdi>"
        f"<span class='woocommerce-Price-currencySymbol'>{symbol}</span>{number}</bdi></span>"
    )


def magento_like(view: OfferView) -> Parts:
    """Price boxes with their amount as data, and microdata on the outside."""
    product = view.item.product
    old = _magento_price(view, view.shelf.list_price_minor, "oldPrice", "old-price", "Regular Price")
    rows = {"Brand": product.brand, "EAN": product.gtin, **({"MPN": product.mpn} if product.mpn else {})}
    attributes = "".join(
        f"<tr><th class='col label' scope='row'>{label}</th><td class='col data' data-th='{label}'>{text}</td></tr>"
        for label, text in rows.items()
    )
    main = (
        "<div class='product-info-main' itemscope itemtype='http://schema.org/Product'>\n"
        f"<h1 class='page-title'><span class='base' data-ui-id='page-title-wrapper' itemprop='name'>{view.name}</span>"
        f"</h1>\n<div class='price-box price-final_price' data-product-id='{view.item.number}' itemprop='offers' "
        "itemscope itemtype='http://schema.org/Offer'>"
        + _magento_price(view, view.shelf.price_minor, "finalPrice", "special-price", "Special Price")
        + f"<meta itemprop='price' content='{view.price}'>"
        f"<meta itemprop='priceCurrency' content='{view.item.shop.currency}'>"
        f"<link itemprop='availability' href='{view.schema_availability}'>"
        f"{old if view.reduced else ''}</div>\n"
        f"<div class='stock {'available' if view.in_stock else 'unavailable'}'><span>{view.stock_text}</span></div>\n"
        "<div class='product attribute sku'><strong class='type'>SKU</strong>"
        f"<div class='value' itemprop='sku'>{view.item.sku}</div></div>\n"
        f"<p>{view.shipping_text}. Condition: {view.item.condition}</p>\n"
        f"<table class='data table additional-attributes'>{attributes}</table>\n<p>{view.description}</p></div>"
    )
    return "", main


def _magento_price(view: OfferView, minor: int, kind: str, css: str, label: str) -> str:
    return (
        f"<span class='{css}'><span class='price-label'>{label}</span> "
        f"<span class='price-wrapper' data-price-type='{kind}' data-price-amount='{view.decimal(minor)}'>"
        f"<span class='price'>{view.money(minor)}</span></span></span>"
    )


def prestashop_like(view: OfferView) -> Parts:
    """A JSON record in an attribute of the details pane, and product meta tags."""
    product = view.item.product
    record = {
        "id_product": view.item.number,
        "name": view.item.name,
        "reference": view.item.sku,
        "ean13": product.gtin,
        "price_amount": float(view.price),
        "quantity": view.units,
        "condition": "new" if view.item.condition == "New" else "used",
    }
    head = (
        f'<meta property="product:price:amount" content="{view.price}">\n'
        f'<meta property="product:price:currency" content="{view.item.shop.currency}">\n'
        '<meta property="og:type" content="product">\n'
    )
    was = f"<span class='regular-price'>{view.money(view.shelf.list_price_minor)}</span> " if view.reduced else ""
    main = (
        f"<section id='main'><h1 class='h1'>{view.name}</h1>\n"
        f"<div class='product-prices'>{was}<div class='current-price'><span class='current-price-value' "
        f"content='{view.price}'>{view.price_text}</span></div></div>\n"
        f"<span id='product-availability' class='{'in-stock' if view.in_stock else 'unavailable'}'>{view.stock_text}"
        f"</span>\n<div class='product-manufacturer'><label class='label'>Brand</label> <span>{product.brand}</span>"
        f"</div>\n<div class='product-reference'><label class='label'>Reference</label> <span>{view.item.sku}</span>"
        f"</div>\n<p>{view.shipping_text}. Condition: {view.item.condition}</p>\n"
        f"<div id='product-details' data-product=\"{escape(script_safe(record))}\"></div>"
        f"<p>{view.description}</p></section>"
    )
    return head, main

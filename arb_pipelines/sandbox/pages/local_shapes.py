"""Visible-text pages of shops in other countries, and small advertisements of a marketplace.

What belongs here: shapes without markup for machines whose words and amounts follow the shop's country, or whose
offer is one person's advertisement with a place.
"""

from __future__ import annotations

from arb_pipelines.sandbox.locales import LOCALES
from arb_pipelines.sandbox.pages.offer_view import FEW_UNITS, OfferView
from arb_pipelines.sandbox.pages.structured_shapes import Parts

PARTS = 3


def local_text(view: OfferView) -> Parts:
    """Was and now, parts to pay, a price per unit and related products around the price, in the country's words."""
    words, shelf = LOCALES[view.item.shop.locale].words, view.shelf
    was = f"<span class='preis-alt'>{words.was} <s>{view.money(shelf.list_price_minor)}</s></span> "
    part = view.money(max(shelf.price_minor // PARTS, 1))
    per_unit = view.money(max(shelf.price_minor * 100 // max(view.item.product.weight_g, 1), 1))
    others = "".join(
        f"<li class='tip'><a href='/products'>{view.item.product.department} {place}</a> "
        f"<span class='tip-price'>{view.money(max(shelf.price_minor * share // 100, 100))}</span></li>"
        for place, share in enumerate((39, 77, 128), start=1)
    )
    shipping = view.item.shop.shipping_minor
    main = (
        f"<div class='artikel'><h1>{view.name}</h1>\n<p class='marke'>{view.item.product.brand}</p>\n"
        f"<p class='preiszeile'>{was if view.reduced else ''}<b class='preis-jetzt'>"
        f"{words.now + ' ' if view.reduced else ''}{view.price_text}</b></p>\n"
        f"<p class='grundpreis'>({per_unit} / {words.unit})</p>\n"
        f"<p class='raten'>{words.instalments.format(PARTS)} {part}</p>\n"
        f"<p class='bestand'>{_stock(view)}</p>\n"
        f"<p class='versand'>{f'{words.shipping} {view.money(shipping)}' if shipping else words.free_shipping}</p>\n"
        f"<p class='nummer'>{words.item_no} {view.item.sku}</p><p>EAN: {view.item.product.gtin}</p>\n"
        f"<p class='zustand'>{words.new if view.item.condition == 'New' else words.used}</p></div>\n"
        f"<h2>{words.related}</h2><ul class='tips'>{others}</ul>"
    )
    return "", main


def _stock(view: OfferView) -> str:
    words = LOCALES[view.item.shop.locale].words
    if not view.in_stock:
        return words.out_of_stock
    return words.few_left.format(view.units) if view.units <= FEW_UNITS else words.in_stock


def advertisement(view: OfferView) -> Parts:
    """One advertisement of a marketplace: price, place and condition, a state of sale instead of stock."""
    state = "Available" if view.in_stock else "No longer available"
    main = (
        f"<article class='ad' data-ad-id='{view.item.number}'><h1 class='ad-title'>{view.name}</h1>\n"
        f"<p class='ad-price'>{view.price_text}</p>\n<p class='ad-state'>{state}</p>\n"
        f"<dl class='ad-facts'><dt>Condition</dt><dd class='ad-condition'>{view.item.condition}</dd>"
        f"<dt>Brand</dt><dd class='ad-brand'>{view.item.product.brand}</dd>"
        f"<dt>Location</dt><dd class='ad-location'>{view.item.shop.town}</dd>"
        f"<dt>Delivery</dt><dd class='ad-shipping'>{view.shipping_text}</dd>"
        f"<dt>Item no.</dt><dd class='ad-number'>{view.item.sku}</dd></dl>\n"
        f"<p class='ad-text'>{view.description}</p></article>"
    )
    return "", main

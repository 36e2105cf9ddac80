"""Which shop system serves a page, told by the traces that its themes cannot leave out.

What belongs here: the marks of each system and the form of its product and listing addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """A shop system. `GENERIC` is every shop whose system shows no mark."""

    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    MAGENTO = "magento"
    BIGCOMMERCE = "bigcommerce"
    SHOPWARE = "shopware"
    PRESTASHOP = "prestashop"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class PlatformRules:
    """The marks of a system in its pages and headers, and the form of its addresses (None: the shop chooses)."""

    marks: tuple[bytes, ...]
    header: tuple[str, str] | None = None
    product_path: str | None = None
    listing_path: str | None = None


RULES: Mapping[Platform, PlatformRules] = {
    Platform.SHOPIFY: PlatformRules(
        (b"cdn.shopify.com", b"Shopify.theme", b"/cdn/shop/", b"shopify-section", b"Shopify.shop"),
        ("x-shopify-stage", ""),
        r"/products/[^/?#]+",
        r"/collections/[^/?#]+/?$",
    ),
    Platform.WOOCOMMERCE: PlatformRules(
        (b"woocommerce", b"/wp-content/plugins/woocommerce", b"wc-block", b"add_to_cart_button"),
        None,
        r"/product/[^/?#]+",
        r"/(?:shop|product-category/[^?#]+)/?$",
    ),
    Platform.MAGENTO: PlatformRules(
        (b"Magento_", b"mage/cookies", b"data-mage-init", b"/static/version", b"text/x-magento-init"),
        ("x-magento-vary", ""),
    ),
    Platform.BIGCOMMERCE: PlatformRules(
        (b"cdn11.bigcommerce.com", b"stencil-utils", b"bigcommerce.com/s-", b"data-product-option-change"),
        ("x-bc-store-version", ""),
    ),
    Platform.SHOPWARE: PlatformRules(
        (b"/bundles/storefront/", b"shopware", b"data-add-to-cart=", b"sw-cms-", b"product-detail-buy"),
        ("sw-version-id", ""),
        None,
        None,
    ),
    Platform.PRESTASHOP: PlatformRules(
        (b"var prestashop", b"prestashop", b"id_product_attribute", b"/modules/ps_", b"blockcart"),
        None,
        r"/\d+(?:-\d+)?-[^/?#]+\.html",
        r"/\d+-[^/?#.]+/?$",
    ),
}
ENOUGH_MARKS = 2


def detect_platform(html: bytes, headers: Mapping[str, str]) -> Platform:
    """Return the shop system of a page; two different marks, or its own header, are needed to name one."""
    generator = _generator(html)
    best, most = Platform.GENERIC, 0
    for platform, rules in RULES.items():
        marks = sum(1 for mark in rules.marks if mark in html)
        marks += ENOUGH_MARKS if platform.value in generator else 0
        marks += ENOUGH_MARKS if rules.header and rules.header[0] in headers else 0
        if marks > most:
            best, most = platform, marks
    return best if most >= ENOUGH_MARKS else Platform.GENERIC


def _generator(html: bytes) -> str:
    found = re.search(rb"<meta[^>]+name=[\"']generator[\"'][^>]*>", html[:200_000], re.IGNORECASE)
    return found.group().decode("utf-8", "replace").lower() if found else ""

"""Shop systems are told by marks that their themes cannot leave out."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.learning.platforms import Platform, detect_platform


@pytest.mark.parametrize(
    ("html", "headers", "platform"),
    [
        (b"<link href='//cdn.shopify.com/x.css'><script>Shopify.theme = {}</script>", {}, Platform.SHOPIFY),
        (b"<body class='woocommerce'><a class='add_to_cart_button'>", {}, Platform.WOOCOMMERCE),
        (b"<script type='text/x-magento-init'>{}</script><script src='/static/version1/Magento_Ui.js'>", {},
         Platform.MAGENTO),
        (b"<img src='https://cdn11.bigcommerce.com/s-1/a.png'>", {"x-bc-store-version": "1"}, Platform.BIGCOMMERCE),
        (b"<link href='/bundles/storefront/a.css'><div class='sw-cms-x'>", {}, Platform.SHOPWARE),
        (b"<meta name=\"generator\" content=\"PrestaShop\">", {}, Platform.PRESTASHOP),
        (b"<meta name='generator' content='WordPress 6; WooCommerce 9'>", {}, Platform.WOOCOMMERCE),
        (b"<p>We moved here from a Shopify.theme once</p>", {}, Platform.GENERIC),
        (b"", {}, Platform.GENERIC),
    ],
)  # fmt: skip
def test_the_marks_name_the_system(html: bytes, headers: dict[str, str], platform: Platform) -> None:
    assert detect_platform(html, headers) is platform

"""Pages about many products: the front page, lists with their next page, search results, sitemaps.

What belongs here: how a shop's product pages are found. Which address gives which page is `shop_pages.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil
from urllib.parse import quote_plus

from arb_pipelines.sandbox.assortment import PageShape, Shop, StockedItem
from arb_pipelines.sandbox.pages.compression import Page
from arb_pipelines.sandbox.pages.offer_view import OfferView
from arb_pipelines.sandbox.pages.render import framed, plain_page

LISTING_PATHS: Mapping[PageShape, str] = {
    PageShape.NEXT_DATA: "/category/all",
    PageShape.SHOPIFY_LIKE: "/collections/all",
    PageShape.WOOCOMMERCE_LIKE: "/shop/",
    PageShape.MAGENTO_LIKE: "/all-products.html",
    PageShape.PRESTASHOP_LIKE: "/2-home",
}
PRODUCT_PATTERNS: Mapping[PageShape, str] = {
    PageShape.NEXT_DATA: r"/product/[^/]+$",
    PageShape.NUXT_STATE: r"/detail/[^/]+$",
    PageShape.SHOPIFY_LIKE: r"/products/[^/.]+$",
    PageShape.WOOCOMMERCE_LIKE: r"/product/[^/]+/$",
    PageShape.MAGENTO_LIKE: r"^[^/]*//[^/]+/(?!all-products)[^/]+\.html$",
    PageShape.PRESTASHOP_LIKE: r"/\d+-[^/]+\.html$",
    PageShape.SEARCH: r"/item/\d+$",
}
DEFAULT_PATTERN = "/p/"
PAGED_EVERY = 5
STALE_EVERY, STALE_AT = 50, 8  # the list of these shops still links to a product that is gone
STALE_SLUG = "no-longer-sold"
_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def listing_path(shop: Shop) -> str:
    """Return the address of the shop's list of products; a marketplace has none, only a search."""
    return LISTING_PATHS.get(shop.shape, "/products")


def start_paths(shop: Shop, items: Sequence[StockedItem]) -> list[str]:
    """Return where a visit begins: the list, or one search by keyword and location for each kind of product."""
    if shop.shape is not PageShape.SEARCH:
        return [listing_path(shop)]
    kinds = dict.fromkeys(item.product.noun for item in items)
    return [f"/search?q={quote_plus(kind)}&location={quote_plus(shop.town)}" for kind in kinds]


def page_size(shop: Shop, items: int) -> int:
    """Return how many products stand on one page of the list: half of them in every fifth shop, else all."""
    return max(1, ceil(items / 2)) if shop.number % PAGED_EVERY == 0 else max(1, items)


def render_listing(shop: Shop, items: Sequence[StockedItem], number: int = 1, *, stale: bool = False) -> Page | None:
    """Return page `number` of the list, None beyond the last; the next one is named by rel=next.

    With `stale` the first page also links to a product that is no longer there.
    """
    size = page_size(shop, len(items))
    chosen = items[(number - 1) * size : number * size]
    if number < 1 or (not chosen and number > 1):
        return None
    entries = [(item.path, item.name) for item in chosen]
    if stale and number == 1:
        entries.append((f"/p/{STALE_SLUG}", "A product that is gone"))
    links = "".join(f"<li><a class='product-link' href='{path}'>{escape(name)}</a></li>\n" for path, name in entries)
    main = f"<h1>All products</h1>\n<ul class='products'>{links}</ul>"
    head = ""
    if number * size < len(items):
        following = f"{listing_path(shop)}?page={number + 1}"
        head = f"<link rel='next' href='{following}'>"
        main += f"\n<p class='pages'><a rel='next' href='{following}'>Next page</a></p>"
    return framed(shop, "All products", head, main)


def render_home(shop: Shop) -> Page:
    """Return the shop's front page."""
    if shop.shape is PageShape.SEARCH:
        way = (
            "<form action='/search'><input name='q' placeholder='What?'><input name='location' placeholder='Where?'>"
            "<button>Search</button></form>"
        )
    else:
        way = f"<a href='{listing_path(shop)}'>All products</a>"
    return framed(shop, "Welcome", "", f"<h1>{escape(shop.name)}</h1>\n<p>A shop of the sandbox.</p>{way}")


def render_results(shop: Shop, views: Sequence[OfferView], keyword: str, location: str) -> Page:
    """Return the advertisements that a search by keyword and location found, with price and place."""
    cards = "".join(
        f"<li class='result'><a href='{view.item.path}'>{view.name}</a> <span class='result-price'>{view.price_text}"
        f"</span> <span class='result-place'>{escape(shop.town)}</span></li>\n"
        for view in views
    )
    found = f"<ul class='results'>{cards}</ul>" if views else "<p>Nothing found. Try other words or another place.</p>"
    heading = f"{len(views)} results for {escape(keyword)} in {escape(location or 'all places')}"
    return framed(shop, "Search", "", f"<h1>{heading}</h1>\n{found}")


def matches(item: StockedItem, keyword: str, location: str) -> bool:
    """Return whether an advertisement has all words of `keyword` and, if one is given, the place `location`."""
    text = f"{item.name} {item.product.noun} {item.product.department}".casefold()
    place = location.strip().casefold()
    return all(word in text for word in keyword.casefold().split()) and place in ("", item.shop.town.casefold())


def render_sitemap_index(base_url: str) -> Page:
    """Return the index that names the shop's sitemaps."""
    names = ("sitemap-pages.xml", "sitemap-products.xml")
    entries = "".join(f"<sitemap><loc>{base_url}/{name}</loc></sitemap>" for name in names)
    return plain_page(f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex {_SITEMAP}>{entries}</sitemapindex>\n')


def render_sitemap(base_url: str, paths: Sequence[str]) -> Page:
    """Return a sitemap of these paths."""
    entries = "".join(f"<url><loc>{escape(base_url + path)}</loc></url>" for path in paths)
    return plain_page(f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {_SITEMAP}>{entries}</urlset>\n')


def render_gone(shop: Shop) -> Page:
    """Return the page of a product or address that is not there."""
    return framed(
        shop, "Not found", "", "<h1>Page not found</h1>\n<p>We could not find the page that you asked for.</p>"
    )

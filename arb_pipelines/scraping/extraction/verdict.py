"""Pages that are not what was asked for: challenges, empty shells, listings, things that are not HTML.

What belongs here: recognising them. Users of price trackers lose most by a block page that is read as a product.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from arb_pipelines.scraping.extraction.document import Document, squeeze
from arb_pipelines.scraping.extraction.identity import PageIdentity
from arb_pipelines.scraping.extraction.price_roles import Role
from arb_pipelines.scraping.extraction.schema_items import SchemaNode
from arb_pipelines.scraping.extraction.visible_prices import SeenPrice
from arb_pipelines.scraping.extraction.vocabulary import lexicon

CHALLENGE = "challenge"
EMPTY_SHELL = "empty_shell"
NOT_HTML = "not_html"
LISTING = "listing"
SHELL_CHARS = 250
CHALLENGE_CHARS = 2_500
LIKELY = 4.0
OWN_FIT = 2.5  # from here a product item is the page's own, see `schema_product._fit`

_CHALLENGE_MARKUP = re.compile(
    rb"cf-chl-|challenge-platform/h/|id=[\"']challenge-(?:form|running|stage)|px-captcha|_Incapsula_Resource|captcha-delivery\.com|/cdn-cgi/challenge"
    rb"|g-recaptcha|h-captcha|hcaptcha\.com/1/api|awswaf|aws-waf-token|akam/\d+/pixel|/_sec/cp_challenge|geo\.captcha|kasada|ips\.js\?"
    rb"|(?:class|id|name)=[\"'][^\"'<>]{0,60}captcha",
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|div|span|p|h1|table|meta|title|a|script)\b")
_PAGE_NAMES = re.compile(r"p$|pid|id|prod|item|sku|art|goods|page|route|controller|a$|q$")  # of a query that leads on
_LISTING_TYPES = frozenset({"itemlist", "collectionpage", "searchresultspage", "offercatalog", "productcollection"})


def is_html(html: bytes) -> bool:
    """Return whether the bytes hold any HTML element near their beginning; a PDF, an image or JSON does not."""
    if html[:1_000].lstrip().startswith((b"%PDF", b"{", b"[")):
        return False
    return any(_MARKUP.search(html[:size].replace(b"\0", b"").lower()) for size in (4_000, 200_000))


def visible_text(document: Document, limit: int = CHALLENGE_CHARS) -> str:
    """Return the first `limit` characters of the page's text, as a reader without pictures sees it."""
    pieces: list[str] = []
    size = 0
    for element, text, _ in document.texts:
        if element.tag == "title":
            continue
        plain = squeeze(text)
        pieces.append(plain)
        size += len(plain) + 1
        if size > limit:
            break
    return " ".join(pieces)


def challenge_or_shell(document: Document, html: bytes, has_product: bool) -> str | None:
    """Return `challenge` or `empty_shell` when the page is one, else None.

    `has_product` says that the page's markup describes a product that fits the page; then little text is no shell.
    """
    text = visible_text(document)
    if len(text) < CHALLENGE_CHARS and not has_product:
        shown = f"{document.title} {text}"
        if lexicon("challenge").find(shown).anywhere or (
            len(text) < SHELL_CHARS * 2 and _CHALLENGE_MARKUP.search(html)
        ):
            return CHALLENGE
    return EMPTY_SHELL if len(text) < SHELL_CHARS and not has_product else None


def is_listing(
    document: Document,
    nodes: Sequence[SchemaNode],
    identity: PageIdentity,
    seen: Sequence[SeenPrice],
    product_fit: float | None,
    products: int,
) -> bool:
    """Return whether the page shows many products and none of them is the page's own.

    `product_fit` is how well the best product item fits the page (None: no item), `products` how many differ.
    """
    if product_fit is not None and product_fit >= OWN_FIT:
        return False
    kind = (document.meta("og:type") or "").lower()
    if kind in ("product", "og:product", "product.item") or document.meta(
        "product:price:amount", "og:price:amount", "og:price", "product:price"
    ):
        return False
    if products >= 3 or "product.group" in kind or _is_front_page(identity):
        return True
    if any(node.types & _LISTING_TYPES and not node.path for node in nodes):
        return True
    return _is_a_grid(seen)


def _is_front_page(identity: PageIdentity) -> bool:
    """Return whether the address is the shop's own door; without markup that says otherwise it sells no one thing."""
    try:
        names = {name.lower() for name, _ in parse_qsl(urlsplit(identity.url).query)}
    except ValueError:
        return False
    return bool(identity.url) and not identity.path and not any(_PAGE_NAMES.match(name) for name in names)


def _is_a_grid(seen: Sequence[SeenPrice]) -> bool:
    """Return whether most of what the page asks for stands in tiles, and nothing outside them looks like its price."""
    prices = [item for item in seen if item.role is Role.PRICE and item.mention.currencies]
    tiled = [item for item in prices if item.in_grid]
    outside = [item for item in prices if not item.in_grid and item.score >= LIKELY]
    return len({item.mention.amount for item in tiled}) >= 2 and not outside

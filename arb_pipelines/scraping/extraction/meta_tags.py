"""Candidates from OpenGraph, product and twitter meta tags.

What belongs here: which tag names state which field. These tags describe the page as a whole, so they need no
choice among products; they are also often stale, so they weigh less than an item's own statement.
"""

from __future__ import annotations

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import iso_code
from arb_pipelines.scraping.extraction.document import Document
from arb_pipelines.scraping.extraction.schema_product import MAX_IMAGES, amount_of
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup

METHOD = "meta"
_PRICE = (
    ("product:sale_price:amount", 3.2), ("og:price:amount", 3.0), ("product:price:amount", 3.0),
    ("price:amount", 2.0), ("product:price", 2.0), ("og:price", 2.0),
    ("og:product:price:amount", 3.0),
)  # fmt: skip
_PLAIN = (
    ("brand", ("product:brand", "og:brand", "twitter:brand", "brand"), 2.0),
    ("sku", ("product:retailer_item_id", "product:retailer_part_no", "og:sku", "product:sku", "sku"), 1.6),
    ("gtin", ("product:ean", "product:gtin", "product:isbn", "product:upc", "gtin13", "book:isbn", "og:upc"), 2.5),
    ("mpn", ("product:mfr_part_no", "product:mpn", "mpn"), 2.0),
    ("condition", ("product:condition", "og:condition"), 2.0),
    ("category", ("product:category", "og:category"), 1.0),
    ("name", ("og:title", "twitter:title"), 1.0),
)


def propose_from_meta(document: Document, sheet: CandidateSheet) -> None:
    """Propose what the page's meta tags state."""
    sale = document.meta("product:sale_price:amount")
    for tag, weight in _PRICE:
        amount = amount_of(document.meta(tag))
        if amount and sale and tag == "product:price:amount" and amount != amount_of(sale):
            sheet.add("list_price", amount, METHOD, weight, document.meta(tag), tag)
        else:
            sheet.add("price", amount, METHOD, weight, document.meta(tag), tag)
    for tag in ("product:original_price:amount", "og:standard_price:amount"):
        sheet.add("list_price", amount_of(document.meta(tag)), METHOD, 2.0, document.meta(tag), tag)
    for tag in ("og:price:currency", "product:price:currency", "product:sale_price:currency", "price:currency"):
        sheet.add("currency", iso_code(document.meta(tag)), METHOD, 3.0, document.meta(tag), tag)
    for tag in ("og:availability", "product:availability", "availability"):
        state = availability_of_markup(document.meta(tag))
        sheet.add("availability", state.value if state else None, METHOD, 2.5, document.meta(tag), tag)
    _propose_images(document, sheet)
    for field, tags, weight in _PLAIN:
        sheet.add(field, document.meta(*tags), METHOD, weight, "", tags[0])


def _propose_images(document: Document, sheet: CandidateSheet) -> None:
    for tag in ("og:image", "og:image:url", "og:image:secure_url", "twitter:image"):
        for rank, image in enumerate(document.metas.get(tag, ())[:MAX_IMAGES]):
            sheet.add("image", image.strip(), METHOD, 2.0 - 0.1 * min(rank, 5), "", tag)

"""Product numbers that no label announces: in class-marked texts, order forms and the page's address.

What belongs here: numbers a shop uses for itself. What a reader can see outweighs what only machines are told:
shops print the number that their staff and customers use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, Element, place_of, squeeze, text_of
from arb_pipelines.scraping.extraction.labels import clean_value
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import split_marks

_SKU_MARKS = re.compile(
    r"(?<![a-z])(?:sku|prodcode|prd-code|reference|partno|itemno"
    r"|(?:product|item|article|art|catalog|cat|stock|style|model)"
    r"[-_ ]?(?:code|reference|ref|number|num|no|nr|sku|id))(?![a-z])"
)
_CODE = re.compile(r"(?=[\w./-]*\d)[\w./-]{3,30}")
_FORM_FIELD = re.compile(
    r"^(?:product|prod|item|article|sku|pid|add-to-cart|addproduct|goods)(?:[-_]?(?:id|no|code|number|sku|nr))?$",
    re.IGNORECASE,
)
_URL_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{0,2}\d{5,}(?!\d)|\d{6,}|(?<=/[a-z])\d{5,}")
NEAR_HEADING = 400
OFTEN = 4


def propose_ids(document: Document, html: bytes, sheet: CandidateSheet, regions: Regions, heading: int | None) -> None:
    """Propose product numbers from marked texts, hidden form fields and the URL."""
    _propose_visible_markup(document, sheet)
    _propose_marked_texts(document, sheet, regions, heading)
    _propose_form_fields(document, sheet, regions)
    _propose_from_url(document, html, sheet)


def _propose_visible_markup(document: Document, sheet: CandidateSheet) -> None:
    """Propose what an itemprop element shows where it states something else in its `content`."""
    for element in document.properties:
        names = (element.get("itemprop") or "").split()
        for name, field_name in (("sku", "sku"), ("productID", "sku"), ("mpn", "mpn")):
            shown = text_of(element, 60) if name in names and element.get("content") else ""
            value = clean_value(field_name, shown) if shown else None
            if value and value != element.get("content"):
                sheet.add(field_name, value, "visible", 4.6, shown, place_of(element))


def _propose_marked_texts(document: Document, sheet: CandidateSheet, regions: Regions, heading: int | None) -> None:
    start = heading or 0
    for element, text, _ in document.texts_between(start - 60, start + NEAR_HEADING, longest=80):
        plain = text.strip()
        if not _CODE.fullmatch(plain):
            continue
        if _is_sku_marked(" ".join(element.attrib.values())) and not regions.is_aside(element):
            sheet.add("sku", plain, "marked", 4.2, plain, place_of(element))


@lru_cache(maxsize=8_192)
def _is_sku_marked(raw_marks: str) -> bool:
    return _SKU_MARKS.search(split_marks(raw_marks[:300])) is not None


def _propose_form_fields(document: Document, sheet: CandidateSheet, regions: Regions) -> None:
    values: dict[str, Element] = {}
    for field in document.root.iter("input"):
        if field.get("type") != "hidden" or _FORM_FIELD.match(field.get("name") or "") is None:
            continue
        value = squeeze(field.get("value"))
        if _CODE.fullmatch(value) and not regions.is_aside(field):
            values.setdefault(value, field)
    if len(values) == 1:
        value, field = next(iter(values.items()))
        sheet.add("sku", value, "form", 1.6, f"{field.get('name')}={value}", place_of(field))


def _propose_from_url(document: Document, html: bytes, sheet: CandidateSheet) -> None:
    """Propose the number in the page's address when the page keeps repeating it."""
    try:
        path = unquote(urlsplit(document.url).path)
    except ValueError:
        return
    runs = _URL_RUN.findall(path)
    if runs:
        run = runs[-1]
        is_known = run in sheet.values("sku") or _has_often(html, run.encode())
        sheet.add("sku", run, "url", 1.6 if is_known else 0.8, path, "url")


def _has_often(html: bytes, run: bytes) -> bool:
    """Return whether `run` stands in the page `OFTEN` times; the search stops there."""
    at = -1
    for _ in range(OFTEN):
        at = html.find(run, at + len(run) if at >= 0 else 0)
        if at < 0:
            return False
    return True

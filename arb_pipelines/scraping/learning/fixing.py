"""One corrected page makes a selector: the ways to the right value, tried on all saved pages, the best one kept.

What belongs here: choosing among what `rules.py` learned, and writing a rule as the selector of a declaration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.site_selectors import METHOD
from arb_pipelines.scraping.learning.labelled_page import LabelledPage
from arb_pipelines.scraping.learning.locators import quote
from arb_pipelines.scraping.learning.rules import Rule, learn_rules
from arb_pipelines.scraping.learning.site_folder import FIELDS, SavedPage, read_record, record_of

READ_BY_KIND = frozenset({"price", "list_price", "shipping", "availability"})  # `site_selectors` reads these itself
AMOUNTS = frozenset({"price", "list_price", "shipping"})


class NoSelectorError(ValueError):
    """No selector gives the value; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field of another saved page that the new selector reads differently."""

    file: str
    field: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class Fix:
    """A selector that gives the value on the corrected page, and what it changes on the other saved pages.

    `blind_pages` is how many of those show the field without the selector finding it.
    """

    selector: str
    changes: tuple[Change, ...]
    blind_pages: int = 0


def learn_selector(site: Site, field: str, value: str, page: SavedPage, others: Sequence[SavedPage]) -> Fix:
    """Return the selector for `field` that reads `value` off `page` and changes least on the `others`.

    Raises:
        NoSelectorError: the field is none that a selector reads, or the value stands nowhere on the page.
    """
    if field not in FIELDS:
        raise NoSelectorError(f"field '{field}' has no selector: give one of {', '.join(FIELDS)}")
    if field in AMOUNTS and _decimal(value) is None:
        raise NoSelectorError(f"'{value}' is no amount: write it with a dot and without a sign, such as 1234.50")
    rules = learn_rules([LabelledPage(page.html, {field: [value]}, page.url)]).get(field, [])
    if not rules:
        raise NoSelectorError(
            f"'{value}' stands nowhere on {page.url or page.file}: check the value, or name another page with --page"
        )
    selectors = list(dict.fromkeys(text for rule in rules if (text := selector_of(field, rule))))
    fixes = [fix for text in selectors if (fix := _try(site, field, value, text, page, others))]
    if not fixes:
        raise NoSelectorError(
            f"'{value}' stands on the page, but no selector reads exactly that: shorten it to what one place shows"
        )
    return min(fixes, key=lambda fix: (fix.blind_pages, len(fix.changes)))


def selector_of(field: str, rule: Rule) -> str | None:
    """Return a rule as CSS where that is enough, else as XPath; None when XPath cannot say it."""
    form, locator = rule.form, rule.locator
    if locator.css is not None:
        return locator.css
    if field in READ_BY_KIND or not (form.before or form.after):
        return locator.xpath if form.kind in ("text", "number", "stock") or field in READ_BY_KIND else None
    before, after = quote(form.before), quote(form.after)
    if before is None or after is None:
        return None
    text = f"normalize-space({locator.xpath})"
    text = f"substring-after({text}, {before})" if form.before else text
    return f"substring-before({text}, {after})" if form.after else text


def _try(site: Site, field: str, value: str, selector: str, page: SavedPage, others: Sequence[SavedPage]) -> Fix | None:
    """Return the fix when the selector gives the value on the page and is not blind on the others."""
    changed = replace(site, selectors={**site.selectors, field: selector})
    if not same_value(field, record_of(read_record(page, changed))[field], value):
        return None
    changes: list[Change] = []
    blind = 0
    for other in others:
        product = read_record(other, changed)
        found = record_of(product)
        methods = [evidence.method for evidence in product.evidence.get(field, ())]
        blind += found[field] is not None and METHOD not in methods[:1]
        names = [n for n in FIELDS if n in other.expected and not same_value(n, found[n], other.expected[n])]
        changes += [Change(other.file, name, other.expected[name], found[name]) for name in names]
    return Fix(selector, tuple(changes), blind)


def same_value(field: str, found: str | None, wanted: str | None) -> bool:
    """Return whether two values of a field are the same; amounts compare as numbers."""
    if field in AMOUNTS and found is not None and wanted is not None:
        return _decimal(found) == _decimal(wanted)
    return found == wanted


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None

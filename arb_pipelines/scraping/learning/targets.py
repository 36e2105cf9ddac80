"""Where on a page a labelled value stands: in a text, in an element's whole text, or in an attribute.

What belongs here: finding the places. How to find such a place again on another page is `locators.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from arb_pipelines.scraping.extraction.document import Element, squeeze
from arb_pipelines.scraping.learning.forms import LONGEST_SLACK, Form, forms_for
from arb_pipelines.scraping.learning.labelled_page import ATTRIBUTES, SILENT_TAGS, PageTree

MAX_TARGETS = 24
MAX_CHILDREN = 12


@dataclass(frozen=True, slots=True)
class Target:
    """A place that holds a value: `access` is the last step of an XPath from `element` to it.

    `position` is the place's number among the page's texts, None where the value is no single text.
    """

    element: Element
    access: str
    raw: str
    form: Form
    position: int | None = None


def find_targets(tree: PageTree, value: str) -> list[Target]:
    """Return the places that give `value`, the plainest forms first, at most `MAX_TARGETS` of them."""
    wanted = squeeze(value)
    if not wanted:
        return []
    found = [*_in_texts(tree, wanted), *_in_attributes(tree, wanted)]
    if not any(target.form.kind == "text" and not target.form.before for target in found):
        found += _in_elements(tree, wanted)
    found.sort(key=lambda target: -target.form.weight)
    return found[:MAX_TARGETS]


def _in_texts(tree: PageTree, value: str) -> Iterator[Target]:
    for position, node in enumerate(tree.texts):
        for form in forms_for(node.text, value):
            yield Target(node.owner, f"text()[normalize-space()][{node.number}]", node.text, form, position)


def _in_attributes(tree: PageTree, value: str) -> Iterator[Target]:
    for element in tree.root.iter():
        if not isinstance(element.tag, str) or element.tag in SILENT_TAGS:
            continue
        for name, raw in element.items():
            if name not in ATTRIBUTES and not name.startswith("data-"):
                continue
            text = squeeze(raw)
            for form in forms_for(text, value):
                if _fits_attribute(name, form):
                    yield Target(element, f"@{name}", text, form)


def _fits_attribute(name: str, form: Form) -> bool:
    """Return whether a value may be read so from this attribute: a link or class name says less than it seems."""
    if name == "class":
        return form.kind == "word" or bool(form.before)
    if name in ("href", "src"):
        return form.kind == "text" and not form.after
    return ":" not in name


def _in_elements(tree: PageTree, value: str) -> Iterator[Target]:
    """Yield the smallest elements whose joined text gives a value that several texts make up (`$12` `.99`)."""
    for element in tree.root.iter("span", "div", "p", "td", "li", "dd", "h1", "h2", "h3", "b", "strong", "ins", "a"):
        if not 0 < len(element) <= MAX_CHILDREN:
            continue
        text = squeeze("".join(element.itertext()))
        if len(text) > len(value) + LONGEST_SLACK // 4:
            continue
        for form in forms_for(text, value):
            yield Target(element, "", text, replace(form, weight=0.8 * form.weight))

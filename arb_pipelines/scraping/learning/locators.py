"""Ways to find a place again on another page of the same site, each with how far it is to be trusted.

What belongs here: from an element and its surroundings to XPaths: ids, marks and classes, the label in front of
a value, an anchored path, and as a last resort the bare position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from arb_pipelines.scraping.extraction.document import Element
from arb_pipelines.scraping.learning.labelled_page import PageTree
from arb_pipelines.scraping.learning.targets import Target

LONGEST_LABEL = 40
MAX_ANCESTORS = 6
_MARKS = ("itemprop", "property", "name", "rel", "itemtype", "data-testid", "data-test", "data-qa", "data-role")
_LABEL_TAGS = frozenset({"strong", "b", "th", "dt", "label", "em", "h2", "h3", "h4", "h5", "h6", "u"})
_NAME_TAGS = frozenset({"h1", "title"})  # their text is this page's alone
# Names made by a build step or a row number (`css-1x9f3a`, `item_48213`) do not come back on the next page.
_MADE_UP = re.compile(r"\d{3,}|^(?:css|sc|jsx|emotion|svelte)-|[0-9][a-z][0-9]|[A-Z][a-z]?\d[A-Za-z\d]*$")
_STATE_CLASSES = frozenset({"active", "first", "last", "odd", "even", "selected", "current", "open", "hidden"})


@dataclass(frozen=True, slots=True)
class Locator:
    """An XPath to a place; `family` names the idea behind it, `weight` (0 to 1) how well such ideas travel.

    `css` is the same element as a CSS selector, None where CSS cannot say it.
    """

    xpath: str
    family: str
    weight: float
    css: str | None = None


def locators_of(tree: PageTree, target: Target) -> Iterator[Locator]:
    """Yield ways to find `target` again, each an XPath that begins at the page's root."""
    step = f"/{target.access}" if target.access else ""
    for anchor in _own_anchors(target.element):
        yield Locator(anchor.xpath + step, anchor.family, anchor.weight, anchor.css if _is_plain(target) else None)
    yield from _anchored_paths(target, step)
    if target.position is not None:
        yield from _label_locators(tree, target.position)
        yield from _inner_label(target)
    path = tree.root.getroottree().getpath(target.element)
    yield Locator(path + step, "position", 0.15)


def _is_plain(target: Target) -> bool:
    """Return whether the element as a whole says what the target says, so that a CSS selector is enough."""
    only_text = target.position is not None and len(target.element) == 0
    return target.form.kind in ("text", "number", "stock") and not target.form.before and not target.form.after and (
        only_text or not target.access or target.access == "@content"
    )  # fmt: skip


def _own_anchors(element: Element) -> Iterator[Locator]:
    """Yield what the element itself is called, the most telling name first."""
    tag = element.tag
    own_id = element.get("id")
    if own_id and is_stable(own_id) and (quoted := quote(own_id)):
        yield Locator(f"//*[@id={quoted}]", "id", 1.0, _css_id(own_id))
    for name in _MARKS:
        value = element.get(name)
        if value and is_stable(value) and (quoted := quote(value)):
            yield Locator(f"//{tag}[@{name}={quoted}]", "mark", 1.0, _css_mark(tag, name, value))
    classes = stable_classes(element)
    if len(classes) > 1:
        tests = "".join(f"[{_has_class(name)}]" for name in classes)
        yield Locator(f"//{tag}{tests}", "class", 0.9, f"{tag}.{'.'.join(classes)}" if _are_words(classes) else None)
    for name in classes:
        css = f"{tag}.{name}" if _are_words([name]) else None
        yield Locator(f"//{tag}[{_has_class(name)}]", "class", 0.85, css)
    if tag in ("h1", "title"):
        yield Locator(f"//{tag}", "tag", 0.8, tag)


def _anchored_paths(target: Target, step: str) -> Iterator[Locator]:
    """Yield paths that begin at the nearest named ancestors and go down by tag names, with and without numbers."""
    below, numbered = "", ""
    element = target.element
    found = 0
    for _ in range(MAX_ANCESTORS):
        parent = element.getparent()
        if parent is None or found == 2:
            return
        below = f"/{element.tag}{below}"
        numbered = f"/{element.tag}[{_number_among(element, parent)}]{numbered}"
        element = parent
        for anchor in list(_own_anchors(element))[:1]:
            found += 1
            css = f"{anchor.css} {below[1:].replace('/', ' > ')}" if anchor.css and _is_plain(target) else None
            yield Locator(anchor.xpath + below + step, "path", 0.7 * anchor.weight, css and css.replace(" ", " > ", 1))
            yield Locator(anchor.xpath + numbered + step, "numbered", 0.5 * anchor.weight)


def _number_among(element: Element, parent: Element) -> int:
    return next((n for n, sibling in enumerate(parent.iterchildren(element.tag), 1) if sibling is element), 1)


def _label_locators(tree: PageTree, position: int) -> Iterator[Locator]:
    """Yield "the text behind the text LABEL", for the one and two texts before the value."""
    for distance in (1, 2):
        if position < distance:
            return
        label = tree.texts[position - distance]
        if label.owner.tag in _NAME_TAGS or not _looks_like_label(label.text) or not (quoted := quote(label.text)):
            continue
        behind = tree.texts[position].text
        is_marked = label.text.endswith((":", "#")) or behind.startswith(":") or label.owner.tag in _LABEL_TAGS
        weight = (0.95 if is_marked else 0.6) * (1.0 if distance == 1 else 0.6)
        yield Locator(
            f"//text()[normalize-space()={quoted}]/following::text()[normalize-space()]"
            f"[not(parent::script or parent::style)][{distance}]",
            "label",
            weight,
        )
        tag = label.owner.tag
        if distance == 1 and label.owner.getparent() is not None:
            yield Locator(
                f"//{label.owner.getparent().tag}/{tag}[normalize-space()={quoted}]"
                "/following::text()[normalize-space()][1]",
                "label",
                weight,
            )


def _inner_label(target: Target) -> Iterator[Locator]:
    """Yield "the text that begins with LABEL" for a value that stands behind its label in one text."""
    label = target.form.before.strip()
    if target.raw.startswith(label) and _looks_like_label(label) and (quoted := quote(label)):
        weight = 0.95 if label.endswith((":", "#", "-")) else 0.7
        yield Locator(f"//text()[starts-with(normalize-space(), {quoted})]", "label", weight)


def _looks_like_label(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return 2 <= len(text) <= LONGEST_LABEL and letters >= 2 and re.search(r"\d{3}", text) is None


def is_stable(name: str) -> bool:
    """Return whether an id, class or mark is a name that other pages will have too."""
    return 1 < len(name) <= 60 and not _MADE_UP.search(name)


def stable_classes(element: Element) -> list[str]:
    """Return the classes of an element that are names, without those that say its state."""
    return [c for c in (element.get("class") or "").split() if is_stable(c) and c.lower() not in _STATE_CLASSES][:4]


def quote(text: str) -> str | None:
    """Return `text` as an XPath literal, None when it holds both kinds of quotes."""
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else None


def _has_class(name: str) -> str:
    return f'contains(concat(" ", normalize-space(@class), " "), " {name} ")' if '"' not in name else "false()"


def _are_words(names: list[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z_][\w-]*", name) for name in names)


def _css_id(name: str) -> str | None:
    return f"#{name}" if _are_words([name]) else None


def _css_mark(tag: str, name: str, value: str) -> str | None:
    return f'{tag}[{name}="{value}"]' if re.fullmatch(r"[\w:./-]+", value) else None

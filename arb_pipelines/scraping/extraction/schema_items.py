"""schema.org statements of a page as plain dictionaries: JSON-LD, microdata and RDFa in one form.

What belongs here: reading the markup. A microdata or RDFa item looks like its JSON-LD twin, plus `@element`.
extruct is not used: it loses where on the page an item stands, one broken JSON-LD block makes it raise for the
page, and importing it costs half a second in every crawl process.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import chompjs
import orjson

from arb_pipelines.scraping.extraction.document import Document, Element, place_of, squeeze, text_of

MAX_DEPTH = 12
MAX_NODES = 3_000
_JUNK = re.compile(r"^\s*(?://\s*)?(?:<!\[CDATA\[|<!--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$")
_SOURCE_ATTRIBUTE = {
    "meta": "content", "audio": "src", "embed": "src", "iframe": "src", "img": "src", "source": "src", "video": "src",
    "a": "href", "area": "href", "link": "href", "object": "data", "data": "value", "meter": "value",
    "time": "datetime",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SchemaNode:
    """One item: its data, how it was written, and the property names that lead to it from the top."""

    data: dict[str, Any]
    method: str
    path: tuple[str, ...]
    place: str

    @property
    def types(self) -> set[str]:
        """The item's types in lower case, without their vocabulary."""
        return {
            str(kind).rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()
            for kind in as_list(self.data.get("@type"))
        }


def as_list(value: Any) -> list[Any]:
    """Return `value` as a list: itself, one element, or empty for None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_schema_nodes(document: Document) -> list[SchemaNode]:
    """Return every item of the page, outer before inner, JSON-LD first."""
    nodes: list[SchemaNode] = []
    for number, block in enumerate(_json_ld_blocks(document)):
        nodes.extend(_flatten(block, "json-ld", f"json-ld[{number}]"))
    for item in _markup_items(document):
        method = "microdata" if item["@element"].get("itemscope") is not None else "rdfa"
        nodes.extend(_flatten(item, method, place_of(item["@element"])))
    return nodes


def _flatten(data: Any, method: str, place: str) -> Iterator[SchemaNode]:
    stack: list[tuple[Any, tuple[str, ...]]] = [(data, ())]
    count = 0
    while stack and count < MAX_NODES:
        value, path = stack.pop()
        if isinstance(value, list):
            stack.extend((inner, path) for inner in reversed(value))
        elif isinstance(value, dict):
            count += 1
            yield SchemaNode(value, method, path, place)
            if len(path) < MAX_DEPTH:
                inner = [(v, (*path, k)) for k, v in value.items() if isinstance(v, (dict, list)) and k != "@element"]
                stack.extend(reversed(inner))


def _json_ld_blocks(document: Document) -> Iterator[Any]:
    for script in document.scripts:
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        block = read_json(script.text)
        if block is not None:
            yield block


def read_json(text: str) -> Any:
    """Return the value that sloppy JSON spells (comments, trailing commas, escaped quotes), None when none."""
    text = text.strip()
    if text[-1:] not in ("}", "]") or text[:1] not in ("{", "["):
        text = _JUNK.sub("", _JUNK.sub("", text)).strip().rstrip(";")
    for attempt in (_strict, _unescaped, _javascript):
        try:
            return attempt(text)
        except (ValueError, RecursionError, MemoryError, AttributeError, TypeError, IndexError):
            continue
    return None


def _strict(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # also what is not quite JSON: line breaks in strings, NaN
        return json.loads(text, strict=False)


def _unescaped(text: str) -> Any:
    return json.loads(html.unescape(text), strict=False)


def _javascript(text: str) -> Any:
    return chompjs.parse_js_object(text, loader_kwargs={"strict": False})


def _markup_items(document: Document) -> list[dict[str, Any]]:
    """Return the top-level microdata and RDFa items; nested ones are values in them."""
    items: dict[Element, dict[str, Any]] = {}
    for scope in document.scopes[:MAX_NODES]:
        types = (scope.get("itemtype") or scope.get("typeof") or "").split()
        items[scope] = {"@type": types, "@element": scope}
    nested: set[Element] = set()
    for element in document.properties:
        names = (element.get("itemprop") or element.get("property") or "").split()
        owner = _owner(element, items)
        if owner is None:
            continue
        value: Any = items[element] if element in items else _value_of(element, document.url)
        if element in items:
            nested.add(element)
        for name in names:
            _append(items[owner], name.rsplit(":", 1)[-1], value)
    return [item for scope, item in items.items() if scope not in nested]


def _owner(element: Element, items: dict[Element, dict[str, Any]]) -> Element | None:
    step = element.getparent()
    while step is not None:
        if step in items:
            return step
        step = step.getparent()
    return None


def _append(item: dict[str, Any], name: str, value: Any) -> None:
    if name in item:
        item[name] = [*as_list(item[name]), value]
    else:
        item[name] = value


def _value_of(element: Element, base_url: str) -> str:
    content = element.get("content")
    if content is not None:
        return squeeze(content)
    attribute = _SOURCE_ATTRIBUTE.get(element.tag)
    if attribute is None:
        return text_of(element, limit=5_000)
    value = squeeze(element.get(attribute))
    if attribute in ("src", "href") and value:
        try:
            return urljoin(base_url, value)
        except ValueError:
            return value
    return value or text_of(element, limit=500)

"""One page, parsed once: its tree and what a single walk over it finds.

What belongs here: decoding, parsing and the facts that every reader of the page needs (scripts, meta tags,
headings, where numbers stand). What the facts mean is decided elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from arb_pipelines.scraping.extraction.trees import repaired, tree_of

MAX_HTML_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 60_000
MAX_MARK_CHARS = 500
SKIPPED_TAGS = frozenset({"script", "style", "template", "svg", "textarea", "iframe", "noscript", "option", "head"})
# Taken out before the walk: a page full of icons is mostly these.
_WORDLESS_TAGS = ("svg", "style", "template", "noscript", "iframe", "picture")
BLOCK_TAGS = frozenset(
    {
        "div",
        "p",
        "li",
        "tr",
        "td",
        "th",
        "dd",
        "dt",
        "br",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
        "h4",
        "table",
        "ul",
        "dl",
    }
)
_MARKS = frozenset({"class", "id", "itemprop"})
# By attribute axis: `//*[@itemprop]` takes four times as long, a comparison in it ten times.
_ITEM_SCOPES = etree.XPath("/descendant::*/@itemscope/..")
_ITEM_PROPERTIES = etree.XPath("/descendant::*/@itemprop/..")
_RDFA_SCOPES = etree.XPath("/descendant::*/@typeof/..")
_RDFA_PROPERTIES = etree.XPath("/descendant::*/@property/..")
Element = Any  # lxml has no types


@dataclass(slots=True)
class Document:
    """A parsed page. `positions` numbers the elements in document order; lists are in the order of reading."""

    root: Element
    url: str
    title: str = ""
    lang: str = ""
    scripts: list[Element] = field(default_factory=list)
    metas: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    headings: list[Element] = field(default_factory=list)
    scopes: list[Element] = field(default_factory=list)  # itemscope or typeof
    properties: list[Element] = field(default_factory=list)  # itemprop or property
    texts: list[tuple[Element, str, int]] = field(default_factory=list)  # (element that shows it, text, its position)
    reached: list[int] = field(default_factory=list)  # the last element begun before each of the texts
    positions: dict[Element, int] = field(default_factory=dict)

    def texts_between(self, first: int, last: int, longest: int) -> Iterator[tuple[Element, str, int]]:
        """Yield those of `texts_in` from `first` to `last` that have at most `longest` characters."""
        return (item for item in self.texts_in(range(first, last + 1)) if len(item[1]) <= longest)

    def texts_in(self, span: range) -> list[tuple[Element, str, int]]:
        """Return the texts that stand in and between the elements of `span`."""
        first, last = bisect_left(self.reached, span.start), bisect_right(self.reached, span.stop - 1)
        return [item for item in self.texts[first:last] if item[2] >= span.start]

    def meta(self, *names: str) -> str | None:
        """Return the first content of the first of the meta tags `names` (name, property or itemprop)."""
        for name in names:
            for content in self.metas.get(name, ()):
                if content.strip():
                    return content.strip()
        return None


def decode(html: bytes, declared: str | None = None) -> bytes:
    """Return `html` as clean UTF-8 without NULs, whatever it was and whatever it claims to be.

    Bytes that are valid UTF-8 are UTF-8, against any claim; else the byte order mark, the HTTP header's
    charset (`declared`), the page's own meta tag and windows-1252 are believed in this order.
    """
    html = html[:MAX_HTML_BYTES]
    encoding, bom = read_bom(html)
    if encoding is None and html[1:400:2].count(0) > 150:
        encoding = "utf-16-le"
    if encoding is None:
        try:
            html.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start >= len(html) - 4:
                return html[: error.start].replace(b"\0", b"")
            named = resolve_encoding(declared) if declared else None
            encoding = named or html_body_declared_encoding(html) or "cp1252"
        else:
            return html.replace(b"\0", b"")
    text = html[len(bom or b"") :].decode(encoding, "replace")
    return text.replace("\0", "").encode("utf-8", "replace")


def parse(html: bytes, url: str, declared: str | None = None) -> Document | None:
    """Return the parsed page, or None when it holds no element at all (empty, or no markup)."""
    clean = decode(html, declared)
    if b"<" not in clean:
        return None
    root = tree_of(clean)
    root = tree_of(repaired(clean)) if root is None else root
    if root is None:
        return None
    etree.strip_elements(root, *_WORDLESS_TAGS, with_tail=False)
    document = Document(root, url, lang=(root.get("lang") or "").strip())
    document.url = url or _own_address(root)
    _walk(document)
    _note_items(document, has_microdata=b"itemscope" in clean or b"itemScope" in clean)
    return document


def _own_address(root: Element) -> str:
    """Return the address that the page gives itself, for a page whose address is not known."""
    for link in root.xpath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content"):
        if link.strip().startswith("http"):
            return str(link.strip())
    return ""


def _walk(document: Document) -> None:
    """Visit every element once. The loop is the hot path of a page, so it calls nothing it need not."""
    elements = list(islice(document.root.iter(), MAX_ELEMENTS))
    document.positions = positions = dict(zip(elements, count(), strict=False))
    texts, reached = document.texts, document.reached
    late: dict[int, list[tuple[Element, str, int]]] = {}  # texts behind an element that holds others
    for position, element in enumerate(elements):
        text = element.text
        if text and not text.isspace() and element.tag not in SKIPPED_TAGS:
            texts.append((element, text, position))
            reached.append(position)
        tail = element.tail
        if tail and not tail.isspace():
            parent = element.getparent()
            behind = (parent, tail, positions.get(parent, position))
            if len(element):
                late.setdefault(positions.get(_last_inside(element), position), []).insert(0, behind)
            else:
                texts.append(behind)
                reached.append(position)
        if late and position in late:
            texts.extend(late[position])
            reached.extend([position] * len(late[position]))
    for element in islice(document.root.iter(*_COLLECTORS), MAX_ELEMENTS):
        _COLLECTORS[element.tag](document, element)


def _last_inside(element: Element) -> Element:
    """Return the last element inside `element`, itself when it holds none: a tail is read after it."""
    while len(element):
        element = element[-1]
    return element


def _note_items(document: Document, has_microdata: bool) -> None:
    """Note where schema.org items and their properties stand, in microdata and RDFa."""
    scopes: set[Element] = set()
    properties: set[Element] = set()
    if has_microdata:
        scopes.update(_ITEM_SCOPES(document.root))
        properties.update(e for e in _ITEM_PROPERTIES(document.root) if e.get("itemprop"))
    typed = [element for element in _RDFA_SCOPES(document.root) if element.get("typeof")]
    if typed:
        scopes.update(typed)
    if scopes:
        properties.update(e for e in _RDFA_PROPERTIES(document.root) if e.get("property"))
    at = document.positions
    document.scopes = sorted((e for e in scopes if e in at), key=at.__getitem__)
    document.properties = sorted((e for e in properties if e in at), key=at.__getitem__)


def _note_meta(document: Document, element: Element) -> None:
    content = element.get("content")
    if content is None:
        return
    for attribute in ("property", "name", "itemprop"):
        name = element.get(attribute)
        if name:
            document.metas[name.strip().lower()].append(content)


def _note_title(document: Document, element: Element) -> None:
    if not document.title and element.text:
        document.title = squeeze(element.text)


def _note_script(document: Document, element: Element) -> None:
    document.scripts.append(element)


def _note_heading(document: Document, element: Element) -> None:
    document.headings.append(element)


_COLLECTORS = {
    "meta": _note_meta,
    "title": _note_title,
    "script": _note_script,
    "h1": _note_heading,
    "h2": _note_heading,
}


def squeeze(text: str | None) -> str:
    """Return `text` with every run of white space as one blank, trimmed."""
    return " ".join(text.split()) if text else ""


def text_of(element: Element, limit: int = 2_000) -> str:
    """Return the text that a reader sees of `element`, white space squeezed, at most `limit` characters."""
    pieces: list[str] = []
    size = 0
    for piece in _pieces(element):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            break
    return squeeze("".join(pieces))[:limit]


def _pieces(element: Element) -> Iterator[str]:
    if element.tag in SKIPPED_TAGS:
        return
    if element.text:
        yield element.text
    for child in element:
        is_block = child.tag in BLOCK_TAGS
        if is_block:
            yield " "
        yield from _pieces(child)
        if is_block:
            yield " "
        if child.tail:
            yield child.tail


def marks_of(element: Element) -> str:
    """Return class, id and short data attributes of `element` as written, joined by blanks.

    See `vocabulary.mark_names` for what they say.
    """
    marks = []
    for name, value in element.items():
        if name in _MARKS or (name.startswith("data-") and _is_name(value)):
            marks.append(value)
    return " ".join(marks)[:MAX_MARK_CHARS] if marks else ""


def _is_name(value: str) -> bool:
    """Return whether a data attribute holds a name (`old-price`), not a number that no two elements share."""
    return len(value) <= 40 and (value.isalpha() or value.replace("-", "").replace("_", "").isalpha())


def place_of(element: Element) -> str:
    """Return a short path to `element`, its last three steps, for a person to find it again."""
    steps: list[str] = []
    step = element
    while step is not None and len(steps) < 3:
        name = str(step.tag)
        if step.get("id"):
            steps.append(f"{name}#{step.get('id')}"[:60])
            break
        first_class = (step.get("class") or "").split()[:1]
        steps.append(f"{name}.{first_class[0]}"[:60] if first_class else name)
        step = step.getparent()
    return ">".join(reversed(steps))

"""The walk over a page: texts in the order of reading, items of schema.org, and markup that lxml refuses."""

from __future__ import annotations

import pytest

from arb_pipelines.scraping.extraction.document import Document, parse, squeeze
from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read


def _parsed(html: str) -> Document:
    document = parse(html.encode(), "")
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>a<b>b</b>c<i>d</i>e</p>", "a b c d e"),
        ("<p><b><i>a</i></b>b</p>c", "a b c"),
        ("<div><p><b><i>a</i>b</b>c</p>d</div>e", "a b c d e"),
        ("<p>a<br>b<br>c</p>", "a b c"),
    ],
)
def test_texts_come_in_the_order_of_reading(html: str, words: str) -> None:
    assert " ".join(squeeze(text) for _, text, _ in _parsed(html).texts) == words


def test_texts_between_two_elements() -> None:
    document = _parsed("<p>a</p><p>b</p><p>long words</p><p>c</p>")
    places = {text: at for _, text, at in document.texts}
    found = [text for _, text, _ in document.texts_between(places["b"], places["c"], longest=5)]
    assert found == ["b", "c"]


def test_items_are_noted_in_document_order_and_empty_properties_are_none() -> None:
    document = _parsed(
        "<div typeof='Product'><b property='name'>x</b></div>"
        "<div itemscope><i itemprop='sku'>1</i><i itemprop=''>2</i></div>"
    )
    assert [(e.get("typeof"), e.get("itemscope")) for e in document.scopes] == [("Product", None), (None, "")]
    assert [e.text for e in document.properties] == ["x", "1"]


@pytest.mark.parametrize("opening", [b"<!-- begin -- >", b"<!-- "])
def test_a_comment_that_never_ends_hides_nothing(opening: bytes) -> None:
    record = read(opening + page("<h1>Blue Kettle 1.7 l</h1>" + json_ld(product()))).product
    assert (record.name, record.price) == ("Blue Kettle 1.7 l", "24.90")


@pytest.mark.parametrize("html", ["", "no markup", "<!-- nothing", "< "])
def test_nothing_is_no_document(html: str) -> None:
    document = parse(html.encode(), "")
    assert document is None or not [e for e in document.root.iter() if e.tag not in ("html", "body", "p")]

"""Numbers and sellers that the text states as label and value."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.scraping.extraction.pages import page, read

HEADING = "<h1>Blue Kettle 1.7 l</h1><div class='price'>€24.90</div>"


@pytest.mark.parametrize(
    "text", ["Item no. K-99", "Item no K-99", "SKU K-99", "Item number: K-99", "<b>Item no.</b> K-99", "Art. Nr. K-99"]
)
def test_a_number_behind_its_label(text: str) -> None:
    assert read(page(f"{HEADING}<p>{text}</p>")).product.sku == "K-99"


@pytest.mark.parametrize("text", ["Part 2", "Model 300", "Item 55 of 60", "Style no. 5 colours", "Item 120"])
def test_words_that_only_begin_like_a_label(text: str) -> None:
    record = read(page(f"{HEADING}<p>{text}</p>")).product
    assert (record.sku, record.mpn) == (None, None)


def test_a_barcode_behind_its_label() -> None:
    assert read(page(f"{HEADING}<p>EAN 4006381333931</p>")).product.gtin == "4006381333931"


@pytest.mark.parametrize(
    ("value", "seller"),
    [
        ("Acme Trading", "Acme Trading"),
        ("Seller Rating", None),
        ("Rating", None),
        ("information", None),
        ("4.9", None),
    ],
)
def test_what_stands_behind_seller_must_be_a_name(value: str, seller: str | None) -> None:
    body = f"{HEADING}<div><b>Seller</b> <span>{value}</span></div>"
    assert read(page(body)).product.seller == seller

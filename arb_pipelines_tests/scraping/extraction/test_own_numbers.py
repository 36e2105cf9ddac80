"""Part numbers and GTINs that are the shop's own or one variant's are not the product's."""

from __future__ import annotations

from typing import Any

from arb_pipelines_tests.scraping.extraction.pages import json_ld, page, product, read

H1 = "<h1>Blue Kettle 1.7 l</h1>"
GTINS = ("4006381333931", "4006381333948", "4006381333955")


def with_variants(**own: Any) -> str:
    offers = [
        {"@type": "Offer", "price": "24.90", "priceCurrency": "EUR", "gtin13": gtin, "mpn": f"AB-{number}"}
        | ({"price": "25.90"} if number else {})
        for number, gtin in enumerate(GTINS)
    ]
    plain = {key: value for key, value in product().items() if key != "gtin13"}
    return json_ld(plain | {"offers": offers} | own)


def test_digits_that_are_also_the_sku_are_no_part_number() -> None:
    assert read(page(H1, json_ld(product(sku="238368885", mpn="238368885")))).product.mpn is None
    assert read(page(H1, json_ld(product(sku="K-17", mpn="K-17")))).product.mpn == "K-17"
    assert read(page(H1, json_ld(product(sku="238368885", mpn="21333416")))).product.mpn == "21333416"


def test_a_part_number_that_a_reader_sees_counts() -> None:
    shown = "<p>Manufacturer part number: 238368885</p>"
    assert read(page(H1 + shown, json_ld(product(sku="238368885")))).product.mpn == "238368885"


def test_numbers_of_several_variants_are_not_the_page_s() -> None:
    record = read(page(H1, with_variants())).product
    assert (record.gtin, record.mpn, record.price) == (None, None, "24.90")


def test_a_number_that_the_product_states_or_the_page_shows_is_its_own() -> None:
    assert read(page(H1, with_variants(gtin13=GTINS[1]))).product.gtin == GTINS[1]
    assert read(page(f"{H1}<p>EAN: {GTINS[2]}</p>", with_variants())).product.gtin == GTINS[2]

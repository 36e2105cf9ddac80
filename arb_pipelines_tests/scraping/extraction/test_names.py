"""The product's name among headings and titles."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.scraping.extraction.pages import page, read

PRICE = "<div class='price'>€24.90</div>"


@pytest.mark.parametrize(
    "heading",
    [
        "<h1>Blue Kettle 1.7 l<span>- <a href='#' onclick='x()'>show original title</a></span></h1>",
        "<h1><span class='hidden'>Details about </span>Blue Kettle 1.7 l</h1>",
        "<h1>Blue Kettle 1.7 l <button>Share</button></h1>",
        "<h1><a href='/p/blue-kettle'>Blue Kettle 1.7 l</a></h1>",
    ],
)
def test_controls_and_hidden_words_are_no_part_of_the_name(heading: str) -> None:
    assert read(page(heading + PRICE)).product.name == "Blue Kettle 1.7 l"


def test_a_menus_heading_is_not_the_product() -> None:
    menu = "<ul><li><h1>Sale</h1></li><li><h1>Kitchen</h1></li></ul>"
    head = "<meta property='og:title' content='Blue Kettle 1.7 l'>"
    assert read(page(menu + PRICE, head)).product.name == "Blue Kettle 1.7 l"


def test_a_lone_heading_is_believed_without_a_title() -> None:
    assert read(page("<h1>Red Pan</h1>" + PRICE, title="Shop")).product.name == "Red Pan"

"""Buttons that take an order, and those that only look like it."""

from __future__ import annotations

import pytest

from arb_pipelines_tests.scraping.extraction.pages import page, read

TOP = "<h1>Blue Kettle 1.7 l</h1><div class='price'>€ 24,90</div>"


@pytest.mark.parametrize(
    "button",
    [
        "<button id='button-cart'>→</button>",
        "<a href='javascript:addToCart(7)'>+</a>",
        "<a onclick='buy_now(3)' href='#'>+</a>",
        "<button>In den Warenkorb</button>",
        "<button>Naroči</button>",
        "<input type='image' alt='Add to cart'>",
        "<button>Anbieter kontaktieren</button>",
        "<a class='btn' href='/m'>Contact seller</a>",
        "<button>カートに追加</button>",
    ],
)
def test_a_button_that_takes_an_order_is_stock(button: str) -> None:
    availability = read(page(TOP + button)).product.availability
    assert availability is not None
    assert availability.value == "InStock"


@pytest.mark.parametrize(
    "button",
    [
        "<a class='add-to-wishlist btn' href='#'>♥</a>",
        "<button class='add-to-compare'>=</button>",
        "<a href='/cart'>Cart</a>",
        "<button>Subscribe</button>",
        "<a href='javascript:history.back()'>back</a>",
    ],
)
def test_other_buttons_say_nothing(button: str) -> None:
    assert read(page(TOP + button)).product.availability is None


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Notify me when available", "OutOfStock"),
        ("Stok habis", "OutOfStock"),
        ("Předobjednávka", "PreOrder"),
        ("Takoj dobavljivo", "InStock"),
        ("Only 3 left", "LimitedAvailability"),
        ("Bajo pedido", "BackOrder"),
        ("End of life", "Discontinued"),
        ("現貨", "InStock"),
    ],
)
def test_stock_in_words(words: str, state: str) -> None:
    availability = read(page(f"{TOP}<p class='stock'>{words}</p>")).product.availability
    assert availability is not None
    assert availability.value == state

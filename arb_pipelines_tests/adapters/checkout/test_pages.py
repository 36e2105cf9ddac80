"""What cannot be read in full is an error, never an empty list."""

from __future__ import annotations

import tomllib
from types import SimpleNamespace
from typing import Any

import pytest

from arb_pipelines.adapters.checkout.pages import read_cart, read_history
from arb_pipelines.adapters.checkout.recipe import build_recipe
from arb_pipelines.adapters.checkout.session import SurpriseError
from arb_pipelines.sandbox.checkout.pages import RECIPE

ORDER = {
    "order_id": "C-1",
    "sku": "K",
    "quantity": "2",
    "total": "$29.00",
    "placed_at": "2026-05-01T12:00:00+00:00",
    "delivered_at": None,
    "reference": None,
}


def visit_to(rows: list[dict[str, Any]], *shown: str) -> Any:
    """A visit whose page has these rows and shows these selectors."""
    return SimpleNamespace(
        recipe=build_recipe(tomllib.loads(RECIPE), "https://shop.example"),
        page=SimpleNamespace(url="https://shop.example/orders", evaluate=lambda script, groups: [rows]),
        shows=lambda selector: selector in shown,
        open=lambda address: None,
        require_signed_in=lambda: None,
    )


def test_a_cart_is_full_or_says_that_it_is_empty() -> None:
    line = {"sku": "K", "quantity": "2"}
    assert read_cart(visit_to([line])) == [("K", 2)]
    assert read_cart(visit_to([], "#cart-empty")) == []
    for unclear in (visit_to([]), visit_to([line], "#cart-empty")):
        with pytest.raises(SurpriseError) as caught:
            read_cart(unclear)
        assert caught.value.code == "cart_unreadable"


def test_a_history_without_its_list_is_unreadable() -> None:
    assert read_history(visit_to([], "#orders")) == []
    with pytest.raises(SurpriseError) as caught:
        read_history(visit_to([]))
    assert caught.value.code == "history_unreadable"


@pytest.mark.parametrize("name", ["order_id", "sku", "quantity", "total", "placed_at"])
def test_an_order_with_a_field_missing_is_unreadable(name: str) -> None:
    assert len(read_history(visit_to([ORDER], "#orders"))) == 1
    with pytest.raises(SurpriseError) as caught:
        read_history(visit_to([ORDER | {name: None}], "#orders"))
    assert caught.value.code == "history_unreadable"

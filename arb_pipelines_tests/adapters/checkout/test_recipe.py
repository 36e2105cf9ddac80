"""A recipe is complete or not used."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.adapters.checkout.recipe import RecipeError, build_recipe, load_recipe
from arb_pipelines.sandbox.checkout.pages import RECIPE

SHOP = "https://shop.example"


def without(part: str, name: str) -> Callable[[dict[str, Any]], None]:
    return lambda raw: raw[part].pop(name)


def setting(part: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda raw: raw.update({part: value})


@pytest.mark.parametrize(
    "change, message",
    [
        (without("review", "submits_to"), "review.submits_to is missing"),
        (without("login", "signed_in"), "login.signed_in is missing"),
        (lambda raw: raw.pop("history"), r"\[history\] is missing"),
        (lambda raw: raw["cart"].update(lines="x"), "cart.lines is not a known field"),
        (setting("code", "x"), "unknown field 'code'"),
        (setting("currencies", {}), "currencies"),
        (setting("decimal_mark", ";"), "decimal_mark"),
        (setting("steps", "x"), "steps must be a list"),
        (setting("steps", ["#place-order"]), "last page alone"),
        (lambda raw: raw["review"].update(submits_to="checkout/place"), "must be a path"),
    ],
)
def test_what_is_wrong_is_said(change: Callable[[dict[str, Any]], None], message: str) -> None:
    raw = tomllib.loads(RECIPE)
    change(raw)
    with pytest.raises(RecipeError, match=message):
        build_recipe(raw, SHOP)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"shop\.toml: cannot be read"):
        load_recipe(tmp_path / "shop.toml", SHOP)
    (tmp_path / "shop.toml").write_text("[login")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(tmp_path / "shop.toml", SHOP)


@pytest.mark.parametrize(
    "url, allowed",
    [
        ("https://shop.example/cart", True),
        ("https://pay.example/frame", True),
        ("http://shop.example/cart", False),
        ("https://shop.example:8443/cart", False),
        ("http://pay.example/frame", False),
        ("https://shop.example.evil.example/", False),
        ("https://shop.example@evil.example/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_visit_stays_at_the_shop(url: str, allowed: bool) -> None:
    recipe = build_recipe(tomllib.loads(RECIPE) | {"hosts": ["pay.example"]}, SHOP)
    assert recipe.allows(url) is allowed

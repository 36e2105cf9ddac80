"""Declarations of the sandbox's shops for the site registry, one TOML file a shop.

What belongs here: writing the files. Files of an earlier sandbox in the same folder are removed first; no other
file is touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arb_pipelines.sandbox.assortment import PageShape, Shop, StockedItem
from arb_pipelines.sandbox.hostile.attacks import ATTACKS
from arb_pipelines.sandbox.pages.listings import DEFAULT_PATTERN, PRODUCT_PATTERNS, start_paths
from arb_pipelines.sandbox.pages.visible_shapes import SELECTORS

MARKER = "# Written by the sandbox at each start; changes are lost.\n"
PAGES_A_VISIT = 5
DELAY_S = 0.1  # the sandbox's shops grant this; a real site is read far more slowly


@dataclass(frozen=True, slots=True)
class Declared:
    """What the declaration of one shop is written from; `shape` is that of its pages now."""

    shop: Shop
    url: str
    items: Sequence[StockedItem] = ()
    shape: PageShape | None = None


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """How the shops are to be visited: seconds between visits and between pages, product pages a visit."""

    interval_s: int = 300
    pages_per_visit: int = PAGES_A_VISIT
    delay_s: float = DELAY_S


def write_sites(directory: Path, shops: Mapping[str, Declared], plan: VisitPlan) -> int:
    """Write one file for each shop (by key) and return how many.

    Raises:
        OSError: the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("shop-*.toml"):
        if old.stem not in shops and old.read_text(encoding="utf-8").startswith(MARKER):
            old.unlink()
    for key, declared in shops.items():
        (directory / f"{key}.toml").write_text(site_text(declared, plan), encoding="utf-8")
    return len(shops)


def site_text(declared: Declared, plan: VisitPlan) -> str:
    """Return the declaration of one shop."""
    shop = declared.shop
    fields: dict[str, object] = {
        "key": shop.key,
        "name": shop.name,
        "url": declared.url,
        "site_class": "permitted",
        "shape": "listing",
        "start_urls": start_paths(shop, declared.items),
        "product_url_pattern": PRODUCT_PATTERNS.get(shop.shape, DEFAULT_PATTERN),
        "rendering": "browser" if shop.shape is PageShape.JAVASCRIPT else "static",
        "pages_per_visit": plan.pages_per_visit,
        "delay_s": plan.delay_s,
        "interval_s": plan.interval_s,
        "currency": shop.currency,
        "tax_rate": "0",
        "buyer": "sandbox",
    }
    if shop.hostile is not None:
        fields |= _hostile_visit(shop.hostile)
    lines = [f"{name} = {_toml_value(value)}" for name, value in fields.items()]
    selectors = SELECTORS.get(declared.shape or shop.shape)
    if selectors:
        lines += ["", "[selectors]", *(f"{name} = {_toml_value(value)}" for name, value in selectors.items())]
    return MARKER + "\n".join(lines) + "\n"


def _hostile_visit(kind: str) -> dict[str, object]:
    """Return where the attack waits: in a list of products, or in a product page that is visited at once."""
    if ATTACKS[kind].is_listing:
        return {"start_urls": ["/products"], "product_url_pattern": DEFAULT_PATTERN}
    return {"shape": "pages", "start_urls": ["/p/1"], "product_url_pattern": DEFAULT_PATTERN}


def _toml_value(value: object) -> str:
    """Write text, numbers and lists of text; for these, JSON and TOML are the same."""
    return json.dumps(value, ensure_ascii=False)

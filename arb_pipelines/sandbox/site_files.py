"""Declarations of the sandbox's shops for the site registry, one TOML file a shop.

What belongs here: writing the files. Files of an earlier sandbox in the same folder are removed first; no other
file is touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from arb_pipelines.sandbox.assortment import PageShape, Shop
from arb_pipelines.sandbox.pages.visible_shapes import SELECTORS

MARKER = "# Written by the sandbox at each start; changes are lost.\n"
PAGES_A_VISIT = 5
DELAY_S = 0.1  # the sandbox's shops grant this; a real site is read far more slowly


def write_sites(directory: Path, shops: Mapping[str, tuple[Shop, str]], interval_s: int) -> int:
    """Write one file for each shop (key -> shop and base address) and return how many.

    Raises:
        OSError: the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("shop-*.toml"):
        if old.stem not in shops and old.read_text(encoding="utf-8").startswith(MARKER):
            old.unlink()
    for key, (shop, url) in shops.items():
        (directory / f"{key}.toml").write_text(site_text(shop, url, interval_s), encoding="utf-8")
    return len(shops)


def site_text(shop: Shop, url: str, interval_s: int) -> str:
    """Return the declaration of one shop."""
    fields: dict[str, object] = {
        "key": shop.key,
        "name": shop.name,
        "url": url,
        "site_class": "permitted",
        "shape": "listing",
        "start_urls": ["/products"],
        "product_url_pattern": "/p/",
        "rendering": "browser" if shop.shape is PageShape.JAVASCRIPT else "static",
        "pages_per_visit": PAGES_A_VISIT,
        "delay_s": DELAY_S,
        "interval_s": interval_s,
        "currency": shop.currency,
        "tax_rate": "0",
        "buyer": "sandbox",
    }
    lines = [f"{name} = {_toml_value(value)}" for name, value in fields.items()]
    selectors = SELECTORS.get(shop.shape)
    if selectors:
        lines += ["", "[selectors]", *(f"{name} = {_toml_value(value)}" for name, value in selectors.items())]
    return MARKER + "\n".join(lines) + "\n"


def _toml_value(value: object) -> str:
    """Write text, numbers and lists of text; for these, JSON and TOML are the same."""
    return json.dumps(value, ensure_ascii=False)

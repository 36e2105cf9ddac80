"""Real pages with ground truth: how many fields come right, printed for the CI log, and a floor below them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines_tests.conftest import skip_or_fail
from arb_pipelines_tests.scraping.extraction.pages import read

SHARED = Path(os.environ.get("ARB_SHARED_DIR", Path(__file__).parents[4] / "shared"))
# A little below what is reached: price 62 of 64, availability 62 of 65, sku 60 of 64, brand 39 of 44, name 61 of 63.
FLOORS = {"price": 0.94, "currency": 0.95, "availability": 0.90, "sku": 0.90, "brand": 0.83, "name": 0.93}

pytestmark = pytest.mark.shared


def load_truths(name: str) -> tuple[Path, dict[str, dict[str, Any]]]:
    folder = SHARED / "pages" / name
    if not folder.is_dir():
        skip_or_fail(f"no saved pages at {folder}: set ARB_SHARED_DIR")
    return folder, json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))


def load_page(folder: Path, key: str) -> bytes:
    return gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes())


def accepted(truth: Mapping[str, Any], field: str) -> set[str]:
    value = truth.get(field) or []
    return {text.strip() for text in ([value] if isinstance(value, str) else value)}


def is_right(field: str, value: object, truth: set[str]) -> bool:
    if value is None:
        return False
    if field == "price":
        return any(Decimal(str(value)) == Decimal(text) for text in truth)
    return str(value) in truth


def test_product_pages(capsys: pytest.CaptureFixture[str]) -> None:
    folder, truths = load_truths("product-pages")
    right, known, wrong_prices = dict.fromkeys(FLOORS, 0), dict.fromkeys(FLOORS, 0), 0
    for key, truth in truths.items():
        record = read(load_page(folder, key), url=truth["url"]).product
        for field in FLOORS:
            values = accepted(truth, field)
            known[field] += bool(values)
            right[field] += bool(values) and is_right(field, getattr(record, field), values)
        wrong_prices += record.price is not None and not is_right("price", record.price, accepted(truth, "price"))
    with capsys.disabled():
        figures = ", ".join(f"{field} {right[field]} of {known[field]}" for field in FLOORS)
        print(f"\nproduct-pages: prices right {right['price']} of {known['price']}, wrong {wrong_prices}; {figures}")
    low = {field: right[field] / known[field] for field in FLOORS if right[field] < FLOORS[field] * known[field]}
    assert not low
    assert wrong_prices <= 1


def test_pages_of_2026(capsys: pytest.CaptureFixture[str]) -> None:
    folder, truths = load_truths("pages-2026")
    right = known = listings = priced_listings = 0
    grids = [key for key, truth in truths.items() if truth["kind"] == "collection"][::2]  # half of them: time
    for key in [*grids, *(key for key, truth in truths.items() if truth["kind"] != "collection" and "price" in truth)]:
        truth = truths[key]
        record = read(load_page(folder, key), url=truth["url"]).product
        if truth["kind"] == "collection":
            listings += 1
            priced_listings += record.price is not None
        else:
            known += 1
            right += is_right("price", record.price, accepted(truth, "price"))
    with capsys.disabled():
        print(f"\npages-2026: prices right {right} of {known}; {priced_listings} of {listings} listings got a price")
    assert right >= 0.95 * known
    assert priced_listings <= 0.06 * listings

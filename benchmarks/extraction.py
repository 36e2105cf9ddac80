"""How many fields come right off real pages, beside extruct + price-parser in the same run.

Usage: python benchmarks/extraction.py --pages DIR [--json]

`DIR` holds `html/*.html.gz` and `ground-truth.json` (field -> accepted values). Scoring: exact match; a value where
the truth has none is a false positive; a wrong value is a false positive and a false negative; prices compare as
decimals. `known_only` leaves out pages whose truth is silent on a field. A set whose truth is incomplete by design
(`kind` in it) is scored on what it knows, and its listing pages count how often a price was (wrongly) given.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from arb_pipelines.scraping.extraction.page import read_page

TOP = Path(__file__).resolve().parents[1]
PAGES = Path(os.environ.get("ARB_SHARED_DIR", TOP.parent / "shared")) / "pages" / "product-pages"
FIELDS = ("price", "currency", "availability", "sku", "brand", "gtin", "mpn", "name")
Record = dict[str, str | None]
Reader = Callable[[bytes, str], Record]


def read_ours(html: bytes, url: str) -> Record:
    """Return the fields that our extraction reads."""
    product = read_page(html, url=url, site=None, fetched_at=datetime.now(UTC), tick_id="benchmark").product
    record: Record = {name: getattr(product, name) for name in FIELDS}
    record["availability"] = product.availability.value if product.availability else None
    return record


def read_with_extruct(html: bytes, url: str) -> Record:
    """Return the fields of the first Product that extruct finds, prices read by price-parser."""
    import extruct
    from price_parser import Price

    found = extruct.extract(
        html.decode("utf-8", "replace"),
        base_url=url,
        syntaxes=["json-ld", "microdata", "opengraph"],
        uniform=True,
        errors="ignore",
    )
    items = [item for syntax in ("json-ld", "microdata") for item in found.get(syntax, [])]
    product = next((p for item in items for p in _products(item)), {})
    offer = _first(product.get("offers")) if isinstance(product.get("offers"), (list, dict)) else {}
    meta = {str(k): v for item in found.get("opengraph", []) for k, v in item.items()}
    raw_price = offer.get("price") or offer.get("lowPrice") or meta.get("product:price:amount")
    price = Price.fromstring(str(raw_price)).amount if raw_price is not None else None
    brand = _first(product.get("brand"))
    stock = str(offer.get("availability") or "").rsplit("/", 1)[-1]
    return {
        "price": str(price) if price is not None else None,
        "currency": offer.get("priceCurrency") or meta.get("product:price:currency"),
        "availability": stock or None,
        "sku": _text(product.get("sku")),
        "brand": _text(brand.get("name")) if isinstance(brand, dict) else _text(product.get("brand")),
        "gtin": _text(product.get("gtin13") or product.get("gtin")),
        "mpn": _text(product.get("mpn")),
        "name": _text(product.get("name")),
    }


def _products(item: Any) -> list[dict[str, Any]]:
    if isinstance(item, list):
        return [p for inner in item for p in _products(inner)]
    if not isinstance(item, dict):
        return []
    own = [item] if str(item.get("@type")).lower() == "product" else []
    return own + [p for inner in item.get("@graph", []) for p in _products(inner)]


def _first(value: Any) -> Any:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, dict) else {}


def _text(value: Any) -> str | None:
    value = value[0] if isinstance(value, list) and value else value
    return str(value).strip() if isinstance(value, (str, int)) and str(value).strip() else None


def normal(field: str, value: Any) -> str | None:
    """Return a value in the form that is compared: prices as decimals, text trimmed."""
    if value is None or str(value).strip() == "":
        return None
    if field != "price":
        return str(value).strip()
    try:
        return str(Decimal(str(value)).normalize())
    except InvalidOperation:
        return str(value)


class Score:
    """Counts of one field over all pages."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.right = self.false_positive = self.false_negative = 0

    def add(self, predicted: str | None, accepted: set[str]) -> None:
        """Count one page."""
        if predicted is not None and predicted in accepted:
            self.right += 1
            return
        self.false_positive += predicted is not None
        self.false_negative += bool(accepted)

    def figures(self) -> dict[str, float | int]:
        """Return F1, precision and recall, and the counts."""
        positive, true = self.right + self.false_positive, self.right + self.false_negative
        return {
            "f1": round(2 * self.right / (positive + true), 3) if positive + true else 0.0,
            "precision": round(self.right / positive, 3) if positive else 0.0,
            "recall": round(self.right / true, 3) if true else 0.0,
            "right": self.right,
            "false_positive": self.false_positive,
            "false_negative": self.false_negative,
        }


def measure(pages: Mapping[str, tuple[bytes, Mapping[str, Any]]], read: Reader, repeats: int = 1) -> dict[str, Any]:
    """Read every page and return the scores by field, stock apart, and the CPU milliseconds a page.

    The CPU figures are of each page's first reading; `median_best` is of its cheapest of `repeats`, which tells more
    where other work loads the machine.
    """
    strict = {name: Score() for name in FIELDS}
    known = {name: Score() for name in FIELDS}
    sold_out, found_sold_out, listing_prices, listings = 0, 0, 0, 0
    cpu_ms: list[float] = []
    best_ms: list[float] = []
    for html, truth in pages.values():
        took: list[float] = []
        for _ in range(max(1, repeats)):
            started = time.process_time()
            record = read(html, str(truth.get("url", "")))
            took.append(1000 * (time.process_time() - started))
        cpu_ms.append(took[0])
        best_ms.append(min(took))
        if truth.get("kind") == "collection":
            listings += 1
            listing_prices += record["price"] is not None
            continue
        for name in FIELDS:
            accepted = {value for raw in _accepted(truth, name) if (value := normal(name, raw)) is not None}
            predicted = normal(name, record[name])
            strict[name].add(predicted, accepted)
            if accepted:
                known[name].add(predicted, accepted)
        if "OutOfStock" in _accepted(truth, "availability"):
            sold_out += 1
            found_sold_out += record["availability"] == "OutOfStock"
    return {
        "fields": {name: strict[name].figures() for name in FIELDS},
        "known_only": {name: known[name].figures() for name in FIELDS},
        "out_of_stock": {"pages": sold_out, "found": found_sold_out},
        "listings": {"pages": listings, "priced": listing_prices},
        "cpu_ms_a_page": {
            "median": round(statistics.median(cpu_ms), 1),
            "median_best": round(statistics.median(best_ms), 1),
            "mean": round(statistics.mean(cpu_ms), 1),
            "max": round(max(cpu_ms), 1),
        },
    }


def _accepted(truth: Mapping[str, Any], name: str) -> list[str]:
    value = truth.get(name)
    return [value] if isinstance(value, str) else list(value or [])


def load_pages(folder: Path) -> dict[str, tuple[bytes, Mapping[str, Any]]]:
    """Return (body, truth) by key for every page of a set."""
    truths = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    return {
        key: (gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()), truth)
        for key, truth in truths.items()
    }


def main() -> None:
    """Measure both readers and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, default=PAGES, help="folder with html/ and ground-truth.json")
    parser.add_argument("--repeats", type=int, default=1, help="read each page so often; CPU also as its cheapest")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    if not (options.pages / "ground-truth.json").is_file():
        parser.error(f"no ground-truth.json in {options.pages}: give --pages, or set ARB_SHARED_DIR")
    pages = load_pages(options.pages)
    result: dict[str, Any] = {
        "pages": len(pages),
        "ours": measure(pages, read_ours, options.repeats),
        "extruct_price_parser": measure(pages, read_with_extruct, options.repeats),
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name in FIELDS:
        ours, theirs = result["ours"]["fields"][name], result["extruct_price_parser"]["fields"][name]
        print(f"{name:13} F1 {ours['f1']:.3f}  precision {ours['precision']:.3f}  | extruct F1 {theirs['f1']:.3f}")
    print(
        "CPU-ms a page:", result["ours"]["cpu_ms_a_page"], "| extruct:", result["extruct_price_parser"]["cpu_ms_a_page"]
    )


if __name__ == "__main__":
    main()

"""How well a site's fields are read by rules learned from one and from three labelled pages, beside no rules.

Usage: python benchmarks/site_rules.py --pages DIR [--draws N] [--json]

`DIR` holds `<kind>-<site>-<field>.txt` (two head lines, then `page<TAB>count<TAB>value...`; `<NULL>` is no value)
and, for each site, a folder `<site>` with the pages. For each site, labelled pages are drawn `draws` times (the
first ones, then by chance with a fixed seed) and all other pages are read. Scoring: a value is right when it
equals a true one after trimming white space and leading colons; F1 over all values of a field, the mean over
the draws. The peer is the general extraction without rules, on the same pages, for fields that it knows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arb_pipelines.scraping.extraction.page import read_page
from arb_pipelines.scraping.learning.labelled_page import LabelledPage
from arb_pipelines.scraping.learning.rules import apply_rules, learn_rules

TOP = Path(__file__).resolve().parents[1]
PAGES = Path(os.environ.get("ARB_SHARED_DIR", TOP.parent / "shared")) / "pages" / "books"
GENERAL = {"title": "name", "model": "name", "name": "name", "isbn_13": "gtin", "isbn": "gtin", "gtin": "gtin",
           "price": "price", "manufacturer": "brand", "brand": "brand", "sku": "sku", "mpn": "mpn"}  # fmt: skip
Truth = dict[str, dict[str, list[str]]]  # page -> field -> values


def load_truths(folder: Path) -> dict[str, Truth]:
    """Return the true values by site, page and field."""
    truths: dict[str, Truth] = defaultdict(lambda: defaultdict(dict))
    for path in sorted(folder.glob("*-*-*.txt")):
        _, site, field = path.name.removesuffix(".txt").split("-", 2)
        for line in path.read_text(encoding="utf-8-sig").splitlines()[2:]:
            page, _, *values = line.rstrip("\r\n").split("\t")
            truths[site][page][field] = [text for value in values if (text := normal(value))]
    return truths


def normal(value: str) -> str | None:
    """Return a value as it is compared: white space squeezed, no colon in front; None for no value."""
    text = " ".join(value.split()).lstrip(": ")
    return text if text and text != "<NULL>" else None


def load_pages(folder: Path, site: str) -> dict[str, bytes]:
    """Return a site's pages by their number, from `<site>` or a folder whose name ends in it (`x-<site>(99)`)."""
    fits = [f for f in folder.iterdir() if f.is_dir() and f.name.split("(")[0].rsplit("-", 1)[-1] == site]
    pages = {}
    for path in sorted(p for f in fits for p in f.iterdir() if p.is_file()):
        raw = path.read_bytes()
        pages[path.name.split(".")[0]] = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    return pages


class Score:
    """Counts of one field: values right, wrong and missed."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.right = self.wrong = self.missed = 0

    def add(self, read: Sequence[str], true: Sequence[str]) -> None:
        """Count one page."""
        found, wanted = {v for value in read if (v := normal(value))}, set(true)
        self.right += len(found & wanted)
        self.wrong += len(found - wanted)
        self.missed += len(wanted - found)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 to 1."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def score_draw(pages: Mapping[str, bytes], truth: Truth, labelled: Sequence[str]) -> dict[str, float]:
    """Learn from the pages named, read all others and return F1 by field."""
    rules = learn_rules([LabelledPage(pages[key], truth[key]) for key in labelled])
    fields = sorted({field for values in truth.values() for field in values})
    scores = {field: Score() for field in fields}
    for key in sorted(set(pages) - set(labelled)):
        read = apply_rules(pages[key], rules)
        for field in fields:
            scores[field].add(read.get(field, []), truth[key].get(field, []))
    return {field: score.f1 for field, score in scores.items()}


def draw(keys: Sequence[str], count: int, number: int) -> list[str]:
    """Return `count` pages: the first ones for draw 0, else by chance with the draw's number as seed."""
    return list(keys[:count]) if number == 0 else random.Random(number).sample(list(keys), count)  # not for secrets


def score_general(pages: Mapping[str, bytes], truth: Truth) -> dict[str, float]:
    """Return F1 by field of the general extraction, for the fields that it knows."""
    fields = sorted({field for values in truth.values() for field in values if field in GENERAL})
    scores = {field: Score() for field in fields}
    for key, html in pages.items():
        product = read_page(html, url="", site=None, fetched_at=datetime.now(UTC), tick_id="benchmark").product
        for field in fields:
            value = getattr(product, GENERAL[field])
            scores[field].add([value] if value else [], truth[key].get(field, []))
    return {field: round(score.f1, 3) for field, score in scores.items()}


def measure_site(pages: Mapping[str, bytes], truth: Truth, draws: int) -> dict[str, Any]:
    """Return the figures of one site: F1 by number of labelled pages, and without rules."""
    keys = sorted(set(pages) & set(truth))
    kept = {key: pages[key] for key in keys}
    figures: dict[str, Any] = {"pages": len(keys)}
    for count in (1, 3):
        started = time.process_time()
        runs = [score_draw(kept, truth, draw(keys, count, number)) for number in range(draws)]
        means = {field: statistics.mean(run[field] for run in runs) for field in runs[0]}
        figures[f"labelled_{count}"] = {
            "f1": round(statistics.mean(means.values()), 3),
            "f1_worst_draw": round(min(statistics.mean(run.values()) for run in runs), 3),
            "fields": {field: round(value, 3) for field, value in means.items()},
            "cpu_ms_a_page": round(1000 * (time.process_time() - started) / max(1, draws * len(keys)), 1),
        }
    general = score_general(kept, truth)
    figures["without_rules"] = {
        "f1": round(statistics.mean(general.values()), 3) if general else None,
        "fields": general,
    }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="F1 of learned site rules.")
    parser.add_argument("--pages", type=Path, default=PAGES, help="folder with truth files and page folders")
    parser.add_argument("--draws", type=int, default=5, help="how often labelled pages are drawn")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if not options.pages.is_dir():
        parser.error(f"{options.pages} is no folder: give --pages DIR")
    truths = load_truths(options.pages)
    sites = {}
    for site, truth in truths.items():
        pages = load_pages(options.pages, site)
        if pages:
            sites[site] = measure_site(pages, truth, max(1, options.draws))
    if not sites:
        parser.error(f"{options.pages} holds no <kind>-<site>-<field>.txt with a folder of pages beside it")
    result = {
        "benchmark": "site_rules",
        "f1_labelled_1": round(statistics.mean(s["labelled_1"]["f1"] for s in sites.values()), 3),
        "f1_labelled_3": round(statistics.mean(s["labelled_3"]["f1"] for s in sites.values()), 3),
        "goal_labelled_3": 0.95,
        "sites": sites,
    }
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()

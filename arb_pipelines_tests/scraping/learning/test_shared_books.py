"""Real pages of one shop with known values: rules from three pages must read the others."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from arb_pipelines.scraping.learning.labelled_page import LabelledPage
from arb_pipelines.scraping.learning.rules import apply_rules, learn_rules
from arb_pipelines_tests.conftest import skip_or_fail

BOOKS = Path(os.environ.get("ARB_SHARED_DIR", Path(__file__).parents[4] / "shared")) / "pages" / "books"
READ = 30  # pages; the benchmark reads all

pytestmark = pytest.mark.shared


def load_site() -> tuple[dict[str, bytes], dict[str, dict[str, list[str]]]]:
    """Return pages and true values of the first site in the folder."""
    files = sorted(BOOKS.glob("*-*-*.txt"))
    if not files:
        skip_or_fail(f"no labelled pages at {BOOKS}: set ARB_SHARED_DIR")
    site = files[0].name.split("-")[1]
    paths = sorted((BOOKS / site).iterdir())[: READ + 3]
    pages = {path.name.split(".")[0]: gzip.decompress(path.read_bytes()) for path in paths}
    truth: dict[str, dict[str, list[str]]] = {key: {} for key in pages}
    for path in (path for path in files if path.name.split("-")[1] == site):
        field = path.stem.split("-", 2)[2]
        for line in path.read_text(encoding="utf-8-sig").splitlines()[2:]:
            key, _, *values = line.split("\t")
            if key in truth:
                truth[key][field] = [value.lstrip(": ").strip() for value in values]
    return pages, truth


def test_three_pages_teach_the_site(capsys: pytest.CaptureFixture[str]) -> None:
    pages, truth = load_site()
    keys = list(pages)
    rules = learn_rules([LabelledPage(pages[key], truth[key]) for key in keys[:3]])
    right = wrong = missed = 0
    for key in keys[3:]:
        read = apply_rules(pages[key], rules)
        for field, values in truth[key].items():
            found, wanted = set(read.get(field, [])), set(values)
            right += len(found & wanted)
            wrong += len(found - wanted)
            missed += len(wanted - found)
    f1 = 2 * right / (2 * right + wrong + missed)
    with capsys.disabled():
        print(f"\nsite rules from 3 pages: F1 {f1:.3f} ({right} right, {wrong} wrong, {missed} missed)")
    assert f1 >= 0.95

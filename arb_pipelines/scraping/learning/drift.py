"""What a page says now against what it is expected to say.

What belongs here: which differences mean that a shop has changed its pages, and which are the shop's business: on
a live page a price may move, but a price that is gone, or a product with another name, is drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arb_pipelines.scraping.learning.site_folder import FIELDS

# What one product keeps for good; of everything else only the disappearance is told on a live page.
LASTING = frozenset({"name", "sku", "gtin", "mpn", "brand", "currency"})


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field that differs. `is_drift` is False for a change that a live shop may make any day."""

    field: str
    expected: str | None
    found: str | None
    is_drift: bool


def compare_records(
    expected: Mapping[str, str | None], found: Mapping[str, str | None], live: bool
) -> list[FieldDrift]:
    """Return the fields that differ; a saved page (`live` false) must say exactly what it said.

    A field that the expected record does not name is not compared.
    """
    differing = [name for name in FIELDS if name in expected and expected[name] != found.get(name)]
    return [FieldDrift(n, expected[n], found.get(n), _is_drift(n, expected[n], found.get(n), live)) for n in differing]


def _is_drift(name: str, expected: str | None, found: str | None, live: bool) -> bool:
    if not live:
        return True
    if expected is None:
        return False
    return found is None or name in LASTING

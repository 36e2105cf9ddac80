"""The vendors' published interface descriptions: where they are found, how they are read, what is mended in them.

The descriptions are not ours to keep. They are found through ARB_CONTRACTS_DIR, default ../shared/contracts beside
the checkout; where they are missing a test is skipped with the reason, and fails in CI.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from arb_pipelines_tests.conftest import skip_or_fail

CONTRACTS = Path(os.environ.get("ARB_CONTRACTS_DIR") or Path(__file__).parents[3] / "shared" / "contracts")

_LISTS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class Overlay:
    """One place where a description is known to be wrong: what to put there, and why."""

    vendor: str
    file: str
    pointer: str
    value: Any
    why: str


# One line an error of a vendor's description.
OVERLAYS = (
    Overlay(
        "ebay",
        "sell_inventory_v1_oas3.json",
        "/components/schemas/*/properties/aspects",
        _LISTS,
        "typed as text, a map of lists on the wire",
    ),
)


def contracts_folder(vendor: str) -> Path:
    """Return the folder of a vendor's descriptions; without it the test is skipped, in CI it fails."""
    folder = CONTRACTS / vendor
    if not folder.is_dir():
        skip_or_fail(f"no interface descriptions at {folder}: set ARB_CONTRACTS_DIR")
    return folder


@cache
def load_description(vendor: str, file: str) -> dict[str, Any]:
    """Return one description with its overlays laid on; shared by all, never to be written to."""
    description: dict[str, Any] = json.loads((contracts_folder(vendor) / file).read_bytes())
    for overlay in OVERLAYS:
        if (overlay.vendor, overlay.file) == (vendor, file):
            lay(description, overlay)
    return description


def description_files(vendor: str) -> list[str]:
    """Return the names of a vendor's descriptions."""
    return sorted(path.name for path in contracts_folder(vendor).glob("*.json"))


def lay(description: dict[str, Any], overlay: Overlay) -> None:
    """Replace what stands at the overlay's pointer; `*` stands for every key.

    Raises:
        LookupError: nothing stands there any more, so the overlay has to go.
    """
    *way, last = overlay.pointer.strip("/").split("/")
    found = [place for place in _places(description, way) if last in place]
    if not found:
        raise LookupError(f"{overlay.file} has nothing at {overlay.pointer}: take the overlay out")
    for place in found:
        place[last] = overlay.value


def _places(place: Any, way: list[str]) -> Iterator[dict[str, Any]]:
    if not isinstance(place, dict):
        return
    if not way:
        yield place
    elif way[0] == "*":
        for inner in place.values():
            yield from _places(inner, way[1:])
    elif way[0] in place:
        yield from _places(place[way[0]], way[1:])

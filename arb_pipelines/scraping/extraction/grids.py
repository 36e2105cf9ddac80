"""Grids of product tiles: equal siblings, each with a link of its own and a price of its own.

What belongs here: finding them by structure, whatever their class names are. The price of a tile is the price of
another page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from arb_pipelines.scraping.extraction.document import Element

MAX_LEVELS = 9
MIN_TILES = 4
MAX_PRICES_A_TILE = 4


def find_grid_members(amounts: Sequence[tuple[Element, str]]) -> set[Element]:
    """Return those of the elements that stand in a tile of a grid.

    Args:
        amounts: Elements that show an amount, with the amount.
    """
    tiles: dict[Element, dict[Element, set[str]]] = defaultdict(lambda: defaultdict(set))
    members: dict[Element, list[Element]] = defaultdict(list)
    for element, amount in amounts:
        child, parent = element, element.getparent()
        for _ in range(MAX_LEVELS):
            if parent is None or parent.tag == "html":
                break
            tiles[parent][child].add(amount)
            members[child].append(element)
            child, parent = parent, parent.getparent()
    found: set[Element] = set()
    for children in tiles.values():
        if len(children) >= MIN_TILES:
            found.update(member for tile in _equal_tiles(children) for member in members[tile])
    return found


def _equal_tiles(children: dict[Element, set[str]]) -> list[Element]:
    """Return the children that are tiles: at least four alike, with few prices each, not all the same, and links."""
    kinds: dict[str, list[Element]] = defaultdict(list)
    for child, amounts in children.items():
        if len(amounts) <= MAX_PRICES_A_TILE:
            kinds[f"{child.tag}.{(child.get('class') or '').split(' ')[0]}"].append(child)
    tiles: list[Element] = []
    for alike in kinds.values():
        if len(alike) < MIN_TILES:
            continue
        linked = [(child, link) for child in alike if (link := _first_link(child))]
        if len({link for _, link in linked}) >= MIN_TILES and len(set().union(*(children[c] for c, _ in linked))) > 1:
            tiles.extend(child for child, _ in linked)
    return tiles


def _first_link(tile: Element) -> str | None:
    """Return where the first real link of a tile leads, without its query; None when it has none."""
    for link in tile.iter("a"):
        href = (link.get("href") or "").split("#")[0].split("?")[0].strip()
        if href and not href.startswith("javascript"):
            return href
    return None

"""The words that title extraction knows: conditions, colours, units, acronyms that are not models.

What belongs here: data only, lower case, and the reader of the longer lists in `data/` (made by us for training).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA_DIR = Path(__file__).parent / "data"


@cache
def load_list(name: str) -> tuple[str, ...]:
    """Return the comma-separated phrases of `data/<name>.txt`, each once, in their order."""
    lines = (DATA_DIR / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    phrases = (phrase.strip() for line in lines if not line.startswith("#") for phrase in line.split(","))
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


CONDITION_PHRASES = (
    "brand new",
    "new in box",
    "factory sealed",
    "sealed",
    "new",
    "open box",
    "like new",
    "mint",
    "excellent condition",
    "very good",
    "good condition",
    "acceptable",
    "used",
    "pre-owned",
    "preowned",
    "refurbished",
    "renewed",
    "certified refurbished",
    "for parts",
    "not working",
    "broken",
    "cracked",
    "scratched",
    "damaged",
    "untested",
    "missing",
    "body only",
    "without box",
    "no charger",
)
COLOURS = (
    "black",
    "white",
    "silver",
    "grey",
    "gray",
    "space gray",
    "graphite",
    "gold",
    "rose gold",
    "red",
    "blue",
    "navy",
    "green",
    "yellow",
    "orange",
    "purple",
    "pink",
    "brown",
    "beige",
    "ivory",
    "turquoise",
    "midnight",
)
EDITION_WORDS = (
    "limited",
    "special",
    "collector",
    "deluxe",
    "anniversary",
    "ultimate",
    "gold",
    "platinum",
    "game of the year",
    "home",
    "revised",
    "first",
    "second",
    "third",
)
# Words that carry on a model once it has begun ("EOS 5D Mark IV", "Galaxy S21 Ultra").
MODEL_WORDS = frozenset({"mark", "mk", "pro", "max", "mini", "plus", "ultra", "lite", "air", "se", "gen", "series"})
_UNITS = "mm cm m in inch inches ft g kg oz lb lbs w kw v mah ah hz khz mhz ghz ml l mp p k fps h x gb tb mb"
_VOLUMES_AND_COUNTS = "qt quart quarts pt pint pints gal gallon gallons cup cups pack packs pcs piece pieces count ct"
MEASURE_UNITS = frozenset(f"{_UNITS} {_VOLUMES_AND_COUNTS}".split())
BINDINGS = frozenset({"paperback", "hardcover", "hardback", "unabridged"})

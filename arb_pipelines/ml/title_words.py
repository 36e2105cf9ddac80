"""The words that title extraction knows: conditions, colours, units, acronyms that are not models.

What belongs here: data only, lower case. Brands are not here; they come from the known products.
"""

from __future__ import annotations

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
STORAGE_UNITS = ("gb", "tb", "mb")
# Words that carry on a model once it has begun ("EOS 5D Mark IV", "Galaxy S21 Ultra").
MODEL_WORDS = frozenset({"mark", "mk", "pro", "max", "mini", "plus", "ultra", "lite", "air", "se", "gen", "series"})
ROMAN_NUMERALS = frozenset({"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"})
# Capitals in titles that name a kind of thing, not one thing.
_ACRONYMS = """
    dslr slr led lcd oled qled hdmi usb tv hdtv uhd hd fhd wifi gps nfc anc ssd hdd ram dvd cd pc ps uk us eu ac dc rgb
    aa aaa oem nib nwt bnib xl xxl sd
"""
GENERIC_ACRONYMS = frozenset(_ACRONYMS.split())
_UNITS = "mm cm m in inch inches ft g kg oz lb lbs w kw v mah ah hz khz mhz ghz ml l mp p k fps h x"
MEASURE_UNITS = frozenset(_UNITS.split())

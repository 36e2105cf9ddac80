"""Edition, medium and region of a product, as its title states them.

What belongs here: what makes two things with the same name different goods. A variant that only one side states is
unknown, never a contradiction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

MAX_VARIANT_CHARS = 1000
_MEDIA = {
    "hardcover": r"hard\s?cover|hardback|hardbound",
    "paperback": r"paper\s?back|soft\s?cover|softback|trade paper",
    "spiral": r"spiral[\s-]?bound|ring[\s-]?bound",
    "audiobook": r"audio\s?book|audio cds?",
    "ebook": r"e-?book|kindle edition|epub",
    "large_print": r"large print",
    "dvd": r"dvd",
    "uhd_bluray": r"4k (?:ultra hd|uhd)(?: blu-?ray)?",
    "bluray": r"blu-?ray",
    "vinyl": r"vinyl|\d* ?lp record",
    "cassette": r"cassette",
    "vhs": r"vhs",
}
_EDITIONS = {
    "1": r"1st ed(?:ition|n)?\b|first edition",
    "2": r"2nd ed(?:ition|n)?\b|second edition",
    "3": r"3rd ed(?:ition|n)?\b|third edition",
    "4": r"4th ed(?:ition|n)?\b|fourth edition",
    "5": r"5th ed(?:ition|n)?\b|fifth edition",
    "6": r"6th ed(?:ition|n)?\b|sixth edition",
    "7": r"7th ed(?:ition|n)?\b|seventh edition",
    "8": r"8th ed(?:ition|n)?\b|eighth edition",
    "9": r"9th ed(?:ition|n)?\b|ninth edition",
    "10": r"10th ed(?:ition|n)?\b|tenth edition",
    "international": r"international edition",
    "collector": r"collector'?s edition",
    "deluxe": r"deluxe edition",
    "anniversary": r"anniversary edition",
    "limited": r"limited edition",
    "upgrade": r"upgrade (?:edition|version|licen[cs]e)|upgrade only",
    "academic": r"academic (?:edition|version|licen[cs]e)|student edition",
}
_REGIONS = {
    "1": r"region\s*1|\(r1\)|ntsc[\s-]?u",
    "2": r"region\s*2|\(r2\)",
    "4": r"region\s*4|\(r4\)",
    "a": r"region\s*a\b",
    "b": r"region\s*b\b",
    "free": r"region\s*(?:free|0|all)|all regions?",
    "pal": r"\bpal\b(?: version)?",
    "ntsc": r"\bntsc\b",
    "jp": r"japan(?:ese)? (?:version|import|edition|model)|ntsc[\s-]?j\b",
    "uk": r"uk (?:plug|version|model|import|spec)",
    "eu": r"(?:eu|euro(?:pean)?) (?:plug|version|model|spec)",
    "us": r"us (?:plug|version|model|spec)",
    "global": r"(?:global|international|intl\.?) (?:version|model)",
    "cn": r"(?:cn|china|chinese) (?:version|model|rom)",
}
# Plain substrings, one of which every word above holds: most titles are done after these, at a tenth of the time.
_MEDIA_SIGNS = (
    "cover",
    "back",
    "bound",
    "book",
    "kindle",
    "epub",
    "print",
    "dvd",
    "blu",
    "vinyl",
    "lp ",
    "cass",
    "vhs",
    "4k",
)
_EDITION_SIGNS = (" ed", "upgrade", "academic")
_REGION_SIGNS = ("region", "(r", "ntsc", "pal", "japan", "plug", "version", "model", "import", "spec")


@dataclass(frozen=True, slots=True)
class Variant:
    """What a title states; None where it is silent, and where it states several of a kind (a box of both)."""

    medium: str | None = None
    edition: str | None = None
    region: str | None = None


def read_variant(title: str | None) -> Variant:
    """Return medium, edition and region of a title of any content."""
    text = (title or "")[:MAX_VARIANT_CHARS].casefold()
    return Variant(
        medium=_only(_MEDIA_PATTERN, text, _MEDIA_SIGNS),
        edition=_only(_EDITION_PATTERN, text, _EDITION_SIGNS),
        region=_only(_REGION_PATTERN, text, _REGION_SIGNS),
    )


def variants_contradict(left: Variant, right: Variant) -> bool:
    """Return whether both state a medium, edition or region, and state different ones."""
    pairs = ((getattr(left, part.name), getattr(right, part.name)) for part in fields(Variant))
    return any(one is not None and two is not None and one != two for one, two in pairs)


def _compile(words: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?P<v{name}>(?<![a-z0-9])(?:{words[name]})(?![a-z0-9]))" for name in words))


def _only(pattern: re.Pattern[str], text: str, signs: tuple[str, ...]) -> str | None:
    if not any(sign in text for sign in signs):
        return None
    found = {match.lastgroup for match in pattern.finditer(text)}
    name = found.pop() if len(found) == 1 else None
    return None if name is None else name[1:]


_MEDIA_PATTERN, _EDITION_PATTERN, _REGION_PATTERN = _compile(_MEDIA), _compile(_EDITIONS), _compile(_REGIONS)

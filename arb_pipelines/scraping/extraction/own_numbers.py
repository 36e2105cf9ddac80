"""Numbers that look like a maker's and are not: the shop's own, and those of one variant among several.

What belongs here: taking such candidates off the sheet. A GTIN or part number joins a page to the same product
elsewhere, so a wrong one costs more than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from arb_pipelines.scraping.extraction.candidates import Candidate

SPOKEN = frozenset({"label", "visible", "selector"})  # a reader sees that it is called a part number
ALIKE_SHARE = 0.55  # of the heaviest weight: from here on two statements of one place are of equal rank
_DIGITS = re.compile(r"[\d\s./-]+")


def makers_own(candidates: Sequence[Candidate], shop_numbers: set[str]) -> list[Candidate]:
    """Return the part numbers that are not the shop's own.

    Shops fill the part number in their markup with the number they sell under; digits alone that are also stated
    as the SKU are that. With letters in it the number may be the maker's, which some shops sell under.
    """
    own = {_plain(number) for number in shop_numbers}
    return [
        candidate
        for candidate in candidates
        if candidate.method in SPOKEN or not (_DIGITS.fullmatch(candidate.value) and _plain(candidate.value) in own)
    ]


def without_variants(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates without those of several variants, of which the page does not say which one it shows.

    Several numbers that one block of markup states with about equal weight are its variants'; one that another
    reader confirms is the page's.
    """
    return [candidate for candidate in candidates if not _is_a_variants(candidate, candidates)]


def _is_a_variants(candidate: Candidate, candidates: Sequence[Candidate]) -> bool:
    number = _plain(candidate.value)
    if any(_plain(c.value) == number and c.method != candidate.method for c in candidates):
        return False
    block = [c for c in candidates if (c.method, c.place) == (candidate.method, candidate.place)]
    heaviest = max(c.weight for c in block)
    equals = {_plain(c.value) for c in block if c.weight >= ALIKE_SHARE * heaviest}
    return len(equals) > 1 and candidate.method not in SPOKEN


def _plain(number: str) -> str:
    return re.sub(r"[\W_]", "", number).lower().lstrip("0")

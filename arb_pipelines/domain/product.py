"""What a product is: identifiers with their check digits, normal forms, the pack-quantity gate, the canonical key.

What belongs here: identity rules on one value at a time (domain rules: GS1 General Specifications, ISO 2108).
Matching whole frames is `transforms/product_matching.py`. Every function answers None for "cannot be told".
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

GTIN_LENGTHS = (8, 12, 13, 14)
# GS1 ranges that shops number themselves (02, 04, 2) and coupons (05, 981-984, 99): the same digits are other things
# in other shops. Tested on the 13 digits behind the packaging indicator.
RESTRICTED_PREFIXES = ("02", "04", "05", "2", "981", "982", "983", "984", "99")
# Numbers from textbooks that web shops leave in the field; their check digits are right.
PLACEHOLDER_GTINS = frozenset({"00012345678905", "01234567890128", "00123456789012"})
NOT_A_VALUE = frozenset(
    {"doesnotapply", "na", "none", "null", "unknown", "unbranded", "generic", "nobrand", "notapplicable"}
)
MAX_TITLE_CHARS = 1000  # a title is cut here: a 10,000-character one is an attack or a description
MAX_PACK_QUANTITY = 1000

_COUNT = r"(?P<{name}>\d{{1,4}})"
_PACK_STATEMENT = re.compile(
    "|".join(
        (
            rf"\b(?:pack|set|lot|case|box|bundle|carton|multipack)\s+of\s+{_COUNT.format(name='of')}\b",
            rf"\b{_COUNT.format(name='packs')}\s*-?\s*(?:packs?|pks?|pcs|count|ct|units?)\b",
            rf"(?<![\d.,]\s)(?<![\d.,a-z])[x×]\s?{_COUNT.format(name='times')}\b(?!\s*(?:[x×]|mm|cm|in\b|inch|m\b|zoom|\"))",
            rf"^\s*{_COUNT.format(name='first')}\s?[x×]\s+(?=[a-z])(?!zoom|optical|magnif|speed)",
            r"\b(?P<twin>twin[\s-]?pack|double[\s-]?pack)\b",
        )
    ),
    re.IGNORECASE,
)


def gtin_check_digit(body: str) -> str:
    """Return the GS1 check digit of the digits before it (weights 3, 1, 3, ... from the right)."""
    return str(-sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))) % 10)


def isbn10_check_digit(body: str) -> str:
    """Return the ISBN-10 check digit (mod 11, `X` for 10) of nine digits."""
    value = sum(int(digit) * (10 - place) for place, digit in enumerate(body))
    rest = -value % 11
    return "X" if rest == 10 else str(rest)


def isbn10_to_isbn13(isbn10: str) -> str | None:
    """Return the 978 ISBN-13 of a valid ISBN-10 without separators, else None."""
    if not re.fullmatch(r"[0-9]{9}[0-9Xx]", isbn10) or isbn10_check_digit(isbn10[:9]) != isbn10[9].upper():
        return None
    body = f"978{isbn10[:9]}"
    return body + gtin_check_digit(body)


def isbn13_to_isbn10(isbn13: str) -> str | None:
    """Return the ISBN-10 of a 978 ISBN-13; None for 979, which has none."""
    if not re.fullmatch(r"978[0-9]{10}", isbn13) or gtin_check_digit(isbn13[:12]) != isbn13[12]:
        return None
    return isbn13[3:12] + isbn10_check_digit(isbn13[3:12])


def normal_gtin(text: str | None) -> str | None:
    """Return the canonical GTIN-14 of a GTIN-8/12/13/14 or ISBN-10, else None.

    None for a wrong check digit, in-store and coupon numbers, placeholders and words such as "Does not apply".
    """
    if text is None:
        return None
    compact = re.sub(r"[\s-]", "", text[:40])
    if len(compact) == 10:
        compact = isbn10_to_isbn13(compact) or ""
    if not (compact.isascii() and compact.isdigit() and len(compact) in GTIN_LENGTHS):
        return None
    if gtin_check_digit(compact[:-1]) != compact[-1]:
        return None
    gtin = compact.zfill(14)
    if gtin in PLACEHOLDER_GTINS or not gtin.strip("0") or gtin[1:].startswith(RESTRICTED_PREFIXES):
        return None
    return None if len(compact) == 8 and compact[0] in "02" else gtin


def normal_brand(text: str | None) -> str | None:
    """Return the brand as letters and digits in lower case, else None ("Unbranded", "N/A")."""
    squeezed = _squeeze(text)
    return None if not squeezed or squeezed in NOT_A_VALUE else squeezed


def normal_mpn(text: str | None) -> str | None:
    """Return the maker's part number as letters and digits in lower case.

    None below three characters or without a digit: words such as "Black" are not part numbers.
    """
    squeezed = _squeeze(text)
    usable = len(squeezed) >= 3 and any(c.isdigit() for c in squeezed) and squeezed not in NOT_A_VALUE
    return squeezed if usable else None


def title_tokens(title: str) -> tuple[str, ...]:
    """Return the sorted distinct words of a title: accents, case, order and punctuation do not count."""
    folded = title[:MAX_TITLE_CHARS].casefold()
    if not folded.isascii():  # the letter-by-letter pass took half of the time of matching 100,000 offers
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c)).casefold()
    return tuple(sorted(set(re.findall(r"[^\W_]+", folded))))


def pack_quantity(title: str) -> int | None:
    """Return how many units a title offers: 1 where it says nothing, None where it contradicts itself.

    "3-pack", "set of 3", "pack of 3", "x 3", "3 x Lamp" and "twin pack" are statements; "94 Piece" is not, it
    describes one set.
    """
    stated: set[int] = set()
    for match in _PACK_STATEMENT.finditer(title[:MAX_TITLE_CHARS]):
        groups = match.groupdict()
        if groups.pop("twin"):
            stated.add(2)
        stated.update(int(text) for text in groups.values() if text)
    if not stated:
        return 1
    quantity = stated.pop()
    return None if stated or not 1 <= quantity <= MAX_PACK_QUANTITY else quantity


def gtin_key(gtin: str) -> str:
    """Return the canonical key of a product known by its GTIN-14."""
    return f"gtin:{gtin}"


def maker_key(brand: str, mpn: str, quantity: int) -> str:
    """Return the canonical key of a product known by normal brand, part number and pack quantity."""
    return f"mpn:{brand}|{mpn}|{quantity}"


def product_id(canonical_key: str) -> str:
    """Return the id that follows from a canonical key: the same product gets the same id on every machine."""
    return hashlib.sha256(canonical_key.encode()).hexdigest()[:16]


def _squeeze(text: str | None) -> str:
    if text is None:
        return ""
    folded = unicodedata.normalize("NFKD", text[:MAX_TITLE_CHARS]).casefold()
    return "".join(c for c in folded if c.isalnum())

"""ISBN and ASIN: which of them name a product, and how they lead to each other and to a GTIN.

What belongs here: identifiers of books and of one marketplace, and why a number is no identifier. GTIN and part
number are `domain/product.py`. Every function answers None for "cannot be told".
"""

from __future__ import annotations

import re

from arb_pipelines.domain.product import (
    GTIN_LENGTHS,
    NOT_A_VALUE,
    PLACEHOLDER_GTINS,
    gtin_check_digit,
    isbn10_check_digit,
    isbn10_to_isbn13,
    isbn13_to_isbn10,
    normal_gtin,
)

MAX_ID_CHARS = 40
BOOK_PREFIXES = ("978", "979")
MUSIC_PREFIX = "9790"  # printed music (ISMN), not a book


def normal_isbn13(text: str | None) -> str | None:
    """Return the 13 digits of a valid ISBN-10 or ISBN-13 in any writing, else None."""
    compact = compact_id(text)
    if len(compact) == 10:
        return isbn10_to_isbn13(compact)
    is_book = len(compact) == 13 and compact.startswith(BOOK_PREFIXES) and not compact.startswith(MUSIC_PREFIX)
    return compact if is_book and normal_gtin(compact) is not None else None


def normal_isbn10(text: str | None) -> str | None:
    """Return the ISBN-10 of a valid ISBN; None for an ISBN-13 that begins with 979, which has no ISBN-10."""
    isbn13 = normal_isbn13(text)
    return None if isbn13 is None else isbn13_to_isbn10(isbn13)


def normal_asin(text: str | None) -> str | None:
    """Return an ASIN in capitals: `B0` and eight letters or digits, or a valid ISBN-10 (books), else None."""
    compact = compact_id(text).upper()
    if re.fullmatch(r"B0[0-9A-Z]{8}", compact):
        return compact
    is_book = re.fullmatch(r"[0-9]{9}[0-9X]", compact) and isbn10_check_digit(compact[:9]) == compact[9]
    return compact if is_book else None


def likely_asin(gtin: str | None) -> str | None:
    """Return the ASIN under which a book's first listing usually stands: its ISBN-10.

    Only a first guess to look up: a book can have other ASINs, and a 979 ISBN or any other product has a B0 code
    that does not follow from its GTIN.
    """
    known = normal_gtin(gtin)
    return None if known is None or not known.startswith("0978") else isbn13_to_isbn10(known[1:])


def likely_gtin(asin: str | None) -> str | None:
    """Return the GTIN-14 of a book whose ASIN is its ISBN-10; None for every B0 code. A first guess to look up."""
    known = normal_asin(asin)
    return None if known is None or known.startswith("B0") else normal_gtin(known)


def refuse_gtin(text: str | None) -> str | None:
    """Return why a text is no usable GTIN, in one plain phrase; None for a usable one."""
    if normal_gtin(text) is not None:
        return None
    compact = compact_id(text)
    if not compact or compact.casefold() in NOT_A_VALUE:
        return "no number is given"
    if re.fullmatch(r"[0-9]{9}[0-9Xx]", compact):
        return "the ISBN-10 has a wrong check digit"
    if not (compact.isascii() and compact.isdigit()) or len(compact) not in GTIN_LENGTHS:
        return "it is not 8, 12, 13 or 14 digits"
    if gtin_check_digit(compact[:-1]) != compact[-1]:
        return "its check digit is wrong"
    gtin = compact.zfill(14)
    if gtin in PLACEHOLDER_GTINS or not gtin.strip("0"):
        return "it is a placeholder"
    return "it is a number that shops give themselves, or a coupon"


def is_miswritten(text: str | None) -> bool:
    """Return whether a text has the shape of a GTIN or ISBN-10 and a wrong check digit: something is mixed up."""
    reason = refuse_gtin(text)
    return (
        reason is not None
        and "check digit" in reason
        and re.fullmatch(r"[0-9]{8,14}|[0-9]{9}[Xx]", compact_id(text)) is not None
    )


def compact_id(text: str | None) -> str:
    """Return a text of at most 40 characters without spaces and hyphens; a longer one is no identifier."""
    return "" if text is None or len(text) > MAX_ID_CHARS else re.sub(r"[\s\u2010-\u2015-]", "", text)

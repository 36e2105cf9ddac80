"""Chance that repeats: every random choice of the sandbox is a hash of the seed and of what is decided.

What belongs here: the draws only. Nothing keeps a generator's state, so a price, a stock level or a buyer can be
asked for in any order, after a restart too, and comes out the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

_TWO_64 = float(2**64)
_STANDARD_NORMAL = NormalDist()


def draw_int(*parts: object) -> int:
    """Return a whole number from 0 to 2**64 - 1 that depends on `parts` alone."""
    text = "|".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def draw(*parts: object) -> float:
    """Return a number >= 0 and < 1 that depends on `parts` alone."""
    return draw_int(*parts) / _TWO_64


def draw_between(low: float, high: float, *parts: object) -> float:
    """Return a number >= `low` and < `high`."""
    return low + (high - low) * draw(*parts)


def draw_normal(*parts: object) -> float:
    """Return a standard normal number (mean 0, standard deviation 1)."""
    return _STANDARD_NORMAL.inv_cdf(min(max(draw(*parts), 1e-12), 1 - 1e-12))


def pick(choices: Sequence[T], *parts: object) -> T:
    """Return one of `choices`, each equally likely."""
    return choices[draw_int(*parts) % len(choices)]

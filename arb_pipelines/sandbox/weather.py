"""What goes wrong for a while, and how quick a shop is: bad hours, slow shops, rules for robots.

What belongs here: pure functions of seed, shop and world hour. Failures for good are `misbehaviour.py`; faults that a
test plants are `faults.py`. Bad weather meets pages only: the order desk of a shop keeps answering.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import floor

from arb_pipelines.sandbox.assortment import Misbehaviour, Shop
from arb_pipelines.sandbox.draws import draw, draw_between, pick

CYCLE_H = 240.0  # a shop has at most one bad spell in ten world days
SPELL_H = (1.0, 12.0)
DOWN_STATUSES = (500, 502, 503, 504)
SLOW_SHARE, SLOW_S = 0.04, (0.08, 0.4)
VERY_SLOW_EVERY, VERY_SLOW_AT, VERY_SLOW_S = 100, 71, 1.2  # 5 of 500
CRAWL_DELAY_EVERY, CRAWL_DELAY_AT, CRAWL_DELAY_S = 40, 7, 0.5
NO_ROBOTS_EVERY, NO_ROBOTS_AT = 40, 9
CACHED = 4_096


class Trouble(StrEnum):
    """What a bad spell is."""

    DOWN = "down"  # 500, 502, 503 or 504
    THROTTLED = "throttled"  # 429 with Retry-After
    CHALLENGED = "challenged"  # 403 with a CAPTCHA page


# Chance of a spell in a cycle. With 6.5 hours on average, one of 500 shops has one at any time.
_CHANCES = ((Trouble.DOWN, 0.05), (Trouble.THROTTLED, 0.025), (Trouble.CHALLENGED, 0.01))


@dataclass(frozen=True, slots=True)
class Spell:
    """A bad spell of one shop, from one world hour to another; `status` is what a visitor gets."""

    trouble: Trouble
    starts_h: float
    ends_h: float
    status: int


def trouble_at(seed: int, shop: Shop, hour: float) -> Spell | None:
    """Return the bad spell in which the shop is at `hour`, if any."""
    spell = _spell_of(seed, shop.number, floor(hour / CYCLE_H))
    return spell if spell is not None and spell.starts_h <= hour < spell.ends_h else None


@lru_cache(maxsize=CACHED)
def _spell_of(seed: int, number: int, cycle: int) -> Spell | None:
    key = (seed, "weather", number, cycle)
    chance = draw(*key)
    for trouble, share in _CHANCES:
        if chance < share:
            return _build_spell(trouble, cycle, key)
        chance -= share
    return None


def _build_spell(trouble: Trouble, cycle: int, key: tuple[object, ...]) -> Spell:
    length_h = draw_between(*SPELL_H, *key, "length")
    starts_h = cycle * CYCLE_H + draw_between(0, CYCLE_H - length_h, *key, "start")
    status = {Trouble.THROTTLED: 429, Trouble.CHALLENGED: 403}.get(trouble) or pick(DOWN_STATUSES, *key, "status")
    return Spell(trouble, starts_h, starts_h + length_h, status)


def latency_s(seed: int, shop: Shop) -> float:
    """Return how long the shop thinks about each page: nothing in most, over a second in one of a hundred."""
    if shop.number % VERY_SLOW_EVERY == VERY_SLOW_AT:
        return VERY_SLOW_S
    return (
        draw_between(*SLOW_S, seed, "slow", shop.number) if draw(seed, "slow shop", shop.number) < SLOW_SHARE else 0.0
    )


def crawl_delay_s(shop: Shop) -> float | None:
    """Return the Crawl-delay of the shop's robots.txt, if it has one."""
    return CRAWL_DELAY_S if shop.number % CRAWL_DELAY_EVERY == CRAWL_DELAY_AT else None


def robots_text(shop: Shop, base_url: str, *, calm: bool) -> str | None:
    """Return the shop's robots.txt, None where it has none (404: all is allowed).

    All but the closed shops allow their product pages, lists and sitemaps.
    """
    if shop.misbehaviour is Misbehaviour.ROBOTS_DISALLOW:
        return "User-agent: *\nDisallow: /\n"
    if not calm and shop.number % NO_ROBOTS_EVERY == NO_ROBOTS_AT:
        return None
    delay_s = None if calm else crawl_delay_s(shop)
    lines = [
        "User-agent: *",
        *_RULES[shop.number % len(_RULES)],
        *(() if delay_s is None else (f"Crawl-delay: {delay_s:g}",)),
        "",
        f"Sitemap: {base_url}/sitemap.xml",
    ]
    if shop.number % 3 == 1:
        lines = ["# Rules for robots", "User-agent: greedy-bot", "User-agent: old-bot", "Disallow: /", "", *lines]
    return ("\r\n" if shop.number % 7 == 3 else "\n").join(lines) + "\n"


_RULES = (
    ("Disallow: /api/orders", "Disallow: /api/quotes"),
    ("Disallow: /api/orders", "Disallow: /api/quotes", "Disallow: /cart", "Disallow: /account/"),
    ("disallow: /api/  # programs only", "allow: /api/product/", "Disallow: /*?sort="),
    ("Disallow: /api/orders$", "Disallow: /api/orders?", "Disallow: /api/quotes", "Allow: /"),
)

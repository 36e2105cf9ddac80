"""The unchanging part of a shop's pages: style sheet, navigation, footer.

What belongs here: markup of a realistic size (15 to 55 kB, or as large as a benchmark asks) that carries no offer. A
few variants serve all shops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from arb_pipelines.sandbox.catalogue_words import KINDS, PLACE_WORDS, PROSE
from arb_pipelines.sandbox.draws import draw_int, pick
from arb_pipelines.sandbox.pages.compression import Chunk

VARIANTS = 16
BodySize = tuple[int, int]  # kB of the smallest and the largest frame
_BEST = 9
_CSS_PARTS = ("header", "nav", "grid", "card", "media", "badge", "footer", "panel", "modal", "form", "tabs")
_CSS_RULES = (
    "display:flex",
    "margin:0 auto",
    "padding:12px 16px",
    "color:#33373d",
    "background:#f7f7f4",
    "border-radius:6px",
    "font-weight:600",
    "line-height:1.45",
    "max-width:72rem",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and after the part of a page that changes."""

    top: Chunk  # up to the style sheet, within the head
    bottom: Chunk  # from the end of the main part to the end of the page


@lru_cache(maxsize=32 * VARIANTS)
def build_frame(variant: int, language: str, size: BodySize | None = None) -> Frame:
    """Return one of the `VARIANTS` frames; `size` stretches them evenly between two sizes in kB."""
    rules = 120 + draw_int("frame rules", variant) % 260
    links = 40 + draw_int("frame links", variant) % 120
    paragraphs = 20 + draw_int("frame text", variant) % 70
    top, bottom = _markup(variant, language, rules, links, paragraphs)
    if size is not None:
        target = 1000 * (size[0] + (size[1] - size[0]) * variant / (VARIANTS - 1))
        share = target / (len(top) + len(bottom))
        top, bottom = _markup(variant, language, *(round(part * share) for part in (rules, links, paragraphs)))
    return Frame(Chunk.of(top, _BEST), Chunk.of(bottom, _BEST))


def _markup(variant: int, language: str, rules: int, links: int, paragraphs: int) -> tuple[str, str]:
    top = (
        f"<!DOCTYPE html>\n<html lang='{language}'><head><meta charset='utf-8'>"
        f"<style>{_style_sheet(variant, rules)}</style>\n"
    )
    bottom = (
        f"</main>\n<nav class='site-nav'>{_navigation(variant, links)}</nav>"
        f"<footer class='site-footer'>{_paragraphs(variant, paragraphs)}</footer></body></html>\n"
    )
    return top, bottom


def _style_sheet(variant: int, rules: int) -> str:
    return "\n".join(
        f".{pick(_CSS_PARTS, 'css', variant, n)}-{variant}-{n}{{{pick(_CSS_RULES, 'rule', variant, n)};"
        f"{pick(_CSS_RULES, 'second', variant, n)}}}"
        for n in range(rules)
    )


def _navigation(variant: int, links: int) -> str:
    return "".join(
        f"<a class='nav-link' href='/department/{n}'>{pick(KINDS, 'nav', variant, n).noun}s "
        f"{pick(PLACE_WORDS, 'place', variant, n)}</a>\n"
        for n in range(links)
    )


def _paragraphs(variant: int, paragraphs: int) -> str:
    return "".join(
        f"<p class='small-print'>{_sentence(variant, n)} {_sentence(variant, n + 1000)}</p>\n"
        for n in range(paragraphs)
    )


def _sentence(*parts: int) -> str:
    first = pick(PROSE, "first", *parts)
    return f"{first.capitalize()}, {pick(PROSE, 'then', *parts)}."

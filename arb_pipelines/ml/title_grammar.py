"""Made-up titles with their brand and model marked: what the recogniser learns from before it has seen a shop.

What belongs here: the grammar. Words come from `data/`; most makers and every model number are invented, so that
the recogniser learns where a maker stands and what it looks like, and not a list. The same seed gives the same
titles on every machine.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from arb_pipelines.ml.title_words import COLOURS, CONDITION_PHRASES, DATA_DIR, load_list

_PARTS = {
    name: tuple(text.split())
    for name, text in tomllib.loads((DATA_DIR / "title_parts.toml").read_text(encoding="utf-8")).items()
}
COMPANY_WORDS = _PARTS["company_words"]


@dataclass(frozen=True, slots=True)
class MarkedTitle:
    """A title and the character spans (start, end) of its brand and model; None where it names none.

    `is_brand_open` and `is_model_open` say that it may name one all the same (the data spells it in another way, or
    does not state it), so that words that could be one teach nothing.
    """

    text: str
    brand: tuple[int, int] | None
    model: tuple[int, int] | None
    is_brand_open: bool = False
    is_model_open: bool = False


Piece = tuple[str, str]  # text, label ("" for none)


def make_titles(count: int, seed: int = 0, without: frozenset[str] = frozenset()) -> Iterator[MarkedTitle]:
    """Yield made-up titles. `without` names makers (lower case) that must not occur, for a test on unseen ones."""
    writer = _Writer(random.Random(seed), without)  # noqa: S311 - made-up titles, no secret
    for _ in range(count):
        yield writer.title()


def invent_brand(chance: random.Random) -> str:
    """Return a name that no maker has (or only by accident): one or two words, or a few capitals."""
    if chance.random() < 0.12:
        return "".join(chance.choice("ABCDEFGHIKLMNOPRSTVXZ") for _ in range(chance.randint(2, 4)))
    words = [_invent_word(chance) for _ in range(1 if chance.random() < 0.9 else 2)]
    if len(words) == 2 and chance.random() < 0.3:
        return f"{words[0]}{chance.choice(['-', ' & '])}{words[1]}"
    if len(words) == 1 and chance.random() < 0.2:
        words.append(chance.choice(_PARTS["company_words"]))
    if chance.random() < 0.05:
        words[0] += chance.choice(_PARTS["company_ends"])
    return " ".join(word.capitalize() for word in words)


def _invent_word(chance: random.Random) -> str:
    parts = [
        chance.choice(_PARTS["starts"])
        + chance.choice(_PARTS["middles"])
        + (chance.choice(_PARTS["ends"]) if chance.random() < 0.5 else "")
        for _ in range(chance.choice([1, 2, 2, 2, 3]))
    ]
    word = "".join(parts)
    return word if len(word) > 2 else word + chance.choice(_PARTS["ends"])


def invent_code(chance: random.Random) -> str:
    """Return a part number: half of usual shapes, half of runs of letters and digits as they come."""
    places = {"L": "ABCDEFGHJKLMNPRSTUVWX", "d": "0123456789"}
    if chance.random() < 0.5:
        shape = chance.choice(_PARTS["model_shapes"])
    else:
        runs = ["L" * chance.randint(1, 4), "d" * chance.randint(2, 5)]
        runs += [chance.choice("Ld") * chance.randint(1, 4) for _ in range(chance.choice([0, 1, 1, 2, 3]))]
        shape = "".join(run + chance.choice(["", "", "", "-"]) for run in runs).strip("-")
    return "".join(chance.choice(places.get(c, c)) for c in shape)


def _invent_line(chance: random.Random) -> str:
    """Return a model that is a name with a number: "EOS 5D mark IV", "Vertex 3 Pro"."""
    series = load_list("title_series")
    strange = _invent_word(chance).capitalize()
    first = chance.choice(
        [chance.choice(series), strange, chance.choice("eix") + strange, invent_brand(chance)[:3].upper()]
    )
    fixed = {"mark": "Mark", "R": chance.choice(_PARTS["roman"]), "P": chance.choice(series), "V": "Ultra"}
    places = {"L": "ADGMPSTXZ", "d": "123456789"}
    words = [
        fixed.get(part) or "".join(chance.choice(places[c]) for c in part)
        for part in chance.choice(_PARTS["line_shapes"]).split("_")
    ]
    return " ".join([first, *words])


class _Writer:
    """Writes titles from one source of chance."""

    def __init__(self, chance: random.Random, without: frozenset[str]) -> None:
        self._chance = chance
        self._brands = [name for name in load_list("title_brands") if name.lower() not in without]
        self._kinds = load_list("title_kinds")
        self._qualifiers = load_list("title_qualifiers")

    def title(self) -> MarkedTitle:
        chance = self._chance
        if chance.random() < 0.05:
            return self._join(self._work_of_art())
        brand = self._brand() if chance.random() < 0.9 else None
        model = self._model(brand) if chance.random() < 0.7 else None
        pieces = self._order(brand, model)
        return self._join(pieces)

    def _work_of_art(self) -> list[Piece]:
        """Return the title of a book or film: strange words, and no maker."""
        chance = self._chance
        names = [_invent_word(chance) for _ in range(chance.randint(1, 2))] + [chance.choice(load_list("title_series"))]
        chance.shuffle(names)
        words = [chance.choice(["the", "a", "of", "my", "in the"]), *names, chance.choice(["of", "and", "for", ""])]
        words += [chance.choice(self._qualifiers), chance.choice(_PARTS["media"])]
        return [(word.capitalize(), "") for word in words if word]

    def _brand(self) -> str:
        return self._chance.choice(self._brands) if self._chance.random() < 0.4 else invent_brand(self._chance)

    def _model(self, brand: str | None) -> str:
        """Return a part number or, behind a maker, a line: a title that begins "Word 4" begins with its maker."""
        is_code = brand is None or self._chance.random() < 0.6
        return invent_code(self._chance) if is_code else _invent_line(self._chance)

    def _order(self, brand: str | None, model: str | None) -> list[Piece]:
        chance = self._chance
        maker: list[Piece] = [(brand, "BRAND")] if brand else []
        number: list[Piece] = [(model, "MODEL")] if model else []
        line = self._line() if chance.random() < 0.5 else []
        body = self._body()
        shape = chance.random()
        if shape < 0.45:
            pieces = [*maker, *line, *number, *body]
        elif shape < 0.75:
            pieces = [*maker, *line, *body, *self._closing(number)]
        elif shape < 0.83 and model and " " not in model:
            pieces = [*number, *maker, *body]
        elif shape < 0.93:
            pieces = [*self._opening(), *maker, *number, *body]
        else:
            pieces = [*body, *self._by(maker), *number]
        return pieces + self._tail()

    def _line(self) -> list[Piece]:
        """Return the name of a product line behind the maker: not a part of the brand."""
        invented = self._chance.random() < 0.7
        return [(_invent_word(self._chance) if invented else self._chance.choice(load_list("title_series")), "")]

    def _opening(self) -> list[Piece]:
        words = [self._chance.choice(self._qualifiers), self._chance.choice(CONDITION_PHRASES), self._count()]
        return [(self._chance.choice(words), "")]

    def _closing(self, number: list[Piece]) -> list[Piece]:
        if not number or self._chance.random() < 0.6:
            return number
        opened, closed = self._chance.choice([("(", ")"), ("-", ""), (",", ""), ("[", "]"), ("model", ""), ("#", "")])
        return [(opened, ""), *number, *([(closed, "")] if closed else [])]

    def _by(self, maker: list[Piece]) -> list[Piece]:
        return [("by", ""), *maker] if maker and self._chance.random() < 0.3 else maker

    def _body(self) -> list[Piece]:
        chance = self._chance
        words = [chance.choice(self._qualifiers) for _ in range(chance.choice([0, 1, 1, 2, 2, 3]))]
        words += [self._measure() for _ in range(chance.choice([0, 0, 1, 1, 2]))]
        chance.shuffle(words)
        words.append(chance.choice(self._kinds))
        if chance.random() < 0.15:
            words.insert(0, chance.choice(COLOURS))
        if chance.random() < 0.18:
            words += [chance.choice(["for", "fits", "compatible with", "w/"]), self._other()]
        return [(word, "") for word in words]

    def _other(self) -> str:
        """Return what an accessory is for: another maker's name or a product, never the brand of this title."""
        chance = self._chance
        other = self._brand() if chance.random() < 0.6 else chance.choice(self._kinds)
        return f"{other} {chance.choice(load_list('title_series'))}" if chance.random() < 0.3 else other

    def _measure(self) -> str:
        chance = self._chance
        if chance.random() < 0.2:
            return chance.choice(_PARTS["speeds"])
        number = chance.choice(
            [str(chance.randint(1, 64)), str(chance.randint(100, 2000)), f"{chance.random() * 20:.1f}"]
        )
        return f"{number}{chance.choice(['', ' ', '-'])}{chance.choice(_PARTS['measures'])}"

    def _count(self) -> str:
        number = self._chance.randint(2, 100)
        return self._chance.choice(
            [f"{number}-pack", f"{number} pack", f"lot of {number}", f"set of {number}", f"{number} x"]
        )

    def _tail(self) -> list[Piece]:
        chance = self._chance
        pieces: list[Piece] = []
        if chance.random() < 0.2:
            pieces += [(chance.choice([",", "-", ""]), ""), (chance.choice(COLOURS), "")]
        if chance.random() < 0.12:
            pieces.append((chance.choice(CONDITION_PHRASES), ""))
        if chance.random() < 0.12:
            pieces += [(",", ""), (self._count(), "")]
        return [piece for piece in pieces if piece[0]]

    def _join(self, pieces: list[Piece]) -> MarkedTitle:
        chance = self._chance
        spaced = chance.random() < 0.4  # catalogues that were cut into words: "24 ' lcd ( black )"
        text, spans = "", {}
        for word, label in pieces:
            glued = not text or text.endswith(("(", "[", "#")) or (word in {",", ")", "]"} and not spaced)
            text += word if glued and not (spaced and text) else f" {word}"
            if label:
                spans[label] = (len(text) - len(word), len(text))
        case = chance.choice(("as it is", "as it is", "capitals", "lower", "lower", "lower", "upper"))
        changed = {"lower": text.lower(), "upper": text.upper()}.get(case, text)
        changed = _capitalise(text, spans) if case == "capitals" else changed
        return MarkedTitle(changed, spans.get("BRAND"), spans.get("MODEL"))


def _capitalise(text: str, spans: dict[str, tuple[int, int]]) -> str:
    """Capitalise the words outside the spans, as shops write titles."""
    inside = {place for start, end in spans.values() for place in range(start, end)}
    return "".join(
        c.upper() if place not in inside and (place == 0 or text[place - 1] == " ") else c
        for place, c in enumerate(text)
    )

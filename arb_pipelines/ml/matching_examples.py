"""Invented products and how differently shops word them: what the matcher learns from where no labels are.

What belongs here: a seeded generator of products, of siblings that differ in one thing that matters (model, size,
version, edition, colour, accessory), and of shop wordings. Words are made of syllables; likeness to a brand is chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

_SYLLABLES_TEXT = """
    ba be bi bo bu da de di do du fa fe fi fo ga ge go ka ke ki ko la le li lo lu ma me mi mo mu na ne ni no pa pe
    pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo za ze zo bran cor dren fal gar hel jin kel lor
    mar nor pel quin ras sten tor vel wyn xan yor zel
"""
_SYLLABLES = _SYLLABLES_TEXT.split()
_ENDS = ("x", "n", "r", "s", "l", "k", "t", "a", "o", "ex", "on", "ar", "is", "el", "ic", "ant")
_GOODS_TEXT = """
    digital camera;wireless headphones;laptop;monitor;printer;ink cartridge;hard drive;memory card;router;
    keyboard;mouse;speaker system;television;refrigerator;microwave oven;vacuum cleaner;coffee maker;kettle;
    knife;drill;saw;socket set;tent;backpack;stove;lamp;watch;lens;tripod;projector;phone;tablet;
    scanner;receiver;turntable
"""
_GOODS = _GOODS_TEXT.replace("\n    ", "").strip().split(";")
_PROGRAMS_TEXT = """
    photo editor;accounting;antivirus;backup;language course;typing tutor;video studio;office suite;
    web designer;racing game;strategy game;map atlas;tax planner;music studio;cad drafting;firewall
"""
_PROGRAMS = _PROGRAMS_TEXT.replace("\n    ", "").strip().split(";")
_EDITIONS = ("", "", "standard", "professional", "deluxe", "home", "upgrade", "academic", "premium", "small business")
_PLATFORMS = ("", "", "windows", "mac", "win/mac")
_COLOURS = ("", "", "black", "white", "silver", "red", "blue", "grey", "green", "gold")
_SIZES = {"in": (7, 13, 15, 17, 19, 22, 24, 32, 42, 52), "gb": (4, 8, 16, 32, 64, 128, 256, 500), "w": (5, 20, 60, 450)}
_SIZES |= {"mm": (18, 24, 35, 50, 85, 200), "l": (1, 2, 5, 17, 26), "mp": (6, 8, 10, 12, 16, 24), "v": (12, 18, 20)}
_UNIT_SPELLINGS = {"in": ("in", " inch", '"', "-inch"), "gb": ("gb", " gb", "GB"), "w": ("w", " w", " watt")}
_FEATURES_TEXT = """
    portable stainless compact rechargeable digital bluetooth usb hdmi optical zoom cordless stereo dual turbo slim
    waterproof ergonomic programmable automatic high speed full hd smart silent folding series
"""
_FEATURES = _FEATURES_TEXT.split()
_NOISE = ("new", "free shipping", "best price", "in stock", "retail box", "warranty", "buy online", "sale", "oem")
_SHORT = {"professional": "pro", "standard": "std", "deluxe": "dlx", "windows": "win", "upgrade": "upg"}
_ACCESSORIES = ("case for", "battery for", "charger for", "replacement part for", "cover for")

OWN_CODE_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class ExampleProduct:
    """One invented product; two are the same thing when all fields are equal."""

    brand: str
    line: str
    code: str
    goods: str
    size: int
    unit: str
    colour: str
    version: str
    edition: str
    platform: str
    accessory: str
    features: tuple[str, ...]
    price: float


class ExampleWorld:
    """A seeded source of products and wordings."""

    def __init__(self, seed: int, brands: int = 400) -> None:
        """Invent the brands and lines."""
        self.rng = Random(seed)  # noqa: S311 - invented words, nothing secret
        self._brands = [self._name() for _ in range(brands)]
        self._lines = [self._name() for _ in range(brands * 5)]

    def product(self) -> ExampleProduct:
        """Return a new product: two of three are goods with a model code, the others programs and games."""
        rng = self.rng
        program = rng.random() < 0.33
        unit = rng.choice(list(_SIZES))
        return ExampleProduct(
            brand=rng.choice(self._brands),
            line=rng.choice(self._lines),
            code="" if program or rng.random() < 0.12 else self._code(),
            goods=rng.choice(_PROGRAMS if program else _GOODS),
            size=0 if program or rng.random() < 0.3 else rng.choice(_SIZES[unit]),
            unit=unit,
            colour="" if program else rng.choice(_COLOURS),
            version=self._version() if program else "",
            edition=rng.choice(_EDITIONS) if program else "",
            platform=rng.choice(_PLATFORMS) if program else "",
            accessory="",
            features=tuple(rng.sample(_FEATURES, rng.randint(0, 4))),
            price=round(10 ** rng.uniform(0.8, 3.2), 2),
        )

    def sibling(self, product: ExampleProduct) -> ExampleProduct:
        """Return another product that differs in one or two things that matter."""
        other = product
        while other == product:
            other = self._change(self._change(product) if self.rng.random() < 0.3 else product)
        return replace(other, price=round(product.price * self.rng.uniform(0.5, 2), 2))

    def wording(self, product: ExampleProduct) -> str:
        """Return a title as some shop would write it: parts left out, moved, abbreviated, misspelt, joined."""
        rng = self.rng
        head = [product.brand] if rng.random() < 0.9 else []
        head += [product.line] if not product.code or rng.random() < 0.75 else []
        middle = [self._spell_code(product.code)] if product.code and rng.random() < 0.9 else []
        parts = [product.goods, self._spell_size(product), product.colour if rng.random() < 0.75 else ""]
        parts += [word for word in product.features if rng.random() < 0.5]
        edition = [product.version, self._shorten(product.edition), self._shorten(product.platform)]
        tail = [part for part in parts if part and rng.random() < 0.85]
        if rng.random() < 0.4:
            rng.shuffle(tail)
        body = [*middle, *tail] if rng.random() < 0.6 else [*tail, *middle]
        noise = [rng.choice(_NOISE)] if rng.random() < 0.2 else []
        words = " ".join([product.accessory, *head, *filter(None, edition), *body, *noise]).split()
        return " ".join(self._misspell(word) if rng.random() < 0.02 else word for word in words)

    def price(self, product: ExampleProduct) -> float | None:
        """Return what some shop asks, or None where a page does not say."""
        return None if self.rng.random() < 0.3 else round(product.price * self.rng.lognormvariate(0, 0.15), 2)

    def _name(self) -> str:
        return "".join(self.rng.choices(_SYLLABLES, k=self.rng.randint(2, 3))) + self.rng.choice(_ENDS)

    def _code(self) -> str:
        rng = self.rng
        letters = "".join(rng.choices("abcdefghklmnprstvwxz", k=rng.randint(1, 4)))
        tail = "".join(rng.choices("abcdeklmnrsx", k=rng.randint(0, 2)))
        return f"{letters}{rng.choice(('', '', '-', ' '))}{rng.randint(10, 99_999)}{tail}"

    def _version(self) -> str:
        rng = self.rng
        return rng.choice(
            (str(rng.randint(1998, 2024)), str(rng.randint(2, 14)), f"{rng.randint(1, 9)}.{rng.randint(0, 9)}")
        )

    def _change(self, product: ExampleProduct) -> ExampleProduct:
        rng = self.rng
        changes = {
            "code": lambda: replace(product, code=self._nearby(product.code) if product.code else self._code()),
            "size": lambda: replace(product, size=rng.choice(_SIZES[product.unit]), code=self._variant(product.code)),
            "colour": lambda: replace(product, colour=rng.choice(_COLOURS[2:]), code=self._variant(product.code)),
            "line": lambda: replace(product, line=rng.choice(self._lines), code=self._nearby(product.code)),
            "accessory": lambda: replace(product, accessory=rng.choice(_ACCESSORIES)),
            "goods": lambda: replace(product, goods=rng.choice(_GOODS), code=self._nearby(product.code)),
        }
        if product.version:
            changes = {
                "version": lambda: replace(product, version=self._version()),
                "edition": lambda: replace(product, edition=rng.choice(_EDITIONS[2:])),
                "platform": lambda: replace(product, platform=rng.choice(_PLATFORMS[2:])),
                "line": lambda: replace(product, line=rng.choice(self._lines)),
            }
        names = list(changes)
        weights = [4 if name in {"code", "version"} else 1 for name in names]
        return changes[rng.choices(names, weights)[0]]()

    def _nearby(self, code: str) -> str:
        """Return a code of the same family: one character differs, or one is added."""
        if not code:
            return ""
        place = self.rng.randrange(len(code))
        new = self.rng.choice("0123456789" if code[place].isdigit() else "abcdefklmnrstx")
        return code + new if self.rng.random() < 0.2 else code[:place] + new + code[place + 1 :]

    def _variant(self, code: str) -> str:
        """Return the code of another size or colour: makers mostly, but not always, give it one of its own."""
        return self._nearby(code) if self.rng.random() < OWN_CODE_SHARE else code

    def _spell_code(self, code: str) -> str:
        kind = self.rng.random()
        if kind < 0.5:
            return code
        squeezed = code.replace("-", "").replace(" ", "")
        return squeezed if kind < 0.8 else f"{squeezed[:2]}-{squeezed[2:]}"

    def _spell_size(self, product: ExampleProduct) -> str:
        if not product.size:
            return ""
        spellings = _UNIT_SPELLINGS.get(product.unit, (product.unit, f" {product.unit}"))
        return f"{product.size}{self.rng.choice(spellings)}"

    def _shorten(self, word: str) -> str:
        return _SHORT.get(word, word) if self.rng.random() < 0.4 else word

    def _misspell(self, word: str) -> str:
        place = self.rng.randrange(len(word))
        return word[:place] + word[place + 1 :] if len(word) > 4 and word.isalpha() else word


@dataclass(frozen=True, slots=True)
class ExamplePair:
    """Two products, each as a shop words it, and whether they are one."""

    left: ExampleProduct
    right: ExampleProduct
    left_title: str
    right_title: str
    same: bool


def example_pairs(world: ExampleWorld, pairs: int) -> Iterator[ExamplePair]:
    """Yield pairs: one in three the same thing, most of the others siblings, and a few strangers.

    A difference that neither title shows is left out: nobody could learn it.
    """
    found = 0
    while found < pairs:
        product = world.product()
        kind = world.rng.random()
        other = product if kind < 1 / 3 else world.sibling(product) if kind < 0.9 else world.product()
        pair = ExamplePair(product, other, world.wording(product), world.wording(other), same=kind < 1 / 3)
        if pair.same or _shows_difference(pair):
            found += 1
            yield pair


def _shows_difference(pair: ExamplePair) -> bool:
    for part in ("brand", "line", "code", "goods", "size", "colour", "version", "edition", "platform", "accessory"):
        values = str(getattr(pair.left, part)), str(getattr(pair.right, part))
        titles = pair.left_title, pair.right_title
        if values[0] != values[1] and any(_says(*said) for said in zip(titles, values, strict=True)):
            return True
    return False


def _says(title: str, value: str) -> bool:
    squeezed = "".join(c for c in value if c.isalnum())
    return bool(squeezed) and squeezed in "".join(c for c in title if c.isalnum())

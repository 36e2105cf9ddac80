"""The fictitious products that exist in the sandbox.

What belongs here: what a product is and how the catalogue follows from the seed. Which shop stocks it is
`assortment.py`, what it costs is `pricing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from arb_pipelines.sandbox.catalogue_words import BOOK_SUBJECTS, BRANDS, IMPRINTS, KINDS, ProductKind
from arb_pipelines.sandbox.draws import draw, draw_between, pick

# GS1 keeps 952 for examples; the ISBN group 99999 of prefix 978 is not given to any country.
EXAMPLE_PREFIX = "952"
EXAMPLE_ISBN_PREFIX = "97899999"
CATEGORY_IDS = {"most": "90001", "books": "90002", "electronics": "90003"}
FIRST_EPID = 9_500_000_000


@dataclass(frozen=True, slots=True)
class Product:
    """One product. `base_usd` is its long-run market value when new, `popularity` its relative demand."""

    index: int
    brand: str
    model: str
    noun: str
    feature: str
    department: str
    category: str
    gtin: str
    base_usd: float
    weight_g: int
    popularity: float

    @property
    def title(self) -> str:
        """The catalogue's own wording; shops vary it."""
        if self.category == "books":
            return f"{self.model} ({self.feature})"
        return f"{self.brand} {self.model} {self.noun} {self.feature}"

    @property
    def epid(self) -> str:
        """The selling channel's product identifier."""
        return str(FIRST_EPID + self.index)

    @property
    def mpn(self) -> str | None:
        """The maker's part number; a book has none."""
        return None if self.category == "books" else self.model

    @property
    def category_id(self) -> str:
        """The selling channel's category."""
        return CATEGORY_IDS[self.category]

    @property
    def slug(self) -> str:
        """The words of an address."""
        words = f"{self.brand} {self.model} {self.noun}".lower()
        return "-".join("".join(c if c.isalnum() else " " for c in words).split())


def build_catalogue(seed: int, size: int) -> tuple[Product, ...]:
    """Return `size` products; the same seed always gives the same ones."""
    return tuple(_build_product(seed, index) for index in range(size))


def gtin13(first_twelve: str) -> str:
    """Return twelve digits with their check digit."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return f"{first_twelve}{-weighted % 10}"


def _build_product(seed: int, index: int) -> Product:
    kind = KINDS[index % len(KINDS)]
    is_book = kind.category == "books"
    # Squaring keeps most products in the cheaper half of their range, as in a real shop.
    share = draw(seed, "value", index) ** 2
    return Product(
        index=index,
        brand=pick(IMPRINTS if is_book else BRANDS, seed, "brand", index),
        model=_book_name(seed, index, kind) if is_book else _model_number(seed, index),
        noun=kind.noun,
        feature=pick(kind.features, seed, "feature", index),
        department=kind.department,
        category=kind.category,
        gtin=_gtin(seed, index, is_book=is_book),
        base_usd=round(kind.low_usd + (kind.high_usd - kind.low_usd) * share, 2),
        weight_g=int(draw_between(kind.low_g, kind.high_g, seed, "weight", index)),
        popularity=draw_between(0.5, 1.5, seed, "popularity", index),
    )


def _model_number(seed: int, index: int) -> str:
    letters = "".join(pick("ABCDEFGHKLMNPRSTVX", seed, "letter", index, place) for place in range(2))
    # The index makes every model number unique, which matching by brand and part number relies on.
    return f"{letters}-{1000 + index * 7}"


def _book_name(seed: int, index: int, kind: ProductKind) -> str:
    subject = pick(BOOK_SUBJECTS, seed, "subject", index)
    return f"{kind.noun} of {subject}, Volume {index // len(KINDS) + 1}"


def _gtin(seed: int, index: int, *, is_book: bool) -> str:
    if is_book:
        return gtin13(f"{EXAMPLE_ISBN_PREFIX}{index:04d}")
    company = 1000 + int(draw(seed, "company", index % 7) * 8999)
    return gtin13(f"{EXAMPLE_PREFIX}{company}{index:05d}")

"""How shops of other countries write amounts and the few words around them.

What belongs here: data and the writing of amounts. A locale is named after the country whose habits it follows;
the rates are fixed, because a world must not depend on the day on which it is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NARROW, _HARD = "\u202f", "\u00a0"  # blanks at which no line may break, as French and Nordic pages have them


@dataclass(frozen=True, slots=True)
class Words:
    """What a visible-text page says around its amounts."""

    in_stock: str
    few_left: str  # with {} for the number
    out_of_stock: str
    was: str
    now: str
    instalments: str  # with {} for the number of parts
    unit: str  # what a base price counts
    related: str
    free_shipping: str
    shipping: str
    item_no: str
    new: str
    used: str


@dataclass(frozen=True, slots=True)
class Locale:
    """How one country writes an amount: `pattern` has {} for the number."""

    language: str
    currency: str
    a_usd: float
    thousands: str
    decimal: str
    pattern: str
    digits: int
    words: Words


ENGLISH = Words(
    "In stock", "Only {} left in stock", "Out of stock", "Was", "Now", "or {} payments of", "100 g",
    "You may also like", "Free shipping", "Shipping:", "Item no.:", "New", "Used - Very Good",
)  # fmt: skip
GERMAN = Words(
    "Auf Lager", "Nur noch {} Stück auf Lager", "Ausverkauft", "Statt", "Jetzt", "oder {} Raten zu je", "100 g",
    "Das könnte Ihnen auch gefallen", "Versandkostenfrei", "Versand:", "Artikelnummer:", "Neu", "Gebraucht - sehr gut",
)  # fmt: skip
FRENCH = Words(
    "En stock", "Plus que {} en stock", "Rupture de stock", "Prix habituel", "Maintenant", "ou {} mensualités de",
    "100 g", "Vous aimerez aussi", "Livraison gratuite", "Livraison :", "Référence :", "Neuf", "Occasion - très bon",
)  # fmt: skip
PORTUGUESE = Words(
    "Disponível em estoque", "Disponível: restam apenas {}", "Esgotado", "De", "Por", "ou em {} parcelas de", "100 g",
    "Produtos relacionados", "Frete grátis", "Frete:", "Código:", "Novo", "Usado - muito bom",
)  # fmt: skip
SWEDISH = Words(
    "I lager", "Endast {} kvar i lager", "Slut i lager", "Ord. pris", "Nu", "eller {} delbetalningar à", "100 g",
    "Liknande varor", "Fri frakt", "Frakt:", "Artikelnummer:", "Ny", "Begagnad - mycket bra",
)  # fmt: skip
POLISH = Words(
    "Dostępny", "Dostępny: tylko {} szt.", "Produkt niedostępny", "Cena regularna", "Teraz", "lub {} raty po", "100 g",
    "Podobne produkty", "Darmowa dostawa", "Dostawa:", "Kod produktu:", "Nowy", "Używany - bardzo dobry",
)  # fmt: skip
JAPANESE = Words(
    "在庫あり", "残り{}点 在庫あり", "在庫切れ", "通常価格", "販売価格", "または{}回払い 各", "100 g",
    "おすすめ商品", "送料無料", "送料", "商品番号:", "新品", "中古 - 非常に良い",
)  # fmt: skip

LOCALES: Mapping[str, Locale] = {
    "us": Locale("en-US", "USD", 1.0, ",", ".", "${}", 2, ENGLISH),
    "de": Locale("de", "EUR", 0.92, ".", ",", "{} €", 2, GERMAN),
    "fr": Locale("fr", "EUR", 0.92, _NARROW, ",", "{}" + _HARD + "€", 2, FRENCH),
    "gb": Locale("en-GB", "GBP", 0.79, ",", ".", "£{}", 2, ENGLISH),
    "ch": Locale("de-CH", "CHF", 0.88, "’", ".", "CHF {}", 2, GERMAN),
    "br": Locale("pt-BR", "BRL", 5.4, ".", ",", "R$ {}", 2, PORTUGUESE),
    "se": Locale("sv", "SEK", 10.4, _HARD, ",", "{} kr", 2, SWEDISH),
    "pl": Locale("pl", "PLN", 3.95, _HARD, ",", "{} zł", 2, POLISH),
    "jp": Locale("ja", "JPY", 150.0, ",", "", "{}円", 0, JAPANESE),
}
FOREIGN = tuple(code for code in LOCALES if code not in ("us", "de"))
_OF_CURRENCY = {"USD": "us", "EUR": "de"}


def decimal_text(minor: int, digits: int = 2) -> str:
    """Return e.g. `1234.56`, or `1234` for a currency without minor units."""
    return f"{minor // 100}.{minor % 100:02d}" if digits else str(minor)


def amount_text(minor: int, code: str) -> str:
    """Return an amount as a visitor of a shop of locale `code` reads it, e.g. `$1,234.56` or `1.234,56 €`."""
    locale = LOCALES[code]
    whole, rest = divmod(minor, 100) if locale.digits else (minor, 0)
    number = f"{whole:,}".replace(",", locale.thousands)
    if locale.digits:
        number += f"{locale.decimal}{rest:02d}"
    return locale.pattern.format(number)


def money_text(minor: int, currency: str) -> str:
    """Return an amount as its home market writes it: dollars as in the US, euros as in Germany."""
    return amount_text(minor, _OF_CURRENCY[currency])

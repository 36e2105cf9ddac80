"""What is never bought: categories, title phrases and recalled products, each with the reason.

What belongs here: reading the list (`data/deny_list.toml`, or an operator's copy) and asking it. The rule that
refuses by it is in `scoring_rules.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from arb_pipelines.domain.product import normal_brand
from arb_pipelines.domain.recall import Recall, Suspect, doubt_recall, find_recall, squeezed


class DenyListError(ValueError):
    """A deny list that cannot be used; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What was found in an offer and why that is not bought."""

    found: str
    reason: str


@dataclass(frozen=True)
class DenyList:
    """Words and phrases in lower case, each with its reason; and the notices of recalls."""

    categories: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    recalls: tuple[Recall, ...] = ()

    def deny_category(self, category: str) -> Denial | None:
        """Return the denied word that occurs, as whole words, in a category's name or path; else None."""
        return _find(category, self.categories)

    def deny_title(self, title: str) -> Denial | None:
        """Return the denied phrase that occurs, as whole words, in a title; else None."""
        return _find(title, self.titles)

    def deny_recalled(self, gtin: str | None, brand: str | None = None, title: str = "") -> Denial | None:
        """Return the recall that certainly means a product, by its GTIN or by brand and model; else None."""
        found = find_recall(self.recalls, Suspect(gtin, brand, title))
        return None if found is None else Denial(gtin or title, f"recalled: {found.source}")

    def doubt_recalled(self, gtin: str | None, brand: str | None, title: str) -> str | None:
        """Return why it cannot be told that a product is not recalled, None where it can."""
        return doubt_recall(self.recalls, Suspect(gtin, brand, title))


def _find(text: str, denied: Mapping[str, str]) -> Denial | None:
    words = f" {_plain(text)} "
    return next((Denial(word, reason) for word, reason in denied.items() if f" {word} " in words), None)


@lru_cache(maxsize=10_000)
def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold()))


def load_deny_list(own: Path | None = None) -> DenyList:
    """Return the shipped deny list, or an operator's that replaces it.

    Raises:
        DenyListError: the file is missing, not TOML, empty, or a field is wrong.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "deny_list.toml"
    name = str(own) if own else "deny_list.toml"
    try:
        table = tomllib.loads((own or shipped).read_text("utf-8"))
    except OSError as error:
        raise DenyListError(f"the deny list {name} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise DenyListError(f"the deny list {name} is not TOML: {error}") from error
    return _parse(name, table)


def _parse(name: str, table: Mapping[str, Any]) -> DenyList:
    groups = table.get("groups")
    if not isinstance(groups, list) or not groups:
        # An empty list would let everything pass, which nobody asks for by leaving a file empty.
        raise DenyListError(f"the deny list {name} has no [[groups]]; copy the shipped one and change it")
    categories: dict[str, str] = {}
    titles: dict[str, str] = {}
    for group in groups:
        reason = _text(name, group, "reason")
        categories |= dict.fromkeys(_phrases(name, group, "categories"), reason)
        titles |= dict.fromkeys(_phrases(name, group, "titles"), reason)
    recalls = tuple(_recall(name, one) for one in table.get("recalls", []))
    return DenyList(categories, titles, recalls)


def _text(name: str, group: Mapping[str, Any], key: str) -> str:
    value = group.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DenyListError(f"{name}: every entry needs {key!r}, a text")
    return value


def _phrases(name: str, group: Mapping[str, Any], key: str) -> Iterable[str]:
    value = group.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) and _plain(word) for word in value):
        raise DenyListError(f"{name}: {key!r} must be a list of words, got {value!r}")
    return [_plain(word) for word in value]


def _recall(name: str, notice: Mapping[str, Any]) -> Recall:
    given = notice.get("gtins", [notice["gtin"]] if "gtin" in notice else [])
    models = notice.get("models", [])
    if not isinstance(given, list) or not isinstance(models, list):
        raise DenyListError(f"{name}: 'gtins' and 'models' of a recall are lists of texts")
    brand = normal_brand(_text(name, notice, "brand")) if "brand" in notice else None
    if not given and (brand is None or not models):
        raise DenyListError(f"{name}: a recall names a 'gtin' or 'gtins', or a 'brand' with its 'models'")
    gtins = frozenset(_gtin(name, one) for one in given)
    named = tuple(squeezed(_text(name, {"models": model}, "models")) for model in models)
    return Recall(_text(name, notice, "source"), gtins, brand, named)


def _gtin(name: str, digits: object) -> str:
    if not isinstance(digits, str) or not digits.isdigit() or not 8 <= len(digits) <= 14:
        raise DenyListError(f"{name}: the gtin {digits!r} of a recall must be 8 to 14 digits")
    return digits.lstrip("0")

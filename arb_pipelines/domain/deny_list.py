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


class DenyListError(ValueError):
    """A deny list that cannot be used; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What was found in an offer and why that is not bought."""

    found: str
    reason: str


@dataclass(frozen=True)
class DenyList:
    """Words and phrases in lower case, each with its reason; recalled GTINs with the source of the recall."""

    categories: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    recalls: Mapping[str, str] = field(default_factory=dict)

    def deny_category(self, category: str) -> Denial | None:
        """Return the denied word that occurs, as whole words, in a category's name or path; else None."""
        return _find(category, self.categories)

    def deny_title(self, title: str) -> Denial | None:
        """Return the denied phrase that occurs, as whole words, in a title; else None."""
        return _find(title, self.titles)

    def deny_recalled(self, gtin: str | None) -> Denial | None:
        """Return the recall of a GTIN; leading zeros do not count. Without a GTIN nothing can be looked up."""
        source = self.recalls.get((gtin or "").lstrip("0"))
        return None if source is None or gtin is None else Denial(gtin, f"recalled: {source}")


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
    recalls = {_gtin(name, one): _text(name, one, "source") for one in table.get("recalls", [])}
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


def _gtin(name: str, recall: Mapping[str, Any]) -> str:
    digits = _text(name, recall, "gtin")
    if not digits.isdigit() or not 8 <= len(digits) <= 14:
        raise DenyListError(f"{name}: the gtin {digits!r} of a recall must be 8 to 14 digits")
    return digits.lstrip("0")

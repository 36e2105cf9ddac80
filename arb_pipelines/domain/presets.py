"""Presets: which rules a trader holds an offer to, with which numbers, and who may buy; a TOML file each.

What belongs here: reading and checking the files of `data/presets/` and an operator's own. The rules themselves are
`trade_rules.py` and `scoring_rules.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

from arb_pipelines.domain.trade_rules import NUMBER_RULES, WORD_RULES, TradeRule


class PresetError(ValueError):
    """A preset that cannot be used; the message says what is wrong and how to mend it."""


class Buys(StrEnum):
    """Who may give leave to buy under a preset."""

    POLICY = "policy"  # the written policy, where the mode permits one
    PERSON = "person"
    NOBODY = "nobody"  # watch only


# The rules that are thresholds of the scoring itself, with their parameter and whether it is a share of 1.
THRESHOLDS: Mapping[str, tuple[str, bool]] = {
    "profit": ("at_least", False),
    "roi": ("at_least", False),
    "margin": ("at_least", True),
    "days": ("at_most", False),
    "sold_within_30_days": ("at_least", True),
}
REQUIRED = ("profit", "roi")
KNOWN = sorted([*THRESHOLDS, *NUMBER_RULES, *WORD_RULES])


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of rules. `thresholds` holds the numbers of THRESHOLDS that are set, `rules` the others by name."""

    id: str
    name: str
    buys: Buys
    thresholds: Mapping[str, Decimal]
    rules: Mapping[str, TradeRule] = field(default_factory=dict)

    @property
    def needs_market(self) -> bool:
        """Whether a rule looks at the usual price in the shops, which takes reading 90 days of prices."""
        return "below_median" in self.rules


def shipped_presets() -> list[str]:
    """Return the ids of the presets that come with the package."""
    folder = resources.files("arb_pipelines.domain") / "data" / "presets"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_preset(name_or_path: str) -> Preset:
    """Return a shipped preset by its id, or one of an operator's own by the path of its TOML file.

    Raises:
        PresetError: there is no such preset, it is not TOML, or a rule or number in it is wrong.
    """
    known = shipped_presets()
    if name_or_path in known:
        folder = resources.files("arb_pipelines.domain") / "data" / "presets"
        return parse_preset(name_or_path, (folder / f"{name_or_path}.toml").read_text("utf-8"))
    try:
        text = Path(name_or_path).expanduser().read_text("utf-8")
    except OSError as error:
        shipped = ", ".join(known)
        raise PresetError(f"there is no preset {name_or_path!r}: name one of {shipped}, or a TOML file") from error
    return parse_preset(name_or_path, text)


def parse_preset(source: str, text: str) -> Preset:
    """Return the preset that a TOML text holds; `source` names it in errors.

    Raises:
        PresetError: it is not TOML, or a rule or number in it is wrong.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"preset {source} is not TOML: {error}") from error
    rules = table.get("rules")
    if not isinstance(rules, dict):
        raise PresetError(f"preset {source}: the table [rules] is missing")
    unknown = sorted({*rules} - {*KNOWN})
    if unknown:
        raise PresetError(f"preset {source}: there is no rule {unknown[0]!r}; the rules are {', '.join(KNOWN)}")
    missing = [name for name in REQUIRED if name not in rules]
    if missing:
        raise PresetError(f"preset {source}: the rule {missing[0]!r} is missing; nothing is bought without one")
    return Preset(
        id=_text(source, table, "id"),
        name=_text(source, table, "name"),
        buys=_buys(source, table),
        thresholds={name: _threshold(source, name, rules[name]) for name in THRESHOLDS if name in rules},
        rules={name: _rule(source, name, rules[name]) for name in rules if name not in THRESHOLDS},
    )


def _text(source: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise PresetError(f"preset {source}: {key!r} must be a text")
    return value


def _buys(source: str, table: Mapping[str, Any]) -> Buys:
    word = table.get("buys")
    if word not in set(Buys):
        raise PresetError(f"preset {source}: 'buys' must be one of {', '.join(Buys)}, got {word!r}")
    return Buys(word)


def _rule(source: str, name: str, given: Any) -> TradeRule:
    if name in WORD_RULES:
        words = _parameter(source, name, given, "allowed")
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise PresetError(f"preset {source}: {name}.allowed must be a list of words, got {words!r}")
        return WORD_RULES[name](frozenset(word.casefold() for word in words))
    parameter, build = NUMBER_RULES[name]
    number = _number(source, f"{name}.{parameter}", _parameter(source, name, given, parameter))
    if name == "below_median" and not 0 < number < 100:
        raise PresetError(f"preset {source}: below_median.percent must lie between 0 and 100, got {number}")
    return build(number)


def _threshold(source: str, name: str, given: Any) -> Decimal:
    parameter, is_share = THRESHOLDS[name]
    number = _number(source, f"{name}.{parameter}", _parameter(source, name, given, parameter))
    if is_share and number > 1:
        raise PresetError(f'preset {source}: {name}.{parameter} is a share of 1 such as "0.10", got {number}')
    return number


def _parameter(source: str, name: str, given: Any, parameter: str) -> Any:
    if not isinstance(given, dict) or set(given) != {parameter}:
        raise PresetError(f"preset {source}: write the rule as {name} = {{ {parameter} = ... }}, got {given!r}")
    return given[parameter]


def _number(source: str, what: str, value: Any) -> Decimal:
    """A TOML float is already inexact, so amounts and shares are written as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PresetError(f'preset {source}: write {what} as text such as "0.30", got {value!r}')
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise PresetError(f"preset {source}: {what} is not a number: {value!r}") from error
    if not number.is_finite() or number < 0:
        raise PresetError(f"preset {source}: {what} must be a number from zero up, got {value!r}")
    return number

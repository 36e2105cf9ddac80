"""The budget of metered interfaces that an operator sets in a file.

What belongs here: reading and checking `data/api_budget.toml` or an operator's own file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from arb_pipelines.domain.api_budget import ApiLimits, Rate

KEYS = {"unit", "most_a_call", "most_a_day", "pool_most", "rates"}
MOST = 10**12
_RATE = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})")


class ApiLimitsError(ValueError):
    """A file of budgets that cannot be used; the message says what is wrong and how to mend it."""


def load_api_limits(own: Path | None = None) -> dict[str, ApiLimits]:
    """Return the shipped limits by interface, or those of an operator's file, which replaces them.

    Raises:
        ApiLimitsError: the file is missing, not TOML, or a value in it is wrong.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "api_budget.toml"
    name = str(own) if own else "api_budget.toml"
    try:
        return parse_api_limits(tomllib.loads((own or shipped).read_text("utf-8")))
    except OSError as error:
        raise ApiLimitsError(f"the budget file {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ApiLimitsError) as error:
        raise ApiLimitsError(f"the budget file {name}: {error}") from error


def parse_api_limits(table: Mapping[str, Any]) -> dict[str, ApiLimits]:
    """Return the limits that a parsed file holds.

    Raises:
        ApiLimitsError: a field is missing, misspelt or out of range; no limit is ever left out silently.
    """
    return {name: _limits(name, entry) for name, entry in table.items()}


def _limits(name: str, entry: Any) -> ApiLimits:
    if not isinstance(entry, dict):
        raise ApiLimitsError(f"[{name}] must be a table, got {entry!r}")
    wrong = sorted(set(entry) ^ KEYS)
    if wrong:
        fault = "has no" if wrong[0] in entry else "lacks"
        raise ApiLimitsError(f"[{name}] {fault} {wrong[0]!r}; it has {', '.join(sorted(KEYS))}")
    rates = entry["rates"]
    if not isinstance(rates, dict):
        raise ApiLimitsError(f"[{name}] rates must be a table, got {rates!r}")
    pool_most = _count(name, entry, "pool_most", 0)
    return ApiLimits(
        api=name,
        unit=str(entry["unit"]),
        most_a_call=_count(name, entry, "most_a_call", 1),
        most_a_day=_count(name, entry, "most_a_day", 0),
        pool_most=pool_most or None,
        rates={operation: _rate(name, text) for operation, text in rates.items()},
    )


def _rate(name: str, text: Any) -> Rate:
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ApiLimitsError(f'[{name}] a rate is calls/seconds such as "60/60", got {text!r}')
    return Rate(int(found[1]), timedelta(seconds=int(found[2])))


def _count(name: str, entry: Mapping[str, Any], key: str, least: int) -> int:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
        raise ApiLimitsError(f"[{name}] {key!r} must be a whole number from {least} up, got {value!r}")
    return value

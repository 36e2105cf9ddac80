"""The limits on risk that an operator sets in a file: caps, locks after losses, and how money is divided.

What belongs here: reading and checking `data/risk.toml` or an operator's own file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from arb_pipelines.domain.allocation import AllocationRules
from arb_pipelines.domain.dated_data import DatedDataError, number
from arb_pipelines.domain.locks import LossRules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import SPEND_SCOPES, SpendLimit

KEYS = {"submit_max_age_s", "limits", "locks", "allocation"}
LOCK_KEYS = {
    "losing_sales",
    "cool_down_h",
    "daily_loss_share",
    "drawdown_share",
    "drawdown_window_days",
    "drawdown_lock_days",
}


class RiskRulesError(ValueError):
    """A file of risk limits that cannot be used; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class RiskRules:
    """What the file says. `limits` holds (scope, amount in the books' currency, window; None: for ever)."""

    submit_max_age: timedelta
    limits: tuple[tuple[str, Decimal, timedelta | None], ...]
    losses: LossRules
    allocation: AllocationRules

    def spend_limits(self, currency: str) -> list[SpendLimit]:
        """Return the caps in the currency of the books."""
        return [SpendLimit(scope, Money.of(amount, currency), window) for scope, amount, window in self.limits]


def load_risk_rules(own: Path | None = None) -> RiskRules:
    """Return the shipped limits, or those of an operator's file, which replaces them.

    Raises:
        RiskRulesError: the file is missing, not TOML, or a value in it is wrong; no limit is ever left out silently.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "risk.toml"
    name = str(own) if own else "risk.toml"
    try:
        return parse_risk_rules(tomllib.loads((own or shipped).read_text("utf-8")))
    except OSError as error:
        raise RiskRulesError(f"the risk file {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, DatedDataError, RiskRulesError) as error:
        raise RiskRulesError(f"the risk file {name}: {error}") from error


def parse_risk_rules(table: Mapping[str, Any]) -> RiskRules:
    """Return the limits that a parsed file holds.

    Raises:
        RiskRulesError: a field is missing, misspelt or out of range.
        DatedDataError: a number is not a number.
    """
    _only("the file", table, KEYS)
    return RiskRules(
        submit_max_age=timedelta(seconds=_count(table, "submit_max_age_s")),
        limits=tuple(_limit(entry) for entry in _entries(table)),
        losses=_losses(_table(table, "locks", LOCK_KEYS)),
        allocation=_allocation(_table(table, "allocation", set(AllocationRules.__dataclass_fields__))),
    )


def _entries(table: Mapping[str, Any]) -> list[Any]:
    entries = table.get("limits")
    if not isinstance(entries, list):
        raise RiskRulesError("[[limits]] is missing; write limits = [] if there are to be none")
    return entries


def _limit(entry: Mapping[str, Any]) -> tuple[str, Decimal, timedelta | None]:
    _only("a limit", entry, {"scope", "amount", "window_days"}, {"window_days"})
    scope = str(entry["scope"])
    kind, _, name = scope.partition(":")
    if scope not in ("total", "order") and not (kind in SPEND_SCOPES and name):
        kinds = ", ".join(f"{kind}:*" for kind in SPEND_SCOPES)
        raise RiskRulesError(f"the scope {scope!r} of a limit is not one of total, order, {kinds}")
    days = _count(entry, "window_days") if "window_days" in entry else None
    return scope, number(entry["amount"]), None if days is None else timedelta(days=days)


def _losses(table: Mapping[str, Any]) -> LossRules:
    return LossRules(
        capital=None,
        losing_sales=_count(table, "losing_sales"),
        cool_down=timedelta(hours=_count(table, "cool_down_h")),
        daily_loss_share=_share(table, "daily_loss_share"),
        drawdown_share=_share(table, "drawdown_share"),
        drawdown_window=timedelta(days=_count(table, "drawdown_window_days")),
        drawdown_lock=timedelta(days=_count(table, "drawdown_lock_days")),
    )


def _allocation(table: Mapping[str, Any]) -> AllocationRules:
    return AllocationRules(**{name: _share(table, name) for name in AllocationRules.__dataclass_fields__})


def _table(table: Mapping[str, Any], name: str, keys: set[str]) -> Mapping[str, Any]:
    found = table.get(name)
    if not isinstance(found, dict):
        raise RiskRulesError(f"the table [{name}] is missing")
    _only(f"[{name}]", found, keys)
    return found


def _only(what: str, table: Any, keys: set[str], optional: set[str] | None = None) -> None:
    """A misspelt key would be a limit that is silently left out."""
    if not isinstance(table, dict):
        raise RiskRulesError(f"{what} must be a table, got {table!r}")
    wrong = sorted(set(table) - keys)
    if wrong:
        raise RiskRulesError(f"{what} has no {wrong[0]!r}; it has {', '.join(sorted(keys))}")
    missing = sorted(keys - set(table) - (optional or set()))
    if missing:
        raise RiskRulesError(f"{what} lacks {missing[0]!r}")


def _count(table: Mapping[str, Any], key: str) -> int:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RiskRulesError(f"{key!r} must be a whole number from 1 up, got {value!r}")
    return value


def _share(table: Mapping[str, Any], key: str) -> Decimal:
    share = number(table[key])
    if share > 1:
        raise RiskRulesError(f'{key!r} is a share of 1 such as "0.25", got {share}')
    return share

"""What a service did not do, and why.

What belongs here: words that several services report with. A crash is an exception; what is left undone for a
reason is one of these, so that a run can show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arb_pipelines.domain.spend_limit import Action, ActionState, Refusal
from arb_pipelines.domain.stores import Books


@dataclass(frozen=True, slots=True)
class NotDone:
    """One thing that was left undone: its key (a SKU, lot, order or purchase id), a reason code, words."""

    key: str
    code: str
    detail: str


@dataclass(slots=True)
class Report:
    """Base of the services' reports: counts for a log line or run metadata."""

    def summary(self) -> dict[str, int]:
        """Return how long each list of the report is, and 1 for each reason to have stopped."""
        found: dict[str, int] = {}
        for name in self.__dataclass_fields__:
            value: Any = getattr(self, name)
            found[name] = len(value) if isinstance(value, list) else int(value is not None)
        return found


def refused_by(key: str, error: Exception) -> NotDone:
    """Return what an outlet's answer left undone; its own code where it gave one."""
    return NotDone(key, str(getattr(error, "code", "outlet_unreadable")), str(error) or type(error).__name__)


def halted(books: Books, action: Action) -> Refusal | None:
    """Return why an action may not be taken now, or None; read before each act, so that a stop works at once."""
    if books.switches.state_of(action) is ActionState.HALTED:
        return Refusal("halted", f"the kill switch of {action} is set")
    return None

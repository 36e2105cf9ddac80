"""Telling the operator something: anything in the package raises an alert here.

What belongs here: raising and clearing. An alert is a row that the desk shows at once; `services/alerting.py` turns
it into messages by the operator's rules, and `services/delivering.py` sends those.
"""

from __future__ import annotations

from datetime import timedelta

from arb_pipelines.domain.alert import REARM_AFTER, Alert
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books


def raise_alert(books: Books, alert: Alert, clock: Clock, rearm_after: timedelta = REARM_AFTER) -> bool:
    """Tell the operator; return True when that is news, False when the same alert is open already.

    While a fault goes on, raise it as often as it is seen: each sight is counted on the one open alert. It is news
    again after `clear_alert`, after a person closed it, or when it was not seen for `rearm_after`. The kill switch of
    messages does not stop alerts: a halted house must still be able to call for help.
    """
    now = clock.now()
    return books.alerts.open_or_count(alert, now, now - rearm_after)


def clear_alert(books: Books, dedupe_key: str, clock: Clock, by: str = "recovered") -> bool:
    """Close an alert whose cause has gone, or that a person has seen; False if none is open under this key."""
    return books.alerts.close(dedupe_key, by, clock.now())

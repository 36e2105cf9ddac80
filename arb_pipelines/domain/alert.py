"""Something the operator must know: what it is, how urgent, and when two of them are the same thing.

What belongs here: the words. Whom an alert reaches, and how often, is `alert_rules.py`; anything in the package
tells the operator something by `services/notifications.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.message import one_line, plain_text

MOST_SUBJECT_CHARS = 200
MOST_DETAIL_CHARS = 4_000
# A fault that was quiet for so long and comes back is news again.
REARM_AFTER = timedelta(hours=6)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Severity(StrEnum):
    """How soon a person should look."""

    INFO = "info"  # worth a line in a digest
    WARNING = "warning"  # today
    CRITICAL = "critical"  # now: money or an account is at risk

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell. Two alerts with one `dedupe_key` are the same thing seen twice.

    `kind` is a code (`lock_drawdown`, `outlet_down`); subject and detail are plain text, cut to what a mail carries.
    Without a `dedupe_key` it is the kind and the subject, so leave changing numbers to the detail.
    """

    kind: str
    subject: str
    detail: str = ""
    severity: Severity = Severity.WARNING
    dedupe_key: str = ""

    def __post_init__(self) -> None:
        """Clean the texts: they may hold scraped words.

        Raises:
            ValueError: the kind is not a code of lower-case letters, digits and underscores, or there is no subject.
        """
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"an alert's kind is a code such as outlet_down, not {self.kind!r}")
        subject = one_line(self.subject)[:MOST_SUBJECT_CHARS]
        if not subject:
            raise ValueError(f"the alert {self.kind} needs a subject: say in one line what happened")
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "detail", plain_text(self.detail)[:MOST_DETAIL_CHARS])
        object.__setattr__(self, "dedupe_key", (one_line(self.dedupe_key) or f"{self.kind}:{subject}")[:500])


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert as the books keep it, from its first sight until somebody or silence closed it.

    `times` counts the sights, `last_raised_at` is the newest; `told_at` is when a rule last passed it on.
    """

    alert_id: int
    alert: Alert
    raised_at: datetime
    last_raised_at: datetime
    times: int = 1
    told_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

"""May we sell a product in a condition at an outlet? What the outlet said, and when.

What belongs here: the words and the rule. Asking an outlet is its adapter's work; what it said is kept by
`adapters/sql/eligibility.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.spend_limit import Refusal

LONGEST_KNOWN = timedelta(hours=24)  # an outlet's restrictions change from day to day


class Permission(StrEnum):
    """What an outlet says about selling something."""

    ALLOWED = "allowed"
    APPROVAL_REQUIRED = "approval_required"
    NOT_ELIGIBLE = "not_eligible"
    UNKNOWN = "unknown"  # it was asked and did not say, or does not know the product


@dataclass(frozen=True, slots=True)
class Eligibility:
    """An outlet's answer for one product in one condition."""

    product_id: str
    condition: str
    outlet: str
    permission: Permission
    checked_at: datetime


Eligibilities = Mapping[tuple[str, str, str], Eligibility]  # by (product_id, condition, outlet)


def refuse_ineligible(found: Eligibility | None, outlet: str, now: datetime) -> Refusal | None:
    """Return why something may not be sold at an outlet that restricts; an answer that is missing or old refuses."""
    if found is None:
        return Refusal("eligibility_unknown", f"{outlet} was not asked whether we may sell this; ask it first")
    if not timedelta(0) <= now - found.checked_at <= LONGEST_KNOWN:
        return Refusal("eligibility_stale", f"{outlet} was last asked at {found.checked_at:%F %T} UTC; ask it again")
    if found.permission is Permission.UNKNOWN:
        return Refusal("eligibility_unknown", f"{outlet} did not say at {found.checked_at:%F %T} UTC whether we may")
    if found.permission is not Permission.ALLOWED:
        return Refusal("not_eligible", f"{outlet} says {found.permission} for this product in this condition")
    return None

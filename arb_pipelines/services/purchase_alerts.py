"""Telling the operator what a purchase run found that a person must look at.

What belongs here: which outcomes are alerts, and how urgent each is. An ordinary refusal is none: the run shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.notifications import raise_alert
from arb_pipelines.services.purchasing import PurchaseOutcome

# By the first word of the outcome's code: what it means for the operator.
URGENT = {
    "reconcile_alarm": "the orders of the account contradict our books; nothing is bought there",
    "strange_orders": "the account has orders that are not ours; nothing is bought there",
    "realised_loss": "buying stopped: what was bought lost money",
    "uncertain": "an order may or may not exist; it is never sent again",
}
SOON = {
    "reconcile_impossible": "the order history cannot be read; nothing is bought there",
    "refused:challenge": "the shop asks for a person; ordering there is stopped until one has looked",
    "refused:site_stopped": "ordering there is stopped until a person has looked",
    "refused:login_refused": "the shop does not take our login",
    "person_required": "an approved purchase waits for a person to complete it",
    "partner_not_approved": "an approved purchase waits for a person: no partner contract lets a machine order",
}


def alert_outcomes(books: Books, outcomes: Iterable[PurchaseOutcome], clock: Clock) -> int:
    """Raise an alert for each outcome that needs a person; return how many were news.

    Alerts of one site and code are one alert, counted; an uncertain purchase is one of its own.
    """
    alerts = (_alert(outcome) for outcome in outcomes)
    return sum(raise_alert(books, alert, clock) for alert in alerts if alert is not None)


def _alert(outcome: PurchaseOutcome) -> Alert | None:
    urgent = outcome.code in URGENT
    meaning = URGENT.get(outcome.code) or SOON.get(outcome.code)
    if meaning is None:
        return None
    kind = outcome.code.replace(":", "_")
    one = outcome.purchase_id if outcome.code == "uncertain" else None
    subject = f"{outcome.site}: {meaning}"
    detail = f"approval {outcome.approval_id}: {outcome.detail}"
    if outcome.purchase_id is not None:
        detail += f"; see `arb explain {outcome.purchase_id}`"
    severity = Severity.CRITICAL if urgent else Severity.WARNING
    return Alert(kind, subject, detail, severity, dedupe_key=f"{kind}:{outcome.site}:{one or ''}")

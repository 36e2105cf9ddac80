"""Locks, outlets' answers and two people's signatures in memory: the rules of the SQL stores over dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.eligibility import Eligibility
from arb_pipelines.domain.locks import RiskLock, SaleResult
from arb_pipelines.domain.spend_limit import Refusal


class FakeLocks:
    """Locks by scope, code and start; `results` gives what sales brought."""

    def __init__(self, results: Callable[[datetime], list[SaleResult]]) -> None:
        self.rows: dict[tuple[str, str, datetime], RiskLock] = {}
        self._results = results

    def insert(self, locks: Sequence[RiskLock]) -> int:
        before = len(self.rows)
        for lock in locks:
            self.rows.setdefault((lock.scope, lock.code, lock.starts_at), lock)
        return len(self.rows) - before

    def load_active(self, now: datetime) -> list[RiskLock]:
        active = [lock for lock in self.rows.values() if lock.ends_at > now]
        return sorted(active, key=lambda lock: (-lock.ends_at.timestamp(), lock.scope))

    def load_results(self, since: datetime) -> list[SaleResult]:
        return self._results(since)


class FakeEligibility:
    """Outlets' answers, the newest of each."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Eligibility] = {}

    def put(self, answers: Sequence[Eligibility]) -> None:
        for answer in answers:
            key = (answer.product_id, answer.condition, answer.outlet)
            kept = self.rows.get(key)
            if kept is None or answer.checked_at > kept.checked_at:
                self.rows[key] = answer

    def load(self) -> dict[tuple[str, str, str], Eligibility]:
        return dict(self.rows)


@dataclass
class Proposal:
    """What the first person signed, and who signed second."""

    first: Approval
    confirmed_by: str | None = None


class FakeSignatures:
    """Proposals by opportunity."""

    def __init__(self) -> None:
        self.rows: dict[str, Proposal] = {}

    def propose(self, approval: Approval, now: datetime) -> bool:
        kept = self.rows.get(approval.opportunity_id)
        if kept is not None and (kept.confirmed_by is not None or kept.first.expires_at > now):
            return False
        self.rows[approval.opportunity_id] = Proposal(approval)
        return True

    def confirm(self, approval: Approval, now: datetime) -> Refusal | None:
        kept = self.rows[approval.opportunity_id]
        if kept.confirmed_by is not None:
            return Refusal("already_approved", f"confirmed by {kept.confirmed_by}")
        if kept.first.approved_by == approval.approved_by:
            return Refusal("same_person", "another person must approve it", kept.first.expires_at)
        if _terms(kept.first) != _terms(approval):
            return Refusal("terms_differ", f"proposed: {_terms(kept.first)}", kept.first.expires_at)
        kept.confirmed_by = approval.approved_by
        return None

    def are_two_under(self, approval: Approval) -> bool:
        """Return whether another person than its approver proposed an approval's terms."""
        kept = self.rows.get(approval.opportunity_id)
        confirmed = kept is not None and kept.confirmed_by == approval.approved_by
        return confirmed and kept is not None and _terms(kept.first) == _terms(approval)


def _terms(approval: Approval) -> tuple[object, int]:
    return approval.ceiling, approval.quantity

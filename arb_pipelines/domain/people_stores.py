"""The stores of what is said to people: alerts, the outbox, talks with sellers, and what metered interfaces cost.

What belongs here: typing protocols only; `adapters/sql` fulfils them and `stores.Books` holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.alert import Alert, RaisedAlert
from arb_pipelines.domain.api_budget import ApiLimits, Charge, Pool, Usage
from arb_pipelines.domain.message import Channel, MessageState, OutboundMessage
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.talks import Negotiation


class Alerts(Protocol):
    """What the operator must know; at most one open alert for each dedupe key."""

    def open_or_count(self, alert: Alert, now: datetime, quiet_since: datetime) -> bool:
        """Open the alert and return True; while it is open already, count the sight and return False.

        One not seen since `quiet_since` is closed (by `quiet`) and opened anew. The newest detail and the highest
        severity are kept.
        """

    def load_open(self, most: int = 1000) -> list[RaisedAlert]:
        """Return the alerts that are open, the newest first."""

    def load_recent(self, since: datetime, most: int = 1000) -> list[RaisedAlert]:
        """Return alerts seen since then, open or closed, the newest first."""

    def mark_told(self, alert_ids: Sequence[int], now: datetime) -> int:
        """Record that a rule passed them on."""

    def close(self, dedupe_key: str, by: str, now: datetime) -> bool:
        """Close an open alert: its cause has gone, or a person has seen it; False if none is open."""


class Outbox(Protocol):
    """Every message that leaves; each method is one transaction."""

    def insert(self, messages: Sequence[OutboundMessage], told: Sequence[int] = ()) -> int:
        """Keep messages, each dedupe key once, and mark the alerts they tell of as told; return how many are new."""

    def claim_next(self, now: datetime, channels: Sequence[Channel]) -> OutboundMessage | None:
        """Move the oldest message that is due to `sending` and return it; committed before anything is sent.

        `attempts` of what is returned counts this try. Messages past `expires_at` are not claimed.
        """

    def settle(
        self,
        message: OutboundMessage,
        state: MessageState,
        now: datetime,
        *,
        due_at: datetime | None = None,
        vendor_id: str | None = None,
        error: str | None = None,
    ) -> bool:
        """Record how a try ended; False if the message is not in this same try any more (compare-and-set)."""

    def move(
        self,
        message_id: str,
        *,
        expected: Sequence[MessageState],
        state: MessageState,
        by: str,
        now: datetime,
        error: str | None = None,
    ) -> bool:
        """Let a person send again or drop; False if the state was another."""

    def load(self, states: Sequence[MessageState] = (), most: int = 1000) -> list[OutboundMessage]:
        """Return messages in the given states or all, the newest first."""

    def load_one(self, message_id: str) -> OutboundMessage | None:
        """Return one message."""

    def load_expired(self, now: datetime) -> list[OutboundMessage]:
        """Return waiting messages that are no longer worth sending."""

    def load_stuck(self, since: datetime) -> list[OutboundMessage]:
        """Return messages that have been `sending` since before then: their sender died."""

    def count_since(self, channel: Channel, recipient: str, since: datetime, created_by: str | None = None) -> int:
        """Return how many messages to a recipient were made since then, by one maker or by all."""


class ApiBudgets(Protocol):
    """What metered interfaces were charged."""

    def reserve(self, charge: Charge, limits: ApiLimits) -> Refusal | None:
        """Keep a charge if the limits have room, in one transaction; else return why not."""

    def settle(self, charge: Charge, actual: int, pool: Pool | None) -> bool:
        """Record what a call cost and what the vendor says is left; False if the charge is settled already."""

    def release(self, charge: Charge) -> bool:
        """Give a reservation back; False if the charge is settled already."""

    def usage(self, limits: ApiLimits, operation: str, now: datetime) -> Usage:
        """Return what was charged so far."""

    def costs_since(self, since: datetime) -> list[tuple[str, str, int, int]]:
        """Return (interface, operation, calls, units) since then."""

    def delete_before(self, before: datetime) -> int:
        """Forget charges made before then; return how many."""


class Negotiations(Protocol):
    """Talks with sellers."""

    def open(self, negotiation: Negotiation) -> bool:
        """Keep talks; False if there are talks under this id."""

    def record(self, negotiation: Negotiation, expected_version: int, message: OutboundMessage | None = None) -> bool:
        """Keep the next stage of talks with the message that makes it; False: somebody else was first."""

    def load(self, *, also_closed: bool = False) -> list[Negotiation]:
        """Return talks, the newest first."""

    def load_one(self, negotiation_id: str) -> Negotiation | None:
        """Return one."""

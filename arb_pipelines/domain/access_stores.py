"""The stores of who may do what and what they did: users, keys, sessions, the audit log, denials, webhook events.

What belongs here: typing protocols only; `adapters/sql` fulfils them and `stores.Books` holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.access import ApiKey, AuditEntry, Principal, Role, User
from arb_pipelines.domain.spend_limit import Refusal


class Access(Protocol):
    """Users, their API keys and their sessions; every secret is kept as a hash."""

    def add_user(self, name: str, role: Role, password: str, now: datetime) -> bool:
        """Keep a new user; False if the name is taken."""

    def set_password(self, name: str, password: str, now: datetime) -> bool:
        """Change a password and end every session of the user; False if there is no such active user."""

    def disable_user(self, name: str, now: datetime) -> bool:
        """End a user's leave, sessions and keys at once; False if there is no such active user."""

    def load_users(self) -> list[User]:
        """Return every user by name."""

    def create_key(self, key: ApiKey) -> str:
        """Keep a key and return its text, which can never be read again.

        Raises:
            AccessError: no such active user, or the role is above the user's.
        """

    def revoke_key(self, key_id: str, now: datetime) -> bool:
        """End a key at once; False if there is no such valid key."""

    def load_keys(self) -> list[ApiKey]:
        """Return every key, the newest first."""

    def find_key(self, text: str, now: datetime) -> Principal | None:
        """Return who a key's text stands for; None if it is unknown, expired or revoked, or the user is disabled."""

    def log_in(self, name: str, password: str, now: datetime, expires_at: datetime) -> str | None:
        """Return the token of a new session; None if name and password do not fit (in the same time either way)."""

    def find_session(self, token: str, now: datetime) -> Principal | None:
        """Return who a session's token stands for; None if it is unknown or over."""

    def log_out(self, token: str) -> bool:
        """End a session; False if there was none."""


class AuditLog(Protocol):
    """What people did, appended only, each entry tied to the one before by its hash."""

    def append(self, actor: str, act: str, subject: str, detail: Mapping[str, object], at: datetime) -> AuditEntry:
        """Add an entry to the end of the chain."""

    def load(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return entries, the newest first, those before a sequence number only where one is named."""

    def count_broken(self) -> int:
        """Return how many entries are not what was written (0 = the chain holds)."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A person's no to an opportunity; its offer is not bought until `until_at`."""

    opportunity_id: str
    offer_key: str
    denied_by: str
    reason: str
    denied_at: datetime
    until_at: datetime


class Denials(Protocol):
    """What people said no to."""

    def put(self, denial: Denial) -> Refusal | None:
        """Keep a denial, with its audit entry; refused if the opportunity has an approval or a denial already."""

    def find(self, opportunity_id: str) -> Denial | None:
        """Return the denial of an opportunity."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event that a vendor told us of; `event_id` is the vendor's own."""

    provider: str
    event_id: str
    kind: str
    payload: Mapping[str, object]
    received_at: datetime


class WebhookEvents(Protocol):
    """Events of vendors, each kept once."""

    def insert(self, events: Sequence[WebhookEvent]) -> int:
        """Keep events; return how many were new."""

    def first_received(self, provider: str, event_ids: Sequence[str]) -> datetime | None:
        """Return when the newest of these events came first; None if none of them is kept."""

    def load(self, provider: str, limit: int = 100) -> list[WebhookEvent]:
        """Return a provider's events, the newest first."""

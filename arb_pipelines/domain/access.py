"""Who may do what at the desk and the API, and the audit chain that remembers it.

What belongs here: roles, what each may do, the words of users, keys and sessions, and the hash that ties one audit
entry to the one before it. Keeping them is `adapters/sql/access.py` and `adapters/sql/audit.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

GENESIS = "0" * 64  # what the first entry of a chain follows
NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")
PASSWORD_LENGTHS = (12, 256)


class AccessError(ValueError):
    """A user, key or password that cannot be made; the text says how to mend it."""


class Role(StrEnum):
    """What a person is here for; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """The place in the order, 0 for a viewer."""
        return list(Role).index(self)

    def covers(self, needed: Role) -> bool:
        """Return whether this role may do what `needed` may."""
        return self.rank >= needed.rank


class Act(StrEnum):
    """What can be asked of the API."""

    READ = "read"
    SCAN = "scan"
    DRAFT_LISTING = "draft_listing"
    HALT = "halt"
    RESUME = "resume"
    APPROVE = "approve"
    AUDIT = "audit"


# Stopping is for everyone who works here; starting again, like spending, is for those who may spend.
LEAST_ROLE: Mapping[Act, Role] = {
    Act.READ: Role.VIEWER,
    Act.SCAN: Role.OPERATOR,
    Act.DRAFT_LISTING: Role.OPERATOR,
    Act.HALT: Role.OPERATOR,
    Act.RESUME: Role.APPROVER,
    Act.APPROVE: Role.APPROVER,
    Act.AUDIT: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a user, through a session of the desk or one of their API keys.

    `credential` names what they came with (`session` or the key's id); `token_hash` is that of the session.
    """

    name: str
    role: Role
    credential: str
    token_hash: str | None = None

    def may(self, act: Act) -> bool:
        """Return whether the role allows an act."""
        return self.role.covers(LEAST_ROLE[act])


@dataclass(frozen=True, slots=True)
class User:
    """A person who can log in; disabled ones stay, because the audit log names them."""

    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A user's key for programs. Its role is never above the user's; the secret itself is kept nowhere."""

    key_id: str
    user_name: str
    label: str
    role: Role
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log; `entry_hash` covers every other field, so also the hash of the line before."""

    sequence: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: Mapping[str, object] = field(default_factory=dict)
    previous_hash: str = GENESIS
    entry_hash: str = ""


def hash_of(entry: AuditEntry) -> str:
    """Return the SHA-256 (hex) that an entry must carry."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [entry.sequence, at, entry.actor, entry.act, entry.subject, entry.detail, entry.previous_hash]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def broken_entries(entries: Iterable[AuditEntry], sequence: int = 0, previous_hash: str = GENESIS) -> list[int]:
    """Return the sequence numbers at which a chain is not what was written, in order.

    Args:
        entries: by sequence.
        sequence: the number before the first of them.
        previous_hash: the hash of that one.
    """
    broken = []
    for entry in entries:
        follows = entry.sequence == sequence + 1 and entry.previous_hash == previous_hash
        if not follows or entry.entry_hash != hash_of(entry):
            broken.append(entry.sequence)
        sequence, previous_hash = entry.sequence, entry.entry_hash
    return broken


def check_name(name: str) -> str:
    """Return a user's name, or say what is wrong with it.

    Raises:
        AccessError: it is no plain lower-case word.
    """
    if not NAME.fullmatch(name):
        raise AccessError(f"{name!r} is no user name: use a-z, 0-9, dot, dash, underscore, 32 at most, a letter first")
    return name


def check_password(password: str) -> str:
    """Return a password, or say what is wrong with it.

    Raises:
        AccessError: it is too short or too long.
    """
    least, most = PASSWORD_LENGTHS
    if not least <= len(password) <= most:
        raise AccessError(f"a password has {least} to {most} characters, this one {len(password)}")
    return password

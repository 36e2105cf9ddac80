"""Users, API keys and sessions; every secret is kept as a hash.

What belongs here: the access repository. What a role may do is `domain/access.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, bindparam, delete, insert, or_, select, update

from arb_pipelines.adapters.sql.access_tables import api_keys, sessions, users
from arb_pipelines.adapters.sql.column_types import UtcTime
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.domain.access import AccessError, ApiKey, Principal, Role, User, check_name, check_password

if TYPE_CHECKING:
    from argon2 import PasswordHasher

KEY_PREFIX = "arb"
USER_FIELDS = [users.c[name] for name in User.__dataclass_fields__]
KEY_FIELDS = [api_keys.c[name] for name in ApiKey.__dataclass_fields__]


class SqlAccess:
    """Fulfils `domain.access_stores.Access`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def add_user(self, name: str, role: Role, password: str, now: datetime) -> bool:
        """Keep a new user; False if the name is taken.

        Raises:
            AccessError: name or password cannot be used.
        """
        hashed = _hasher().hash(check_password(password))
        values = {"name": check_name(name), "role": role.value, "password_hash": hashed, "created_at": now}
        with money_transaction(self._engine) as connection:
            return connection.execute(insert_into(connection, users).on_conflict_do_nothing(), values).rowcount == 1

    def set_password(self, name: str, password: str, now: datetime) -> bool:
        """Change a password and end every session of the user; False if there is no such active user.

        Raises:
            AccessError: the password cannot be used.
        """
        hashed = _hasher().hash(check_password(password))
        return self._change(name, {"password_hash": hashed})

    def disable_user(self, name: str, now: datetime) -> bool:
        """End a user's leave, sessions and keys at once; False if there is no such active user."""
        return self._change(name, {"disabled_at": now})

    def _change(self, name: str, values: dict[str, Any]) -> bool:
        with money_transaction(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.user_name == name))
            changed = update(users).where(users.c.name == name, users.c.disabled_at.is_(None)).values(values)
            return connection.execute(changed).rowcount == 1

    def load_users(self) -> list[User]:
        """Return every user by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(*USER_FIELDS).order_by(users.c.name)).mappings()
            return [User(**(dict(row) | {"role": Role(row["role"])})) for row in rows]

    def create_key(self, key: ApiKey) -> str:
        """Keep a key and return its text, which can never be read again.

        Raises:
            AccessError: no such active user, or the role is above the user's.
        """
        secret = secrets.token_urlsafe(32)
        owner = select(users.c.role).where(users.c.name == key.user_name, users.c.disabled_at.is_(None))
        with money_transaction(self._engine) as connection:
            role = connection.scalar(owner)
            if role is None:
                raise AccessError(f"there is no active user {key.user_name!r}: add one with `arb user add`")
            if not Role(role).covers(key.role):
                raise AccessError(f"{key.user_name} is {role}; a key cannot be {key.role}")
            connection.execute(insert(api_keys), asdict(key) | {"secret_hash": _hash(secret)})
        return f"{KEY_PREFIX}_{key.key_id}_{secret}"

    def revoke_key(self, key_id: str, now: datetime) -> bool:
        """End a key at once; False if there is no such valid key."""
        ended = update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
        with money_transaction(self._engine) as connection:
            return connection.execute(ended.values(revoked_at=now)).rowcount == 1

    def load_keys(self) -> list[ApiKey]:
        """Return every key, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(*KEY_FIELDS).order_by(api_keys.c.created_at.desc())).mappings()
            return [ApiKey(**(dict(row) | {"role": Role(row["role"])})) for row in rows]

    def find_key(self, text: str, now: datetime) -> Principal | None:
        """Return who a key's text stands for; None if it is unknown, expired or revoked, or the user is disabled."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != KEY_PREFIX or not key_id or not secret:
            return None
        row = self._one(_key_query(), {"key_id": key_id, "now": now})
        if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
            return None
        return Principal(row["name"], min(Role(row["role"]), Role(row["key_role"]), key=lambda r: r.rank), key_id)

    def log_in(self, name: str, password: str, now: datetime, expires_at: datetime) -> str | None:
        """Return the token of a new session; None if name and password do not fit (in the same time either way)."""
        row = self._one(select(users.c.password_hash).where(users.c.name == name, _active()))
        if not _fits(row["password_hash"] if row else _nobodys_hash(), password) or row is None:
            return None
        token = secrets.token_urlsafe(32)
        begun = {"token_hash": _hash(token), "user_name": name, "created_at": now, "expires_at": expires_at}
        with money_transaction(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(insert(sessions), begun)
        return token

    def find_session(self, token: str, now: datetime) -> Principal | None:
        """Return who a session's token stands for; None if it is unknown or over."""
        hashed = _hash(token)
        query = select(users.c.name, users.c.role).join(sessions, sessions.c.user_name == users.c.name)
        row = self._one(query.where(sessions.c.token_hash == hashed, sessions.c.expires_at > now, _active()))
        return None if row is None else Principal(row["name"], Role(row["role"]), "session", hashed)

    def log_out(self, token: str) -> bool:
        """End a session; False if there was none."""
        with money_transaction(self._engine) as connection:
            return connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token))).rowcount == 1

    def _one(self, query: Any, bound: dict[str, Any] | None = None) -> RowMapping | None:
        with self._engine.connect() as connection:
            row: RowMapping | None = connection.execute(query, bound).mappings().one_or_none()
            return row


@cache
def _key_query() -> Any:
    """Made once: every request asks it."""
    valid = and_(
        api_keys.c.key_id == bindparam("key_id"),
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now", type_=UtcTime)),
    )
    query = select(users.c.name, users.c.role, api_keys.c.role.label("key_role"), api_keys.c.secret_hash)
    return query.join(users, users.c.name == api_keys.c.user_name).where(valid, _active())


def _active() -> ColumnElement[bool]:
    return users.c.disabled_at.is_(None)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


@cache
def _hasher() -> PasswordHasher:
    """Argon2id with the library's defaults (RFC 9106, low-memory profile)."""
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError as error:
        raise AccessError("passwords need argon2: install arb-pipelines[api]") from error
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """What the password of a name that is not there is compared with, so that the answer takes as long."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _fits(kept: str, password: str) -> bool:
    from argon2.exceptions import VerificationError

    try:
        return _hasher().verify(kept, password)
    except (VerificationError, UnicodeEncodeError):
        return False

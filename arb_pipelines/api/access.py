"""Who is asking, by API key or by session of the desk, and whether they may.

For pages and routes:
    `who: Annotated[Principal, Depends(require(Role.OPERATOR))]`: 401 without a valid key (`Authorization: Bearer`) or
        session cookie, 403 below the role, 403 where a session sends POST, PUT, PATCH or DELETE without its CSRF
        token. A page that is asked for without a session is sent to `/login?next=...`.
    `await principal_of(request) -> Principal | None`: who is asking, without requiring anything.
    `csrf_token(request) -> str`: the token of the session, for a form field `csrf_token` or the header
        `X-CSRF-Token` (with htmx: `hx-headers`).
    `log_in(request, name, password) -> str | None`: the session's cookie value, None if they do not fit; raises
        `ProblemError` 429 after too many tries. Blocking (argon2): call it from a `def` route or a thread.
    `set_session(request, response, token)`, `log_out(request, response)`: the cookie, and its end.

What belongs here: reading credentials. Who may do what is `domain/access.py`, the keeping `adapters/sql/access.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response

from arb_pipelines.api.context import context_of
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.domain.access import LEAST_ROLE, Act, Principal, Role

COOKIE = "arb_session"
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_FIELD = 1024

BEARER = HTTPBearer(auto_error=False, scheme_name="apiKey", description="A key of `arb key create`.")
SESSION = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session", description="A session of the desk.")


@dataclass(frozen=True, slots=True)
class Gate:
    """The dependency that lets in who has a role or one above it."""

    role: Role

    async def __call__(
        self,
        request: Request,
        _key: Annotated[object, Security(BEARER)],
        _session: Annotated[object, Security(SESSION)],
    ) -> Principal:
        """Return who is asking, and check the token where a session changes something."""
        found = admit(request, await principal_of(request), self.role)
        if found.token_hash is not None and request.method not in SAFE_METHODS:
            await _check_csrf(request)
        return found


def admit(connection: HTTPConnection, found: Principal | None, role: Role) -> Principal:
    """Return who was found, counted; a session that changes something must show its token besides.

    Raises:
        ProblemError: nobody was found (401), who asks too often (429), whose role does not cover `role` (403).
    """
    if found is None:
        ask_slower(connection, "failed_login", _address(connection))
        detail = "send `Authorization: Bearer <key>` or log in"
        raise ProblemError(401, "not_logged_in", detail, headers={"WWW-Authenticate": "Bearer"})
    ask_slower(connection, "request", f"{found.name}/{found.credential}")
    if not found.role.covers(role):
        raise ProblemError(403, "not_allowed", f"{found.name} is {found.role}; this needs {role}")
    return found


def require(role: Role) -> Gate:
    """Return the dependency that lets in who has this role or one above it."""
    return Gate(role)


def require_for(act: Act) -> Gate:
    """Return the dependency that lets in who may do an act."""
    return require(LEAST_ROLE[act])


async def principal_of(connection: HTTPConnection) -> Principal | None:
    """Return who is asking, without holding up the others meanwhile."""
    if _sent_nothing(connection):
        return None
    return await run_in_threadpool(find_principal, connection)


def find_principal(connection: HTTPConnection) -> Principal | None:
    """Return who is asking; a key that is sent decides alone, whatever cookie comes with it. Blocking."""
    access, now = context_of(connection).books.access, context_of(connection).clock.now()
    sent = connection.headers.get("authorization")
    if sent is not None:
        scheme, _, key = sent.partition(" ")
        return access.find_key(key.strip(), now) if scheme.lower() == "bearer" else None
    token = connection.cookies.get(COOKIE)
    return access.find_session(token, now) if token else None


def _sent_nothing(connection: HTTPConnection) -> bool:
    return "authorization" not in connection.headers and not connection.cookies.get(COOKIE)


def ask_slower(connection: HTTPConnection, what: str, who: str) -> None:
    """Count a request.

    Raises:
        ProblemError: 429, with the seconds to wait.
    """
    wait_s = context_of(connection).limits.take(what, who)
    if wait_s is not None:
        detail = f"come again in {wait_s} s"
        raise ProblemError(429, "too_many_requests", detail, headers={"Retry-After": str(wait_s)})


def csrf_token(request: Request) -> str:
    """Return the token that a form of this session must send; empty without a session."""
    token = request.cookies.get(COOKIE)
    return hashlib.sha256(f"csrf:{token}".encode(errors="surrogatepass")).hexdigest() if token else ""


async def _check_csrf(request: Request) -> None:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        field = (await request.form()).get(CSRF_FIELD)
        sent = field if isinstance(field, str) else None
    if sent is None or not hmac.compare_digest(sent.encode(), csrf_token(request).encode()):
        raise ProblemError(403, "csrf", f"send the session's token in {CSRF_HEADER}; reload the page", kind="csrf")


def log_in(request: Request, name: str, password: str) -> str | None:
    """Return the cookie value of a new session, or None if name and password do not fit.

    Raises:
        ProblemError: 429 after too many tries from one address or for one name.
    """
    context = context_of(request)
    ask_slower(request, "login", _address(request))
    ask_slower(request, "login", f"name:{name[:64]}")
    if max(len(name), len(password)) > LONGEST_FIELD:
        return None
    now = context.clock.now()
    expires_at = now + timedelta(hours=context.settings.api_session_hours)
    token = context.books.access.log_in(name, password, now, expires_at)
    if token is not None:
        context.books.audit.append(f"person:{name}", "log_in", name, {}, now)
    return token


def set_session(request: Request, response: Response, token: str) -> None:
    """Give a browser its session: sent to this site only, never shown to a script."""
    hours = context_of(request).settings.api_session_hours
    secure = context_of(request).settings.api_behind_tls
    response.set_cookie(COOKIE, token, max_age=hours * 3600, httponly=True, samesite="strict", secure=secure, path="/")


def log_out(request: Request, response: Response) -> None:
    """End the session of a request and take its cookie back."""
    token = request.cookies.get(COOKIE)
    if token:
        context_of(request).books.access.log_out(token)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _address(connection: HTTPConnection) -> str:
    return f"address:{connection.client.host}" if connection.client else "address:unknown"

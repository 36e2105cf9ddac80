"""Access tokens of the selling channel.

What belongs here: giving them out and checking them. A token carries its own expiry and a checksum, so it still
holds after a restart; it protects nothing but a loopback toy.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from arb_pipelines.sandbox.channel.errors import ChannelError
from arb_pipelines.sandbox.timeline import Clock

SANDBOX_REFRESH_TOKEN = "sandbox-refresh-token"  # noqa: S105 - a published constant of a loopback toy, no secret
VALID_S = 7200
APPLICATION = "application"
USER = "user"


class TokenDesk:
    """Gives out and checks tokens."""

    def __init__(self, seed: int, clock: Clock) -> None:
        """Sign tokens with the world's seed; `clock` decides when they expire."""
        self._key = f"sandbox-{seed}".encode()
        self._clock = clock

    def issue(self, form: Mapping[str, Any], authorization: str) -> tuple[int, dict[str, Any]]:
        """Answer a token request: status and body."""
        if not _has_client_credentials(authorization):
            return 401, _oauth_error("invalid_client", "client authentication failed")
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return 200, self._token(APPLICATION, "Application Access Token")
        if grant != "refresh_token":
            return 400, _oauth_error("unsupported_grant_type", "the sandbox knows client_credentials and refresh_token")
        if form.get("refresh_token") != SANDBOX_REFRESH_TOKEN:
            return 400, _oauth_error("invalid_grant", "the provided authorization refresh token is invalid")
        return 200, self._token(USER, "User Access Token")

    def check(self, authorization: str, *, needs_user: bool) -> None:
        """Accept a valid token of the right kind.

        Raises:
            ChannelError: 401 for a missing, wrong or expired token; 403 for an application token where the
                seller's own is needed.
        """
        kind, _, rest = authorization.removeprefix("Bearer ").partition("~")
        expires, _, signature = rest.partition("~")
        if not expires.isdigit() or signature != self._signature(kind, expires):
            raise _invalid_token()
        if int(expires) <= self._clock().timestamp():
            raise _invalid_token()
        if needs_user and kind != USER:
            message = "Insufficient permissions to fulfill the request."
            raise ChannelError(403, 1100, "ACCESS", message)

    def _token(self, kind: str, token_type: str) -> dict[str, Any]:
        expires = str(int(self._clock().timestamp()) + VALID_S)
        token = f"{kind}~{expires}~{self._signature(kind, expires)}"
        return {"access_token": token, "expires_in": VALID_S, "token_type": token_type}

    def _signature(self, kind: str, expires: str) -> str:
        return blake2b(f"{kind}~{expires}".encode(), key=self._key, digest_size=12).hexdigest()


def _invalid_token() -> ChannelError:
    return ChannelError(401, 1001, "OAuth", "Invalid access token")


def _oauth_error(code: str, description: str) -> dict[str, str]:
    return {"error": code, "error_description": description}


def _has_client_credentials(authorization: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    if scheme != "Basic":
        return False
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(client and secret)

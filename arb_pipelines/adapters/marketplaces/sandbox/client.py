"""Connections to the sandbox's shops and to its selling channel.

What belongs here: who we are to each. Sending requests is `adapters/http`; the shapes of the answers are `parse.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import FixedToken, refreshed

TOKEN_PATH = "/identity/v1/oauth2/token"  # noqa: S105 - a path, not a secret


def connect_channel(
    base_url: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    timeout_s: float,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ApiClient:
    """Return a client of the channel; its first call fetches a token."""
    headers = {"Content-Language": "en-US"}
    plain = ApiClient(base_url, timeout_s=timeout_s, headers=headers, transport=transport, sleep=sleep)
    return plain.at(authorizer=refreshed(plain, TOKEN_PATH, client_id, client_secret, refresh_token))


def connect_shop(
    base_url: str, token: str, timeout_s: float, transport: httpx.BaseTransport | None = None
) -> ApiClient:
    """Return a client of a shop's order desk; use its `at` for the other shops."""
    return ApiClient(base_url, timeout_s=timeout_s, authorizer=FixedToken(token), transport=transport)

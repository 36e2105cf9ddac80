"""The OAuth 2 token addresses of Amazon and eBay, which no description of theirs holds (RFC 6749, 4.4 and 6).

What belongs here: a description of our own for the one operation, closed like the vendors'.
"""

from __future__ import annotations

from typing import Any

from arb_pipelines_tests.contracts.vendor_operations import FORM, Operation

_TEXT = {"type": "string", "minLength": 1}
_ANSWER = {
    "type": "object",
    "required": ["access_token", "expires_in", "token_type"],
    "properties": {
        "access_token": {"type": "string", "example": "contract-access-token"},
        "expires_in": {"type": "integer", "example": 3600},
        "token_type": {"type": "string", "example": "bearer"},
        "refresh_token": _TEXT,
        "scope": _TEXT,
    },
}


def _form(*required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    grant = {"type": "string", "enum": ["refresh_token", "client_credentials", "authorization_code"]}
    texts = dict.fromkeys((*required, *optional), _TEXT)
    return {"type": "object", "required": ["grant_type", *required], "properties": {"grant_type": grant, **texts}}


# Amazon wants client id and secret in the form, eBay by the basic scheme.
_FORMS = {
    "/auth/o2/token": _form("client_id", "client_secret", optional=("refresh_token", "scope", "code", "redirect_uri")),
    "/identity/v1/oauth2/token": _form(optional=("refresh_token", "scope", "code", "redirect_uri")),
}


def is_token_path(path: str) -> bool:
    """Whether tokens are fetched there."""
    return path in _FORMS


def token_operation(vendor: str, path: str) -> Operation:
    """Return the operation that gives a token."""
    return _OPERATIONS[vendor, path] if (vendor, path) in _OPERATIONS else _build(vendor, path)


_OPERATIONS: dict[tuple[str, str], Operation] = {}


def _build(vendor: str, path: str) -> Operation:
    operation = Operation(
        vendor=vendor,
        file="",
        name="oauthToken",
        method="post",
        path=path,
        hosts=frozenset(),
        parameters=(),
        bodies={FORM: _FORMS[path]},
        body_required=True,
        responses={"200": {"schema": _ANSWER}},
        deprecated=False,
        description="",
        document={},
    )
    _OPERATIONS[vendor, path] = operation
    return operation

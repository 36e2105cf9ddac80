"""Errors as problem documents (RFC 9457), the same for every route and for everything that goes wrong before one.

What belongs here: the document, the exception that becomes one, and the translation of the framework's own errors.
A document never shows what was sent: it may hold a secret.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from arb_pipelines.domain.spend_limit import Refusal

MEDIA_TYPE = "application/problem+json"
MACHINE_PATHS = ("/api", "/ws", "/webhooks", "/metrics")  # all else is a page for a person
TITLES = {
    "bad_request": "The request cannot be read",
    "not_logged_in": "Log in, or send an API key",
    "not_allowed": "Your role does not allow this",
    "csrf": "The form is not one of ours",
    "foreign_origin": "The request comes from another site",
    "foreign_host": "This host name is not served here",
    "not_found": "There is no such thing",
    "wrong_method": "This address does not take this method",
    "refused": "Refused by a rule",
    "too_large": "The body is too large",
    "invalid": "The request breaks the schema",
    "too_many_requests": "Too many requests",
    "broken": "Something broke on our side",
    "unavailable": "A store does not answer",
}
CODE_OF_STATUS = {
    400: "bad_request",
    401: "not_logged_in",
    403: "not_allowed",
    404: "not_found",
    405: "wrong_method",
    409: "refused",
    413: "too_large",
    422: "invalid",
    429: "too_many_requests",
    500: "broken",
    503: "unavailable",
}


class FieldFault(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Where, as a path.", examples=["body.ceiling"])
    fault: str = Field(description="What is wrong with it.", examples=["Field required"])


class Problem(BaseModel):
    """What went wrong, by RFC 9457; `code` is stable and countable."""

    type: str = Field(description="A URI of the kind of problem.", examples=["urn:arb:problem:refused"])
    title: str = Field(description="The kind of problem in words.", examples=["Refused by a rule"])
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str = Field(
        description="What happened, for a person.", examples=["the ceiling is above the most it may be"]
    )
    code: str = Field(description="The reason code.", examples=["over_max_cost"])
    errors: list[FieldFault] | None = Field(None, description="The fields that are wrong.")


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, kind: str | None = None
    ) -> None:
        """Keep the parts; `kind` is one of `TITLES`, by default that of the status."""
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = dict(headers or {})
        self.kind = kind or CODE_OF_STATUS.get(status, "bad_request")


def refused(refusal: Refusal, status: int = 409) -> ProblemError:
    """Return a rule's refusal as a problem."""
    until = f" (until {refusal.until:%Y-%m-%d %H:%M:%S} UTC)" if refusal.until else ""
    return ProblemError(status, refusal.code, refusal.detail + until)


def problem_response(error: ProblemError, errors: list[FieldFault] | None = None) -> Response:
    """Return the document of an error."""
    title = TITLES.get(error.kind) or HTTPStatus(error.status).phrase
    document = Problem(
        type=f"urn:arb:problem:{error.kind}",
        title=title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        errors=errors,
    )
    content = document.model_dump(exclude_none=True)
    return JSONResponse(content, error.status, error.headers, media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of an application end in a problem document."""
    handlers: dict[Any, Any] = {
        ProblemError: _answer_problem,
        RequestValidationError: _answer_invalid,
        HTTPException: _answer_http,
        OperationalError: _answer_store,
        PoolTimeoutError: _answer_store,
        DBAPIError: _answer_store_fault,
        Exception: _answer_broken,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


async def _answer_problem(request: Request, error: ProblemError) -> Response:
    if error.status == 401 and _is_page(request):
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(there, safe='')}", 303)
    return problem_response(error)


async def _answer_invalid(_request: Request, error: RequestValidationError) -> Response:
    faults = [FieldFault(field=".".join(map(str, one["loc"])), fault=one["msg"]) for one in error.errors()]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return problem_response(ProblemError(400, "bad_json", "the body is no JSON"), faults)
    return problem_response(ProblemError(422, "invalid", "see errors for the fields that are wrong"), faults)


async def _answer_http(_request: Request, error: HTTPException) -> Response:
    code = CODE_OF_STATUS.get(error.status_code, "bad_request")
    detail = error.detail if error.status_code != 404 else "no such address"
    return problem_response(ProblemError(error.status_code, code, str(detail), headers=error.headers))


async def _answer_store(request: Request, error: SQLAlchemyError) -> Response:
    # The caller is told nothing of the store; who runs it finds the reason in the log, without the statement's values.
    reason = getattr(error, "orig", None) or type(error).__name__
    logging.getLogger(__name__).error("%s %s: the books failed: %s", request.method, request.url.path, reason)
    detail = "the books cannot be read or written now; nothing was changed"
    return problem_response(ProblemError(503, "books_unavailable", detail, headers={"Retry-After": "5"}))


async def _answer_store_fault(_request: Request, _error: DBAPIError) -> Response:
    return problem_response(ProblemError(500, "broken", "the books refused this; see the log of the server"))


async def _answer_broken(_request: Request, _error: Exception) -> Response:
    return problem_response(ProblemError(500, "broken", "see the log of the server"))


def _is_page(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return request.method == "GET" and wants_page and not request.url.path.startswith(MACHINE_PATHS)

"""The description of the API: FastAPI's own, with the errors that every route can answer in RFC 9457 form.

What belongs here: completing the document. Each error names its media type and shows an example.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from arb_pipelines.api.problems import CODE_OF_STATUS, MEDIA_TYPE, TITLES, Problem

DESCRIPTION = """Opportunities, approvals and what came of them.

Send an API key as `Authorization: Bearer arb_...`, or log in at the desk. Amounts are decimal text beside their
currency, times ISO 8601 in UTC. Every error is a problem document (RFC 9457) with a stable `code`.

`GET /ws/opportunities` is a WebSocket: `hello`, then one message an opportunity, each with a `cursor` to resume from
(`?cursor=...`). Some of the last minute may come twice; `opportunity_id` tells.
"""
EVERYWHERE = (400, 405, 413, 429, 500, 503)
OF_THE_SIGNED_IN = (401, 403)
OF_BODIES_AND_QUERIES = (422,)
OF_THINGS = (404,)
OF_CHANGES = (409,)
METHODS = ("get", "post", "put", "patch", "delete")


def add_openapi(app: FastAPI) -> None:
    """Let an application describe itself completely."""
    app.openapi = partial(_described, app)  # type: ignore[method-assign]  # FastAPI documents this as the way


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = document.setdefault("components", {}).setdefault("schemas", {})
        parts |= schema.pop("$defs", {}) | {"Problem": schema}
        for unused in ("HTTPValidationError", "ValidationError"):
            parts.pop(unused, None)
        for operations in document["paths"].values():
            for method in METHODS:
                if method in operations:
                    _add_problems(operations[method])
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own form, which nothing here answers
    for status in _statuses(operation):
        own = responses.get(str(status), {}).get("content", {})
        described = responses.setdefault(str(status), {"description": TITLES[CODE_OF_STATUS[status]]})
        described["content"] = own | {MEDIA_TYPE: _content(status)}


def _statuses(operation: dict[str, Any]) -> list[int]:
    signed_in = OF_THE_SIGNED_IN if operation.get("security") or "webhooks" in operation.get("tags", ()) else ()
    changes = OF_CHANGES if "requestBody" in operation else ()
    return sorted({*EVERYWHERE, *signed_in, *OF_BODIES_AND_QUERIES, *OF_THINGS, *changes})


def _content(status: int) -> dict[str, Any]:
    kind = CODE_OF_STATUS[status]
    example = {"type": f"urn:arb:problem:{kind}", "title": TITLES[kind], "status": status}
    example |= {"detail": "what happened, in a sentence", "code": kind}
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}

"""The short way to a route that is asked often: one thread reads who asks, checks it and answers.

What belongs here: the class of such routes. What is asked in the plainest form is judged here by the very models and
the very gate that the endpoint declares; all else goes the framework's way, which words every fault. The framework
resolves each request anew in several steps and two threads, which took longer than reading 25 rows (2.4 of 4 ms).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from anyio import to_thread
from fastapi import APIRouter, Request, params
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from arb_pipelines.api.access import Gate, admit, find_principal
from arb_pipelines.api.context import context_of

JSON_TYPE = "application/json"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])


@dataclass(slots=True)
class Parts:
    """What an endpoint takes: by parameter name what is read from where."""

    gate: Gate | None = None
    who: str = ""
    request: str = ""
    query: dict[str, type[BaseModel]] = field(default_factory=dict)
    body: dict[str, type[BaseModel]] = field(default_factory=dict)
    path: dict[str, TypeAdapter[Any]] = field(default_factory=dict)


class ShortRoute(APIRoute):
    """A route whose endpoint is a blocking function that takes plain things and returns a `Response`.

    It takes the `Request`, who asks (`Depends(require(...))`), path parameters, one model of the query and one model
    of the JSON body.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Read from the endpoint's signature what it takes.

        Raises:
            TypeError: it takes something else, or is no blocking function.
        """
        super().__init__(path, endpoint, **options)
        self._parts = _parts_of(endpoint)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain request at once, and leave any other to the framework."""
        request = Request(scope, receive)
        if scope["method"] not in (self.methods or ()) or not self._is_plain(request):
            await super().handle(scope, receive, send)
            return
        body = await _body_of(request) if self._parts.body else b""
        try:
            values = self._values(request, body)
        except (ValidationError, ValueError, RecursionError):
            await super().handle(scope, _again(body, receive) if self._parts.body else receive, send)
            return
        # Who writes waits for other writers, here in the order of coming, and must not keep the readers waiting too.
        limiter = context_of(request).writers if self._parts.body else context_of(request).readers
        response = await to_thread.run_sync(self._answer, request, values, limiter=limiter)
        await response(scope, receive, send)

    handle = answer  # what the framework calls

    def _is_plain(self, request: Request) -> bool:
        """What changes something is plain from the holder of a key alone: a session must show its token first."""
        if request.method in ("GET", "HEAD"):
            return True
        return "authorization" in request.headers and request.headers.get("content-type") == JSON_TYPE

    def _values(self, request: Request, body: bytes) -> dict[str, Any]:
        values = {
            name: adapter.validate_python(request.path_params[name]) for name, adapter in self._parts.path.items()
        }
        for name, model in self._parts.query.items():
            asked = dict(QueryParams(request.scope["query_string"]))
            values[name] = model.model_validate(asked)
        for name, model in self._parts.body.items():
            values[name] = model.model_validate(json.loads(body))
        return values

    def _answer(self, request: Request, values: dict[str, Any]) -> Response:
        parts = self._parts
        if parts.gate is None:
            raise TypeError(f"{self.path} has no gate")
        values[parts.who] = admit(request, find_principal(request), parts.gate.role)
        values[parts.request] = request
        response: Response = self.endpoint(**values)
        return response


def short_route(router: APIRouter, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
    """Return the decorator that adds an endpoint to a router as a `ShortRoute`; options are those of the router."""

    def add(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, route_class_override=ShortRoute, **options)
        return endpoint

    return add


def _parts_of(endpoint: Callable[..., Any]) -> Parts:
    if inspect.iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint.__name__} must be a blocking function: it is called in a thread")
    parts = Parts()
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        if name != "return" and not _take(parts, name, hint):
            raise TypeError(f"{endpoint.__name__} takes {name}, which the short way does not know")
    if parts.gate is None or not parts.request:
        raise TypeError(f"{endpoint.__name__} must take the request and who asks")
    return parts


def _take(parts: Parts, name: str, hint: Any) -> bool:
    """Note a parameter; False if it is of an unknown kind."""
    kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if hint is Request:
        parts.request = name
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        asked = parts.query if any(isinstance(note, params.Query) for note in notes) else parts.body
        asked[name] = kind
        return True
    if any(isinstance(note, params.Path) for note in notes):
        parts.path[name] = TypeAdapter(hint)
        return True
    gates = [note.dependency for note in notes if isinstance(note, params.Depends)]
    if len(gates) == 1 and isinstance(gates[0], Gate):
        parts.gate, parts.who = gates[0], name
        return True
    return False


async def _body_of(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "the body broke off") from error


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a way to read a body once more that was read already."""
    sent = False

    async def read() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read

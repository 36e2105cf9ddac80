"""Whether a request is what a vendor's description asks for: path, query, headers, body.

What belongs here: the refusals, each one sentence. The transport raises what is found here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import httpx

from arb_pipelines_tests.contracts.vendor_operations import FORM, Found, Operation, Parameter, resolve
from arb_pipelines_tests.contracts.vendor_schemas import faults

# Headers that the descriptions leave to prose: who we are. Each entry is a choice of names.
CREDENTIALS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "amazon-sp-api": (("x-amz-access-token",), ("user-agent",)),
    "ebay": (("authorization",),),
    "ebay token": (("authorization",),),
    "twilio": (("authorization",),),
    "sendgrid": (("authorization",),),
    "vault": (("x-vault-token",),),
}
WITHOUT_CREDENTIALS = {"vault": "/login"}


class ContractError(AssertionError):
    """A request that the vendor's description does not allow."""


def check_request(vendor: str, found: Found, request: httpx.Request) -> Any:
    """Return the body of a request that keeps to its description (None without one).

    Raises:
        ContractError: it does not; the sentence says all that is wrong.
    """
    operation = found.operation
    wrong = [*_path_faults(found), *_query_faults(operation, request), *_header_faults(vendor, operation, request)]
    body, body_faults = _body(operation, request)
    wrong += body_faults
    if wrong:
        raise ContractError(f"{operation.name} ({request.method} {request.url.path}): " + "; ".join(wrong))
    return body


def query_of(request: httpx.Request) -> list[tuple[str, str]]:
    """Return the query as it stands on the wire, decoded."""
    return parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)


def query_values(operation: Operation, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the query's values in the types that the description gives them."""
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "query"}
    return {name: _typed(operation, known[name], values) for name, values in given.items() if name in known}


def _path_faults(found: Found) -> Iterator[str]:
    for parameter in found.operation.parameters:
        if parameter.place != "path":
            continue
        value = found.values.get(parameter.name, "")
        if not value or value.startswith("{"):
            yield f"the path has no {parameter.name}"
        else:
            yield from _value_faults(found.operation, parameter, _typed(found.operation, parameter, [value]))


def _query_faults(operation: Operation, request: httpx.Request) -> Iterator[str]:
    query = query_of(request)
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "query"}
    counts: dict[str, int] = {}
    for name, _ in query:
        counts[name] = counts.get(name, 0) + 1
        if name not in known:
            yield f"the query {name} is not known"
    for name, parameter in known.items():
        if parameter.required and name not in counts:
            yield f"the query {name} is missing"
        repeats = parameter.is_list and parameter.separator is None
        if counts.get(name, 0) > 1 and not repeats:
            yield f"the query {name} is given {counts[name]} times"
    for name, value in query_values(operation, query).items():
        yield from _value_faults(operation, known[name], value)


def _header_faults(vendor: str, operation: Operation, request: httpx.Request) -> Iterator[str]:
    for parameter in operation.parameters:
        if parameter.place != "header" or parameter.name.lower() in ("accept", "content-type", "authorization"):
            continue
        value = request.headers.get(parameter.name)
        if value is not None:
            yield from _value_faults(operation, parameter, _typed(operation, parameter, [value]))
        elif parameter.required:
            yield f"the header {parameter.name} is missing"
    if request.url.path.endswith(WITHOUT_CREDENTIALS.get(vendor, "\0")):
        return
    for choice in CREDENTIALS.get(vendor, ()):
        if not any(request.headers.get(name) for name in choice):
            yield f"the header {' or '.join(choice)} is missing"


def _body(operation: Operation, request: httpx.Request) -> tuple[Any, list[str]]:
    content = request.content
    if not content:
        missing = operation.body_required or (bool(operation.bodies) and _wants_fields(operation))
        return None, ["the body is missing"] if missing else []
    if not operation.bodies:
        return None, ["there is a body, and the operation takes none"]
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    schema = next((said for name, said in operation.bodies.items() if name.split(";")[0].strip() == kind), None)
    if schema is None:
        return None, [f"the content type {kind or 'is missing'}; known: {', '.join(operation.bodies)}"]
    try:
        body = _form(operation, schema, content) if kind == FORM else json.loads(content, parse_constant=_refuse)
    except ValueError as error:
        return None, [f"the body cannot be read: {error}"]
    return body, [f"the body, {fault}" for fault in faults(operation.document, schema, body)]


def _wants_fields(operation: Operation) -> bool:
    return any(resolve(operation.document, schema).get("required") for schema in operation.bodies.values())


def _form(operation: Operation, schema: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return a form's fields in the types that the description gives them."""
    properties = resolve(operation.document, schema).get("properties", {})
    given: dict[str, Any] = {}
    for name, text in parse_qsl(content.decode("ascii"), keep_blank_values=True, strict_parsing=True):
        said = resolve(operation.document, properties.get(name, {}))
        if said.get("type") == "array":
            given.setdefault(name, []).append(_scalar(resolve(operation.document, said.get("items", {})), text))
        elif name in given:
            raise ValueError(f"the field {name} is given twice")
        else:
            given[name] = _scalar(said, text)
    return given


def _typed(operation: Operation, parameter: Parameter, texts: Sequence[str]) -> Any:
    schema = resolve(operation.document, parameter.schema)
    if not parameter.is_list:
        return _scalar(schema, texts[0])
    items = resolve(operation.document, schema.get("items", {}))
    each = list(texts) if parameter.separator is None else texts[0].split(parameter.separator)
    return [_scalar(items, text) for text in each]


def _scalar(schema: Mapping[str, Any], text: str) -> Any:
    """Return a text as the type it should have; one that is none stays text, and is refused as such."""
    kind = schema.get("type")
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    try:
        return {"integer": int, "number": float}.get(str(kind), str)(text)
    except ValueError:
        return text


def _value_faults(operation: Operation, parameter: Parameter, value: Any) -> Iterator[str]:
    for fault in faults(operation.document, parameter.schema, value):
        yield f"the {parameter.place} {parameter.name}, {fault}"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

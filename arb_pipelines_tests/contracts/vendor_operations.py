"""The operations of the vendors' descriptions (Swagger 2.0, OpenAPI 3.0 and 3.1) in one form, and finding them.

What belongs here: which operation answers at a method and a path, its parameters, its bodies and its answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from arb_pipelines_tests.contracts.vendor_files import description_files, load_description

METHODS = ("get", "put", "post", "delete", "patch", "head")
FORM = "application/x-www-form-urlencoded"
BASE_PATHS = {"vault": "/v1"}  # a description that names no server
SPANNING = {"vault": frozenset({"path"})}  # the parameters at the end of a path that may hold slashes


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path, the query or the headers; `separator` is None where a list repeats its name."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]
    separator: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return self.schema.get("type") == "array"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `document` is the description that its references point into."""

    vendor: str
    file: str
    name: str
    method: str
    path: str
    hosts: frozenset[str]
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Mapping[str, Any]]
    body_required: bool
    responses: Mapping[str, Mapping[str, Any]]
    deprecated: bool
    description: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    def response_schema(self, status: int) -> Mapping[str, Any] | None:
        """Return the schema of the JSON answer with a status, None where there is none."""
        response = self.response(status)
        if response is None:
            return None
        schema: Mapping[str, Any] | None = response.get("schema") or json_content(response).get("schema")
        return schema

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Return what is said of the answer with a status, None where nothing is."""
        found = self.responses.get(str(status), self.responses.get("default"))
        return None if found is None else resolve(self.document, found)


@dataclass(frozen=True, slots=True)
class Found:
    """An operation and the values of its path."""

    operation: Operation
    values: Mapping[str, str]


def resolve(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference inside a description."""
    while "$ref" in value:
        place: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]
        value = place
    return value


def json_content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON part of an OpenAPI 3 `content`."""
    content = holder.get("content") or {}
    for kind, inner in content.items():
        if "json" in kind:
            return dict(inner)
    return {}


def find(vendor: str, method: str, raw_path: str) -> Found | None:
    """Return the operation that answers at a method and a path as it stands on the wire, None for none."""
    parts = raw_path.split("?")[0].split("/")
    for template, operation in _index(vendor).get(method.lower(), ()):
        values = _match(template, parts, SPANNING.get(vendor, frozenset()))
        if values is not None:
            return Found(operation, values)
    return None


def named(vendor: str, name: str, file: str | None = None) -> Operation:
    """Return the operation of a name.

    Raises:
        LookupError: none, or several in different files.
    """
    found = [operation for operation in operations(vendor) if operation.name == name and file in (None, operation.file)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} operations of {vendor} are called {name}")
    return found[0]


@cache
def operations(vendor: str) -> tuple[Operation, ...]:
    """Return every operation of a vendor."""
    return tuple(operation for file in description_files(vendor) for operation in _read(vendor, file))


@cache
def _index(vendor: str) -> dict[str, list[tuple[tuple[str, ...], Operation]]]:
    """Return templates and operations by method; plain parts of a path go before parameters."""
    index: dict[str, list[tuple[tuple[str, ...], Operation]]] = {}
    for operation in operations(vendor):
        index.setdefault(operation.method, []).append((tuple(operation.path.split("/")), operation))
    for entries in index.values():
        entries.sort(key=lambda entry: [part.count("{") for part in entry[0]])
    return index


def _match(template: tuple[str, ...], parts: list[str], spanning: frozenset[str]) -> dict[str, str] | None:
    last = template[-1]
    if len(parts) > len(template) and last[1:-1] in spanning:
        parts = [*parts[: len(template) - 1], "/".join(parts[len(template) - 1 :])]
    if len(parts) != len(template):
        return None
    values: dict[str, str] = {}
    for pattern, part in zip(template, parts, strict=True):
        if pattern == part:
            continue
        found = _pattern(pattern).fullmatch(part) if "{" in pattern else None
        if found is None:
            return None
        names = re.findall(r"\{([^}]+)\}", pattern)
        values |= {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}
    return values


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{[^}]+\})", template)
    return re.compile("".join("(.+?)" if piece.startswith("{") else re.escape(piece) for piece in pieces))


def _read(vendor: str, file: str) -> Iterator[Operation]:
    document = load_description(vendor, file)
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield _operation(vendor, file, document, path, item, method)


def _operation(
    vendor: str, file: str, document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str
) -> Operation:
    said = item[method]
    hosts, base = _servers(vendor, document, item, said)
    given = [resolve(document, one) for one in [*item.get("parameters", []), *said.get("parameters", [])]]
    bodies, body_required = _bodies(document, said, given)
    return Operation(
        vendor=vendor,
        file=file,
        name=said.get("operationId") or f"{method} {path}",
        method=method,
        path=base.rstrip("/") + path,
        hosts=hosts,
        parameters=tuple(_parameter(one) for one in given if one["in"] in ("path", "query", "header")),
        bodies=bodies,
        body_required=body_required,
        responses=said.get("responses", {}),
        deprecated=bool(said.get("deprecated")),
        description=said.get("description", ""),
        document=document,
    )


def _parameter(said: Mapping[str, Any]) -> Parameter:
    schema = said.get("schema") or {
        name: value for name, value in said.items() if name not in ("name", "in", "required", "description", "example")
    }
    if "schema" in said:  # OpenAPI 3: a form list repeats its name unless it is told not to explode
        separator = None if said.get("explode", said["in"] == "query") else ","
    else:
        separator = {"multi": None, "pipes": "|", "ssv": " "}.get(said.get("collectionFormat", "csv"), ",")
    return Parameter(said["name"], said["in"], bool(said.get("required")), schema, separator)


def _bodies(
    document: Mapping[str, Any], said: Mapping[str, Any], given: list[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], bool]:
    """Return the schema of the request's body by content type, and whether there has to be one."""
    for parameter in given:
        if parameter["in"] == "body":
            return {"application/json": parameter["schema"]}, bool(parameter.get("required"))
    body = resolve(document, said.get("requestBody", {}))
    bodies = {kind: content.get("schema", {}) for kind, content in body.get("content", {}).items()}
    return bodies, bool(body.get("required"))


def _servers(
    vendor: str, document: Mapping[str, Any], item: Mapping[str, Any], said: Mapping[str, Any]
) -> tuple[frozenset[str], str]:
    """Return the hosts of an operation and the beginning of its path."""
    if "swagger" in document:
        return frozenset({document.get("host", "")}) - {""}, document.get("basePath", "")
    servers = said.get("servers") or item.get("servers") or document.get("servers") or []
    urls = []
    for server in servers:
        url = server["url"]
        for name, variable in server.get("variables", {}).items():
            url = url.replace(f"{{{name}}}", variable["default"])
        urls.append(urlsplit(url))
    return frozenset(url.netloc for url in urls), urls[0].path if urls else BASE_PATHS.get(vendor, "")

"""What a vendor answers: its own example for the request where it has one, else one made from the schema.

What belongs here: Amazon's static sandbox pairs, the examples of the descriptions, and the making of an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arb_pipelines_tests.contracts.vendor_operations import Operation, json_content, resolve
from arb_pipelines_tests.contracts.vendor_schemas import faults

DEEPEST = 6
TEXTS_OF_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "date-time-rfc-2822": "Fri, 02 Jan 2026 03:04:05 +0000",
    "uri": "https://vendor.example/1",
    "email": "someone@vendor.example",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
# eBay gives no examples and types prices, currencies and times as plain text.
TEXTS_OF_NAMES = {"value": "19.99", "currency": "USD", "convertedFromValue": "19.99", "convertedFromCurrency": "USD"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A published request with its answer; `parameters` holds the values that the request must have."""

    operation: Operation
    status: int
    parameters: Mapping[str, Any]
    response: Any

    @property
    def said(self) -> int:
        """How many values it asks for; an empty document is none."""
        return sum(value != {} for value in self.parameters.values())

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Whether a request's values are those of the pair; an empty document fits any."""
        return all(name in values and value in (values[name], {}) for name, value in self.parameters.items())

    def response_faults(self) -> list[str]:
        """Return where the vendor's answer is not what the vendor's schema says."""
        schema = self.operation.response_schema(self.status)
        return [] if schema is None else faults(self.operation.document, schema, self.response, closed=False)


def sandbox_pairs(operation: Operation) -> list[Pair]:
    """Return the static sandbox pairs of an Amazon operation."""
    pairs = []
    for code, said in operation.responses.items():
        for static in said.get("x-amzn-api-sandbox", {}).get("static", []):
            given = (static.get("request") or {}).get("parameters", {})
            values = {
                name: entry["value"] if isinstance(entry, dict) and "value" in entry else entry
                for name, entry in given.items()
            }
            pairs.append(Pair(operation, int(code), values, static.get("response")))
    return pairs


def example_for(operation: Operation, values: Mapping[str, Any]) -> tuple[int, Any]:
    """Return status and body of the vendor's answer to a request with these values (path, query and `body`)."""
    pairs = sandbox_pairs(operation)
    fitting = [pair for pair in pairs if pair.fits(values)]
    if fitting:
        best = max(fitting, key=lambda pair: (pair.said, pair.status < 400))
        return best.status, best.response
    for pair in pairs:
        if pair.status < 300:
            return pair.status, pair.response
    return example_of(operation, good_status(operation))


def good_status(operation: Operation) -> int:
    """Return the first status below 300 that is described; 200 where none is."""
    return min((int(code) for code in operation.responses if code.isdigit() and code < "300"), default=200)


def example_of(operation: Operation, status: int) -> tuple[int, Any]:
    """Return a status and an example of its body, None where it has no body."""
    response = operation.response(status)
    if response is None:
        return status, None
    for example in _examples(operation, response):
        return status, example
    schema = operation.response_schema(status)
    return status, None if schema is None else made(operation.document, schema)


def _examples(operation: Operation, response: Mapping[str, Any]) -> Iterator[Any]:
    content = json_content(response)
    for said in (response.get("examples", {}), content.get("examples", {})):
        for kind, value in said.items():
            value = resolve(operation.document, value) if isinstance(value, dict) else value
            yield value["value"] if "openapi" in operation.document and "value" in value else value
            del kind
    if "example" in content:
        yield content["example"]


def made(document: Mapping[str, Any], schema: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value that a schema allows; the same one each time."""
    if not isinstance(schema, dict):
        return None
    schema = dict(resolve(document, schema))
    given = [schema[word] for word in ("example", "default", "const") if word in schema] + schema.get("enum", [])[:1]
    if given:
        return given[0]
    choice = schema.get("oneOf") or schema.get("anyOf")
    if choice:
        return made(document, choice[0], name, depth)
    if schema.get("allOf") or "properties" in schema or schema.get("type") == "object":
        return _made_object(document, schema, depth)
    if schema.get("type") == "array":
        return [made(document, schema.get("items", {}), name, depth + 1)] if depth < DEEPEST else []
    return _made_scalar(schema, name)


def _made_object(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= made(document, part, depth=depth) or {}
    needed = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        if depth < DEEPEST or name in needed:
            found[name] = made(document, inner, name, depth + 1)
    return found


def _made_scalar(schema: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    if kind != "string":
        return None
    if name.endswith(("Date", "Time")) and "format" not in schema:
        return "2026-01-02T03:04:05.000Z"
    text = TEXTS_OF_FORMATS.get(schema.get("format", "")) or TEXTS_OF_NAMES.get(name) or name or "text"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]

"""The vendors' schemas are closed where they name their fields, and open where they do not."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from arb_pipelines_tests.contracts.vendor_operations import operations
from arb_pipelines_tests.contracts.vendor_schemas import DIALECT, Translation, faults

DOCUMENT = {
    "definitions": {
        "Base": {"type": "object", "properties": {"a": {"type": "string"}}},
        "Whole": {
            "allOf": [{"$ref": "#/definitions/Base"}, {"type": "object", "properties": {"b": {"type": "integer"}}}]
        },
        "Tree": {"type": "object", "properties": {"next": {"$ref": "#/definitions/Tree"}}},
        "Free": {"type": "object"},
        "Map": {"type": "object", "additionalProperties": {"type": "integer", "format": "int32"}},
        "Maybe": {"type": "string", "nullable": True, "enum": ["x"]},
        "When": {"type": "string", "format": "date-time"},
    }
}


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("Base", {"a": "x"}, True),
        ("Base", {"a": "x", "b": 1}, False),
        ("Whole", {"a": "x", "b": 1}, True),
        ("Whole", {"a": "x", "b": 1, "c": 1}, False),
        ("Tree", {"next": {"next": {}}}, True),
        ("Tree", {"next": {"next": {"other": 1}}}, False),
        ("Free", {"any": 1}, True),
        ("Map", {"any": 1}, True),
        ("Map", {"any": 2**31}, False),
        ("Maybe", None, True),
        ("Maybe", "y", False),
        ("When", "2026-01-01T00:00:00Z", True),
        ("When", "2026-13-01T00:00:00Z", False),
    ],
)
def test_schemas_are_closed_where_they_name_their_fields(name: str, value: Any, good: bool) -> None:
    schema = DOCUMENT["definitions"][name]
    assert (not faults(DOCUMENT, schema, value)) is good


def test_without_closing_an_unknown_field_is_fine_and_a_wrong_type_is_not() -> None:
    schema = DOCUMENT["definitions"]["Base"]
    assert not faults(DOCUMENT, schema, {"b": 1}, closed=False)
    assert faults(DOCUMENT, schema, {"a": 1}, closed=False)


def test_every_schema_of_a_described_body_is_a_good_schema() -> None:
    for vendor in ("amazon-sp-api", "ebay", "sendgrid"):
        for operation in operations(vendor):
            for schema in operation.bodies.values():
                translation = Translation(operation.document)
                whole = {"$schema": DIALECT, **translation.schema(schema), "$defs": translation.definitions}
                jsonschema_rs.validator_for(whole, validate_formats=True, ignore_unknown_formats=True)

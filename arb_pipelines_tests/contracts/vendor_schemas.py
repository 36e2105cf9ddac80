"""The schemas of the vendors' descriptions as JSON Schema 2020-12, closed: what a schema does not name is a fault.

What belongs here: the translation (references, `allOf`, `nullable`, `int32`), and checking a value. An object that
names its properties and says nothing of others takes no others; inside an `allOf` it is the whole that is closed, so
the parts stay open.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEPT = frozenset({"type", "enum", "const", "format", "pattern", "required", "minimum", "maximum", "multipleOf"})
KEPT |= {"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
# Twilio's answers hold addresses without a host, and Vault's durations are "1h", not those of ISO 8601.
FORMATS = {"uri": "uri-reference", "duration": None}
RANGES = {"int32": 2**31, "int64": 2**63}


class Translation:
    """Translates the schemas of one description, each referenced one once."""

    def __init__(self, document: Mapping[str, Any], *, closed: bool = True) -> None:
        """Read references from `document`; without `closed` unknown fields are fine."""
        self._document = document
        self._closed = closed
        self.definitions: dict[str, Any] = {}

    def schema(self, said: Any, *, part: bool = False) -> Any:
        """Return a schema in the new dialect; a `part` of an allOf is left open."""
        if isinstance(said, bool):
            return said
        if "$ref" in said:
            return {"$ref": f"#/$defs/{self._referenced(said['$ref'], part)}"}
        found = {name: value for name, value in said.items() if name in KEPT}
        if found.get("format") in FORMATS:
            found["format"] = FORMATS[found["format"]]
        found = {name: value for name, value in found.items() if value is not None}
        self._insides(said, found)
        if not part and self._closed and _names_its_fields(said):
            found["unevaluatedProperties"] = False
        _mend_words(said, found)
        return found

    def _insides(self, said: Mapping[str, Any], found: dict[str, Any]) -> None:
        if "properties" in said:
            found["properties"] = {name: self.schema(value) for name, value in said["properties"].items()}
        if "additionalProperties" in said:
            found["additionalProperties"] = self.schema(said["additionalProperties"])
        for word in ("items", "not"):
            if word in said:
                found[word] = self.schema(said[word])
        for word in ("allOf", "anyOf", "oneOf"):
            if word in said:
                found[word] = [self.schema(value, part=True) for value in said[word]]

    def _referenced(self, reference: str, part: bool) -> str:
        name = reference.removeprefix("#/").replace("/", ".").replace("~1", ".") + (".part" if part else "")
        if name not in self.definitions:
            self.definitions[name] = {}  # before it is filled, for a schema that holds itself
            self.definitions[name] = self.schema(self._target(reference), part=part)
        return name

    def _target(self, reference: str) -> Any:
        place: Any = self._document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/").replace("~0", "~")]
        return place


def _names_its_fields(said: Mapping[str, Any]) -> bool:
    """Whether a schema says which fields there are and is silent about others."""
    if "additionalProperties" in said:
        return False
    return bool(said.get("properties")) or any(word in said for word in ("allOf", "anyOf", "oneOf"))


def _mend_words(said: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Say in the new dialect what the old ones say otherwise."""
    if said.get("nullable") and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if said.get("nullable") and "enum" in found:
        found["enum"] = [*found["enum"], None]
    bound = RANGES.get(said.get("format", ""))
    if bound and said.get("type") == "integer":
        found.setdefault("minimum", -bound)
        found.setdefault("maximum", bound - 1)
    for word, other in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        limit = said.get(word)
        if limit is True:
            found[word] = found.pop(other)
        elif limit not in (None, False):
            found[word] = limit


_SEEN: dict[int, Any] = {}  # keeps what was seen alive, so that no other object gets its id


@cache
def _validator(document_id: int, schema_id: int, closed: bool) -> Any:
    translation = Translation(_SEEN[document_id], closed=closed)
    schema = translation.schema(_SEEN[schema_id])
    whole = {"$schema": DIALECT, "$defs": translation.definitions, **schema}
    return jsonschema_rs.validator_for(whole, validate_formats=True, ignore_unknown_formats=True)


def faults(document: Mapping[str, Any], schema: Any, value: Any, *, closed: bool = True) -> list[str]:
    """Return what is wrong with a value, each fault with its place; empty if nothing is."""
    _SEEN[id(document)], _SEEN[id(schema)] = document, schema
    errors = _validator(id(document), id(schema), closed).iter_errors(value)
    return [f"{'/'.join(map(str, error.instance_path)) or 'the whole'}: {error.message}" for error in errors]

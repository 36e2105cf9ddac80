"""Amazon's own schema of an offer, by product type: what we send is held against it before Amazon sees it.

What belongs here: fetching the schema, checking that it is the one that was promised (its checksum), and the words
of JSON Schema that Amazon added. Without the schema, or without the library that reads it, nothing is listed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx

from arb_pipelines.adapters.http.answers import NoAnswerError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import quoted
from arb_pipelines.adapters.http.fields import read_part, read_text
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection, accepted
from arb_pipelines.adapters.marketplaces.amazon.listing_document import REQUIREMENTS
from arb_pipelines.domain.outlet import OutletRefusedError

DEFINITIONS = "/definitions/2020-09-01/productTypes"
KEPT_S = 86_400.0  # Amazon changes product types about weekly
LONGEST_SCHEMA_BYTES = 30_000_000
DIALECT = "https://json-schema.org/draft/2019-09/schema"
SCHEMA_HOSTS = (".amazonaws.com", ".amazon.com", ".media-amazon.com")


@dataclass(slots=True)
class ProductTypes:
    """The schemas of product types, each fetched once a day."""

    connection: AmazonConnection
    transport: httpx.BaseTransport | None = None
    timeout_s: float = 30.0
    clock_s: Callable[[], float] = time.monotonic
    hosts: tuple[str, ...] = SCHEMA_HOSTS
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False)

    def check(self, product_type: str, attributes: Mapping[str, Any]) -> None:
        """Hold the attributes of an offer against Amazon's schema of its product type.

        Raises:
            OutletRefusedError: they are not what the schema says, or the product type is not known.
            UnreadableAnswerError: the schema is not the one that was promised.
            ConnectionError: no answer.
        """
        faults = sorted(
            f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in self._faults(product_type, attributes)
        )
        if faults:
            raise OutletRefusedError("listing_invalid", f"{product_type}: {faults[0][:300]}")

    def _faults(self, product_type: str, attributes: Mapping[str, Any]) -> Iterator[Any]:
        kept = self._kept.get(product_type)
        if kept is None or self.clock_s() - kept[0] > KEPT_S:
            kept = self.clock_s(), build_validator(self._fetch(product_type))
            self._kept[product_type] = kept
        found: Iterator[Any] = kept[1].iter_errors(dict(attributes))
        return found

    def _fetch(self, product_type: str) -> Mapping[str, Any]:
        query = {
            **self.connection.here,
            "sellerId": self.connection.seller_id,
            "requirements": REQUIREMENTS,
            "requirementsEnforced": "ENFORCED",
            "locale": "DEFAULT",
        }
        path = f"{DEFINITIONS}/{quoted(product_type)}"
        answer = self.connection.client.get("getDefinitionsProductType", path, params=query)
        schema = read_part(accepted(answer, f"product type {product_type}"), "schema")
        url, checksum = read_text(read_part(schema, "link"), "resource"), read_text(schema, "checksum")
        return read_schema(self._download(url), checksum)

    def _download(self, url: str) -> bytes:
        """Fetch the schema from Amazon's file store, without our token."""
        address = httpx.URL(url)
        if address.scheme != "https" or not address.host.endswith(self.hosts):
            raise UnreadableAnswerError(f"the schema lies at {address.host:.80}, which is not Amazon's file store")
        try:
            with (
                httpx.Client(timeout=self.timeout_s, transport=self.transport, trust_env=False) as web,
                web.stream("GET", address) as answer,
            ):
                if answer.status_code != 200:
                    raise NoAnswerError(f"the schema was answered {answer.status_code}", status=answer.status_code)
                return _bounded(answer.iter_bytes())
        except httpx.HTTPError as error:
            raise NoAnswerError(f"the schema got no answer: {type(error).__name__}") from None


def read_schema(content: bytes, checksum: str) -> Mapping[str, Any]:
    """Return a schema whose MD5 is the promised one (in Amazon's base 64).

    Raises:
        UnreadableAnswerError: it is another one, or no JSON object.
    """
    found = hashlib.md5(content, usedforsecurity=False).digest()
    if checksum not in (base64.b64encode(found).decode(), found.hex()):
        raise UnreadableAnswerError("the schema is not the one that was promised: its checksum differs")
    try:
        schema = json.loads(content)
    except ValueError as error:
        raise UnreadableAnswerError("the schema is no JSON") from error
    if not isinstance(schema, dict):
        raise UnreadableAnswerError("the schema is no JSON object")
    return schema


def build_validator(schema: Mapping[str, Any]) -> Any:
    """Return a validator that also knows Amazon's words for bytes and for entries that differ.

    Raises:
        OutletRefusedError: the library that reads schemas is not installed.
        UnreadableAnswerError: the schema is none.
    """
    try:
        import jsonschema_rs
    except ImportError:
        raise OutletRefusedError(
            "schema_unchecked", "listing on Amazon needs the package jsonschema-rs: install arb-pipelines[amazon]"
        ) from None
    words: dict[str, type[Any]] = {
        "maxUtf8ByteLength": _MostBytes,
        "minUtf8ByteLength": _LeastBytes,
        "maxUniqueItems": _MostUnique,
    }
    # Its own $schema is an address of Amazon's; it is draft 2019-09 with those words.
    plain = {name: value for name, value in schema.items() if name != "$id"} | {"$schema": DIALECT}
    try:
        return jsonschema_rs.validator_for(plain, keywords=words, retriever=_refuse_to_fetch)
    except ValueError as error:
        raise UnreadableAnswerError(f"the schema is none: {str(error)[:200]}") from None


class _Word:
    """One of Amazon's words, with its limit."""

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:
        self.limit = value
        self.selectors = parent_schema.get("selectors")


class _MostBytes(_Word):
    def validate(self, instance: Any) -> None:
        """Refuse a text with more bytes in UTF-8."""
        if isinstance(instance, str) and len(instance.encode()) > self.limit:
            raise ValueError(f"{instance[:40]!r} is longer than {self.limit} bytes")


class _LeastBytes(_Word):
    def validate(self, instance: Any) -> None:
        """Refuse a text with fewer bytes in UTF-8."""
        if isinstance(instance, str) and len(instance.encode()) < self.limit:
            raise ValueError(f"{instance[:40]!r} is shorter than {self.limit} bytes")


class _MostUnique(_Word):
    def validate(self, instance: Any) -> None:
        """Refuse more entries that are the same in the fields which Amazon calls selectors."""
        if not isinstance(instance, list) or not isinstance(self.selectors, list):
            return
        counts: dict[str, int] = {}
        for entry in instance:
            group = json.dumps([entry.get(name) for name in self.selectors] if isinstance(entry, dict) else None)
            counts[group] = counts.get(group, 0) + 1
        if max(counts.values(), default=0) > self.limit:
            raise ValueError(f"more than {self.limit} entries for the same {', '.join(map(str, self.selectors))}")


def _refuse_to_fetch(address: str) -> NoReturn:
    raise ValueError(f"the schema refers to {address[:80]}, which is not fetched")


def _bounded(parts: Iterator[bytes]) -> bytes:
    content = bytearray()
    for part in parts:
        content += part
        if len(content) > LONGEST_SCHEMA_BYTES:
            raise UnreadableAnswerError(f"the schema has over {LONGEST_SCHEMA_BYTES} bytes")
    return bytes(content)

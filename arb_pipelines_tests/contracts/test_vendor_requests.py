"""The vendor's own example requests are let through: the transport is strict, not wrong.

Amazon publishes requests with their answers. Those that it answers well and that hold everything the operation
requires are sent through the transport as they would stand on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from arb_pipelines_tests.contracts.operations_used import tell
from arb_pipelines_tests.contracts.vendor_examples import Pair, sandbox_pairs
from arb_pipelines_tests.contracts.vendor_operations import Operation, operations
from arb_pipelines_tests.contracts.vendor_requests import ContractError
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport

AMAZON = "amazon-sp-api"
HEADERS = {"x-amz-access-token": "t", "user-agent": "a/1"}


def as_request(operation: Operation, values: Mapping[str, Any]) -> httpx.Request | None:
    """Return a published request as it would stand on the wire, None where it leaves out what is required."""
    path, query = operation.path, []
    for parameter in operation.parameters:
        value = values.get(parameter.name)
        if value is None:
            if parameter.required:
                return None
        elif parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
        elif parameter.place == "query":
            query += _written(parameter.name, value, parameter.separator)
    body = values.get("body") or None
    if (body is None) is operation.body_required:
        return None
    return httpx.Request(
        operation.method.upper(), f"https://vendor.test{path}?{urlencode(query)}", headers=HEADERS, json=body
    )


def _written(name: str, value: Any, separator: str | None) -> list[tuple[str, str]]:
    each = [_text(one) for one in value] if isinstance(value, list) else [_text(value)]
    return [(name, separator.join(each))] if separator else [(name, one) for one in each]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def refusal_of(transport: ContractTransport, pair: Pair) -> str | None:
    """Return why a published request is refused; an empty text where it is let through, None where it is not whole."""
    request = as_request(pair.operation, pair.parameters)
    if request is None:
        return None
    try:
        transport.handle_request(request)
    except ContractError as error:
        return str(error)
    return ""


def test_the_vendors_own_requests_are_let_through() -> None:
    transport = ContractTransport(AMAZON, counted=False)
    pairs = [pair for each in operations(AMAZON) for pair in sandbox_pairs(each) if pair.status < 300]
    verdicts = [verdict for pair in pairs if (verdict := refusal_of(transport, pair)) is not None]
    refused = [verdict for verdict in verdicts if verdict]
    tell("amazon's own requests", f"{len(verdicts) - len(refused)} of {len(verdicts)} whole ones let through")
    assert len(verdicts) >= 60
    # The vendor wrote two of its times without the seconds that its own format wants.
    assert all('is not a "date-time"' in verdict for verdict in refused), "\n".join(refused)
    assert len(refused) <= 0.05 * len(verdicts)

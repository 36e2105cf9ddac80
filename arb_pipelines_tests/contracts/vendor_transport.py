"""A vendor made of its published interface description: an httpx transport for tests of vendor clients.

How to use it::

    vendor = ContractTransport("ebay")                   # or amazon-sp-api, twilio, sendgrid, vault
    client = ApiClient("https://api.ebay.com", transport=vendor, ...)

Every request is held against the description: an operation must answer at its method and path, every name in the
query must be known, what is required must be there, and the body may hold no field that the schema does not name;
formats, enums and ranges are checked. What is wrong raises `ContractError` (an AssertionError) out of the client, and
stands in `vendor.refused` for code that swallows it. Hosts that are public must be those of the description.

What it answers, the first that applies::

    vendor.fail_next(Status(429, retry_after_s=2))       # vendor_faults: Status, Page, Truncated, Slow, Dripping, ...
    vendor.fail_next(NoAnswer(), operation="publishOffer")
    vendor.reply("getOffers", {"offers": []})            # always from now on; held against the answer's schema
    vendor.reply("getOrder", answer)                     # answer(Exchange) -> body or (status, body)
    vendor.reply_next("getOffers", {...}, status=404)    # once; several are a queue

and else the vendor's own example: of Amazon's sandbox pairs the one that fits the request, an example of the
description, or one made from the schema. Replies are closed like requests (a test must not invent fields); pass
`loose=True` for a field that the vendor sends and does not describe.

`vendor.exchanges` are the good requests in order (`operation`, `values`, `body`, `request`, `status`),
`vendor.operations` counts them by name. OAuth token addresses, which no description holds, are answered here
(`oauthToken`). Time passes through `advance(seconds)` alone. Known errors of the descriptions are in
`vendor_files.OVERLAYS`, one line each. At the end of the run "contract operations used: N" is printed.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from arb_pipelines_tests.contracts.operations_used import note
from arb_pipelines_tests.contracts.vendor_examples import example_for, good_status
from arb_pipelines_tests.contracts.vendor_faults import Fault
from arb_pipelines_tests.contracts.vendor_files import contracts_folder
from arb_pipelines_tests.contracts.vendor_operations import Found, Operation, find, named
from arb_pipelines_tests.contracts.vendor_requests import ContractError, check_request, query_of, query_values
from arb_pipelines_tests.contracts.vendor_schemas import faults
from arb_pipelines_tests.contracts.vendor_tokens import is_token_path, token_operation

LOOPBACK = ("127.0.0.1", "localhost", "testserver")
OTHER_REGIONS = {"sellingpartnerapi-eu.amazon.com", "sellingpartnerapi-fe.amazon.com", "api.eu.sendgrid.com"}


@dataclass(frozen=True)
class Exchange:
    """A request that kept to its description; `values` are its path and query in their types."""

    operation: str
    request: httpx.Request
    values: Mapping[str, Any]
    body: Any
    status: int | None = None  # what was answered; None where nothing was


@dataclass(frozen=True)
class _Reply:
    body: Any
    status: int | None
    headers: Mapping[str, str]
    loose: bool


@dataclass
class _Plan:
    """What is to be answered next: faults first, then single replies, then the lasting one."""

    failing: deque[Fault] = field(default_factory=deque)
    once: deque[_Reply] = field(default_factory=deque)
    always: _Reply | None = None


class ContractTransport(httpx.BaseTransport):
    """One vendor."""

    def __init__(
        self, vendor: str, *, advance: Callable[[float], None] = lambda seconds: None, counted: bool = True
    ) -> None:
        """Read the descriptions on the first request; where there are none the test is skipped, in CI it fails.

        Not `counted` is a transport whose requests are no client's of ours.
        """
        contracts_folder(vendor)
        self.vendor = vendor
        self.exchanges: list[Exchange] = []
        self.refused: list[ContractError] = []
        self._advance = advance
        self._counted = counted
        self._plans: dict[str | None, _Plan] = {}

    @property
    def operations(self) -> Counter[str]:
        """Return how often each operation was used."""
        return Counter(exchange.operation for exchange in self.exchanges)

    def bodies(self, operation: str) -> list[Any]:
        """Return the bodies of the requests of an operation, in order."""
        return [exchange.body for exchange in self.exchanges if exchange.operation == operation]

    def fail_next(self, fault: Fault, *, operation: str | None = None, times: int = 1) -> None:
        """Answer the next request (of one operation) badly."""
        self._plan(operation).failing.extend([fault] * times)

    def clear_faults(self) -> None:
        """Forget the faults that were not met."""
        for plan in self._plans.values():
            plan.failing.clear()

    def reply(
        self,
        operation: str,
        body: Any,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        loose: bool = False,
    ) -> None:
        """Answer an operation so from now on; `body` may be a function of the exchange."""
        self._plan(operation).always = _Reply(body, status, headers or {}, loose)

    def reply_next(
        self,
        operation: str,
        body: Any,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        loose: bool = False,
    ) -> None:
        """Answer an operation so once; several calls make a queue."""
        self._plan(operation).once.append(_Reply(body, status, headers or {}, loose))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hold a request against its description and answer it."""
        request.read()
        try:
            found, exchange = self._understand(request)
        except ContractError as error:
            self.refused.append(error)
            raise
        operation = found.operation
        if self._counted and operation.file:  # not the token address, which no description holds
            note(self.vendor, operation.name)
        fault = self._fault(operation)
        try:
            good = self._answer(operation, exchange) if fault is None or fault.done else httpx.Response(200)
            good.request = request
            response = good if fault is None else fault.answer(request, good, self._advance)
        except httpx.HTTPError:
            self.exchanges.append(exchange)
            raise
        self.exchanges.append(_with_status(exchange, response.status_code))
        return response

    def _plan(self, operation: str | None) -> _Plan:
        if operation is not None and operation != "oauthToken":
            _known(self.vendor, operation)
        return self._plans.setdefault(operation, _Plan())

    def _understand(self, request: httpx.Request) -> tuple[Found, Exchange]:
        raw_path = request.url.raw_path.decode("ascii").split("?")[0]
        is_token = is_token_path(raw_path) and request.method == "POST"
        if is_token:
            found = Found(token_operation(self.vendor, raw_path), {})
        else:
            match = find(self.vendor, request.method, raw_path)
            if match is None:
                raise ContractError(f"{self.vendor} has no operation for {request.method} {raw_path}")
            found = match
            self._check_host(found.operation, request.url.host)
        body = check_request(f"{self.vendor} token" if is_token else self.vendor, found, request)
        values = {**found.values, **query_values(found.operation, query_of(request))}
        return found, Exchange(found.operation.name, request, values, body)

    def _check_host(self, operation: Operation, host: str) -> None:
        plain = host.replace("sandbox.", "")
        if host in LOOPBACK or host.endswith((".test", ".example")) or not operation.hosts:
            return
        if plain not in operation.hosts | OTHER_REGIONS:
            raise ContractError(f"{operation.name} is served by {', '.join(sorted(operation.hosts))}, not by {host}")

    def _fault(self, operation: Operation) -> Fault | None:
        for key in (operation.name, None):
            plan = self._plans.get(key)
            if plan and plan.failing:
                return plan.failing.popleft()
        return None

    def _answer(self, operation: Operation, exchange: Exchange) -> httpx.Response:
        plan = self._plans.get(operation.name)
        reply = plan.once.popleft() if plan and plan.once else plan.always if plan else None
        if reply is None:
            status, body = example_for(operation, {**exchange.values, "body": exchange.body})
            return _response(status, body, {})
        body, status = reply.body, reply.status
        if callable(body):
            body = body(exchange)
            if isinstance(body, tuple):
                status, body = body
        status = status or good_status(operation)
        if not reply.loose:
            _check_reply(operation, status, body)
        return _response(status, body, reply.headers)


def _known(vendor: str, operation: str) -> None:
    try:
        named(vendor, operation)
    except LookupError as error:
        if "0 operations" in str(error):
            raise


def _check_reply(operation: Operation, status: int, body: Any) -> None:
    """Refuse a reply of a test that the vendor could not give."""
    if operation.response(status) is None:
        return  # few descriptions hold every error status
    schema = operation.response_schema(status)
    if schema is None or body is None:
        return
    wrong = faults(operation.document, schema, body)
    if wrong:
        raise ContractError(f"the test's answer to {operation.name} is none of the vendor's: " + "; ".join(wrong))


def _response(status: int, body: Any, headers: Mapping[str, str]) -> httpx.Response:
    if body is None:
        return httpx.Response(status, headers=dict(headers))
    return httpx.Response(
        status, headers={"Content-Type": "application/json", **headers}, content=json.dumps(body, default=str)
    )


def _with_status(exchange: Exchange, status: int) -> Exchange:
    return Exchange(exchange.operation, exchange.request, exchange.values, exchange.body, status)

"""Faults on demand: what a test plants to see how a client survives it.

What belongs here: the list of planted faults and how a request meets one. The kinds differ in the one thing that
matters to a buyer: whether the act was done although the answer never came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web

HANG_S = 120.0
ACTING_METHODS = frozenset({"POST", "PUT", "DELETE"})


class FaultKind(StrEnum):
    """How the next request fails."""

    REFUSE = "refuse"  # a structured refusal; nothing is done
    DROP = "drop"  # the connection closes; nothing is done
    ERROR = "500"  # status 500; nothing is done
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"  # done, and never answered
    DROP_AFTER_COMMIT = "drop_after_commit"  # done, and the connection closes
    ERROR_AFTER_COMMIT = "500_after_commit"  # done, and answered with status 500
    SLOW = "slow"  # done and answered after `delay_s`


@dataclass(slots=True)
class Fault:
    """A planted fault: it meets the next `times` requests of `target` (`channel` or a shop's key).

    Without `path` it meets requests that act (POST, PUT, DELETE), else any whose path starts so.
    """

    target: str
    kind: FaultKind
    times: int
    path: str = ""
    delay_s: float = 5.0

    def meets(self, target: str, method: str, path: str) -> bool:
        """Return whether this request is the one."""
        if self.times < 1 or target != self.target:
            return False
        return path.startswith(self.path) if self.path else method in ACTING_METHODS


class FaultPlan:
    """The faults that are still to come, in the order in which they were planted."""

    def __init__(self) -> None:
        """Start without faults."""
        self._faults: list[Fault] = []

    def plant(self, fields: Any) -> Fault:
        """Add a fault from a JSON object.

        Raises:
            ValueError: an unknown field or kind, or a bad number.
        """
        try:
            fault = Fault(**{**fields, "kind": FaultKind(fields["kind"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"a fault has target, kind, times and perhaps path and delay_s: {error}") from error
        if type(fault.times) is not int or fault.times < 1:
            raise ValueError("times must be a whole number above 0")
        self._faults.append(fault)
        return fault

    def remaining(self) -> list[dict[str, Any]]:
        """Return the faults still to come."""
        return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def take(self, target: str, method: str, path: str) -> Fault | None:
        """Return the fault that this request meets, and use it up."""
        fault = next((f for f in self._faults if f.meets(target, method, path)), None)
        if fault is not None:
            fault.times -= 1
            self._faults = [f for f in self._faults if f.times > 0]
        return fault


async def answer_faulty(
    fault: Fault,
    request: web.BaseRequest,
    respond: Callable[[], Awaitable[web.StreamResponse]],
    refusal: web.Response,
) -> web.StreamResponse:
    """Answer a request that met `fault`; `respond` does the act, `refusal` is the target's way to say no."""
    if fault.kind is FaultKind.REFUSE:
        return refusal
    if fault.kind is FaultKind.DROP:
        return drop_connection(request)
    if fault.kind is FaultKind.ERROR:
        return web.Response(status=500, text="planted fault")
    if fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.delay_s)
        return await respond()
    await respond()
    if fault.kind is FaultKind.ERROR_AFTER_COMMIT:
        return web.Response(status=500, text="planted fault")
    if fault.kind is FaultKind.TIMEOUT_AFTER_COMMIT:
        await asyncio.sleep(HANG_S)
    return drop_connection(request)


def drop_connection(request: web.BaseRequest) -> web.Response:
    """Close the connection without an answer; the returned response goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

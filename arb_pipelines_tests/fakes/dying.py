"""Killing a worker at any call that leaves its process.

What belongs here: a proxy that counts the calls of all ports of one worker and, at a chosen one, raises what no
`except Exception` catches: before the call (nothing happened) or after it (done, and the worker never knew).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class WorkerKilled(BaseException):
    """The process is gone."""


@dataclass
class Death:
    """Comes at the `at`-th call (from 1; 0 never), before or after it is done."""

    at: int
    after: bool = False
    calls: int = 0

    def meet(self, call: Callable[[], Any]) -> Any:
        """Do a call, unless death comes first."""
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise WorkerKilled
        result = call()
        if self.calls == self.at:
            raise WorkerKilled
        return result


class Mortal:
    """Passes every method call through a `Death`, and every attribute on."""

    def __init__(self, target: Any, death: Death) -> None:
        self._target = target
        self._death = death

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value
        return lambda *args, **kwargs: self._death.meet(lambda: value(*args, **kwargs))


class MortalBooks:
    """Books whose every repository call may be the last."""

    def __init__(self, books: Any, death: Death) -> None:
        self._books = books
        self._death = death

    def __getattr__(self, name: str) -> Any:
        return Mortal(getattr(self._books, name), self._death)


class MortalBuyers:
    """Buyers whose every call may be the last."""

    def __init__(self, buyers: Any, death: Death) -> None:
        self._buyers = buyers
        self._death = death

    def buyer_for(self, site: str) -> Any:
        buyer = self._buyers.buyer_for(site)
        return None if buyer is None else Mortal(buyer, self._death)

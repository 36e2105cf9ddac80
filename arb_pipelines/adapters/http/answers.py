"""What came of a request to a vendor: a plain answer, an answer nobody can read, or none at all.

What belongs here: the words of every vendor client, and turning the bytes of a body into JSON. Sending is
`client.py`; what the fields mean is each vendor's `parse.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn


class NoAnswerError(ConnectionError):
    """No usable answer: not reached, timed out, busy or broken. An act may or may not have been done.

    `status` is the vendor's status where there was one, `retry_after_s` the pause that it asked for.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        """Keep the status and the pause beside the sentence."""
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class NotSentError(NoAnswerError):
    """The request never left, because our own rate limit is used up or no connection came about; nothing was done."""


class UnreadableAnswerError(ValueError):
    """An answer whose body is not what the contract says."""


class RefusedError(ValueError):
    """The vendor said no with a status of 3xx or 4xx and did nothing."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status beside the sentence."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 500, the JSON of the body (None where there is none) and the headers in small letters.

    Numbers with a decimal point are `Decimal`, never float. A good status with a body that is no JSON never becomes
    an `Answer`; an error page does, with None as its body.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_good(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def checked(self, what: str) -> Answer:
        """Return this answer if its status is 2xx; `what` names the request in the error.

        Raises:
            RefusedError: the vendor said no.
        """
        if not self.is_good:
            raise RefusedError(self.status, f"{what} was answered {self.status}")
        return self

    def record(self, what: str) -> dict[str, Any]:
        """Return the JSON object of a good answer.

        Raises:
            RefusedError: the vendor said no.
            UnreadableAnswerError: the body is no JSON object.
        """
        body = self.checked(what).body
        if not isinstance(body, dict):
            raise UnreadableAnswerError(f"{what} was answered without a JSON object")
        return body


def read_json(content: bytes, what: str) -> Any:
    """Return the JSON of a body; an empty body is None.

    Raises:
        UnreadableAnswerError: the body is cut off, a page, nested too deep or holds what JSON does not know (NaN).
    """
    if not content.strip():
        return None
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        # Not chained: a decoder's error carries the whole body, and a body may hold a token.
        raise UnreadableAnswerError(
            f"{what} was answered with a body that is no JSON: {type(error).__name__}"
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

"""The selling channel's error answers.

What belongs here: the exception that every call of the channel raises to refuse, and its wire form: a list of
errors with number, domain, category and message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INVENTORY = "API_INVENTORY"
FULFILLMENT = "API_FULFILLMENT"
INSIGHTS = "API_MARKETPLACE_INSIGHTS"
BROWSE = "API_BROWSE"
MESSAGE = "API_MESSAGE"


class ChannelError(Exception):
    """A refusal by the channel, with its HTTP status and its error record."""

    def __init__(
        self,
        status: int,
        error_id: int,
        domain: str,
        message: str,
        *,
        category: str = "REQUEST",
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the refusal; `parameters` name the values that caused it."""
        super().__init__(f"{status} {error_id}: {message}")
        self.status = status
        self.record: dict[str, Any] = {
            "errorId": error_id,
            "domain": domain,
            "category": category,
            "message": message,
            "longMessage": message,
        }
        if parameters:
            self.record["parameters"] = [{"name": name, "value": value} for name, value in parameters.items()]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"errors": [self.record]}


def invalid_value(field: str, domain: str = INVENTORY) -> ChannelError:
    """Return the refusal of a field whose value is missing or not allowed."""
    return ChannelError(400, 25709, domain, f"Invalid value for {field}.", parameters={"fieldName": field})


def not_available(what: str) -> ChannelError:
    """Return the refusal of an offer that does not exist or is not in the state that the call needs."""
    return ChannelError(404, 25713, INVENTORY, f"This Offer is not available : {what}.")

"""What every secret store is: a name, and groups of values fetched by name.

What belongs here: the port and its error. A group is what one account needs together, such as `ebay_credentials`
with `app_id`, `cert_id`, `dev_id` and `token`, so that a rotation never leaves half of it old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class SecretError(RuntimeError):
    """A group of secrets cannot be had; the message names group and store, never a value."""

    def __init__(self, group: str, store: str, reason: str, *, is_final: bool = False) -> None:
        """Keep what failed where; `is_final` says that the store answered, and asking again will not help."""
        super().__init__(f"the secret {group!r} cannot be read from {store}: {reason}")
        self.group = group
        self.store = store
        self.is_final = is_final


class SecretStore(Protocol):
    """Where secrets are kept."""

    @property
    def name(self) -> str:
        """What messages call this store."""
        ...

    def fetch(self, group: str) -> Mapping[str, str]:
        """Return the values of a group by key.

        Raises:
            SecretError: the store has no such group, refuses it, or does not answer.
        """
        ...


def text_values(group: str, store: str, values: object) -> dict[str, str]:
    """Return the values of a group as text.

    Raises:
        SecretError: it is not an object of plain values.
    """
    if not isinstance(values, Mapping) or not values:
        raise SecretError(group, store, "it is not a JSON object of keys and values", is_final=True)
    if any(isinstance(value, (dict, list)) or value is None for value in values.values()):
        raise SecretError(group, store, "one of its values is empty or nested; keep plain texts", is_final=True)
    return {str(key): str(value) for key, value in values.items()}

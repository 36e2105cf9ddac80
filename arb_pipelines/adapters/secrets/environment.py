"""Secrets in the environment or a `.env` file: `ARB_EBAY_CREDENTIALS={"app_id": "...", ...}`, a JSON object a group.

What belongs here: reading a group out of variables that the caller hands over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from arb_pipelines.adapters.secrets.port import SecretError, text_values


class EnvironmentSecrets:
    """Fulfils `SecretStore` over variables; names are compared without case."""

    name = "the environment"

    def __init__(self, variables: Mapping[str, str | None], prefix: str = "ARB_") -> None:
        """Read variables that begin with `prefix`."""
        self._variables = {key.upper(): value for key, value in variables.items()}
        self._prefix = prefix.upper()

    def fetch(self, group: str) -> Mapping[str, str]:
        """Return the group of one variable.

        Raises:
            SecretError: the variable is not set or no JSON object.
        """
        variable = f"{self._prefix}{group.upper().replace('-', '_').replace('/', '_')}"
        text = self._variables.get(variable)
        if not text:
            raise SecretError(group, self.name, f"the variable {variable} is not set", is_final=True)
        try:
            values = json.loads(text)
        except ValueError:
            # The JSON error would quote the text, and its context with it: the cause is cut off.
            raise SecretError(group, self.name, f"{variable} is not JSON", is_final=True) from None
        return text_values(group, self.name, values)

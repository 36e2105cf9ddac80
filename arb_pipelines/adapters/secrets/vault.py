"""Secrets in HashiCorp Vault (or OpenBao): version 2 of its key-value engine, entered with an AppRole.

What belongs here: logging in, logging in again when the token has ended, and what refusals mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from arb_pipelines.adapters.secrets.port import SecretError, text_values

TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class VaultAccess:
    """How to enter: address, AppRole and the engine's mount; `namespace` only at servers that have them."""

    url: str
    role_id: str
    secret_id: str = field(repr=False)
    mount: str = "secret"
    prefix: str = ""
    namespace: str | None = None


class VaultSecrets:
    """Fulfils `SecretStore` over KV v2."""

    name = "Vault"

    def __init__(self, access: VaultAccess) -> None:
        """Remember how to enter; nothing is asked before the first fetch."""
        self._access = access
        self._client: Any = None

    def fetch(self, group: str) -> Mapping[str, str]:
        """Return the current version of a group; a token that has ended is replaced once.

        Raises:
            SecretError: it is missing, refused or not plain values, or Vault does not answer.
        """
        import hvac.exceptions as refusals
        from requests import RequestException

        try:
            try:
                values = self._read(group)
            except refusals.Forbidden:
                self._client = None  # the token's time may be over: only a fresh one's refusal is an answer
                values = self._read(group)
        except refusals.InvalidPath:
            raise SecretError(group, self.name, "there is no such secret", is_final=True) from None
        except refusals.Forbidden:
            raise SecretError(group, self.name, "this role may not read it", is_final=True) from None
        except refusals.InvalidRequest:
            raise SecretError(group, self.name, "role id or secret id are not accepted", is_final=True) from None
        except (refusals.VaultError, RequestException) as error:
            raise SecretError(group, self.name, f"no usable answer ({type(error).__name__})") from None
        return text_values(group, self.name, values)

    def _read(self, group: str) -> object:
        if self._client is None:
            self._client = self._enter()
        answer = self._client.secrets.kv.v2.read_secret_version(
            path=f"{self._access.prefix}{group}", mount_point=self._access.mount, raise_on_deleted_version=True
        )
        return answer["data"]["data"]

    def _enter(self) -> Any:
        import hvac

        client = hvac.Client(url=self._access.url, namespace=self._access.namespace, timeout=TIMEOUT_S)
        client.auth.approle.login(role_id=self._access.role_id, secret_id=self._access.secret_id)
        return client

"""Which store a process reads its secrets from, opened once and shared.

What belongs here: the choice between the stores, from plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from arb_pipelines.adapters.secrets.cache import CachedSecrets
from arb_pipelines.adapters.secrets.port import SecretStore
from arb_pipelines.adapters.secrets.vault import VaultAccess, VaultSecrets


@dataclass(frozen=True, slots=True)
class AwsPlan:
    """Secrets Manager of one region; `prefix` stands before every group's name."""

    region: str | None
    prefix: str


@lru_cache(maxsize=8)
def open_cached(plan: AwsPlan | VaultAccess, ttl_s: float) -> SecretStore:
    """Return the one cached store of this process for a plan: settings are read often, the store rarely."""
    if isinstance(plan, VaultAccess):
        return CachedSecrets(VaultSecrets(plan), ttl_s)
    from arb_pipelines.adapters.secrets.aws import open_aws

    return CachedSecrets(open_aws(plan.region, plan.prefix), ttl_s)


def settings_of(group: str, values: Mapping[str, str], known: Mapping[str, object]) -> dict[str, str]:
    """Return a group's values by the names of settings: `token` of `ebay_credentials` is `ebay_token`.

    A key that is a setting's whole name is taken as it is; keys that name no setting are left out, because others may
    keep notes beside ours.
    """
    account = group.rpartition("/")[2].replace("-", "_").lower().removesuffix("_credentials")
    found = {}
    for key, value in values.items():
        plain = key.replace("-", "_").replace(" ", "_").lower()
        name = next((name for name in (f"{account}_{plain}", plain) if name in known), None)
        if name is not None:
            found[name] = value
    return found

"""Which store a process reads its secrets from, opened once and shared.

What belongs here: the choice between the stores, from plain values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from arb_pipelines.adapters.secrets.cache import CachedSecrets
from arb_pipelines.adapters.secrets.port import SecretStore
from arb_pipelines.adapters.secrets.vault import VaultAccess, VaultSecrets

# What eBay's own pages call the three; its developer id is asked for by no call of ours.
VENDOR_WORDS = {"app_id": "client_id", "cert_id": "client_secret", "token": "refresh_token"}


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


def settings_of(group: str, values: Mapping[str, str], known: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """Return a group's values by the names of settings.

    `token` of `desk_credentials` is the setting `desk_token`; where an account is one setting with fields of its own,
    as `ebay` is, it is a field of that. Keys may be the vendor's own words (`app_id`, `cert_id`, `token` of eBay).
    A key that is a setting's whole name is taken as it is; keys that name no setting are left out, because others
    may keep notes beside ours.

    Args:
        group: its name, perhaps with a path before it.
        values: what the store holds.
        known: the names of the settings, each with the names of its fields (none for a plain value).
    """
    account = group.rpartition("/")[2].replace("-", "_").lower().removesuffix("_credentials")
    found: dict[str, Any] = {}
    for key, value in values.items():
        plain = key.replace("-", "_").replace(" ", "_").lower()
        fields = known.get(account, ())
        field = next((name for name in (plain, VENDOR_WORDS.get(plain)) if name in fields), None)
        name = next((name for name in (f"{account}_{plain}", plain) if name in known), None)
        if field is not None:
            found.setdefault(account, {})[field] = value
        elif name is not None:
            found[name] = value
    return found

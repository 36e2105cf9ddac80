"""The three secret stores give the same groups, and their errors name secret and store, never a value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hvac", reason="hvac is not installed: install arb-pipelines[vault]")
pytest.importorskip("moto", reason="moto is not installed: it comes with the developers' packages")

from arb_pipelines.adapters.secrets.aws import open_aws
from arb_pipelines.adapters.secrets.cache import CachedSecrets
from arb_pipelines.adapters.secrets.environment import EnvironmentSecrets
from arb_pipelines.adapters.secrets.opening import settings_of
from arb_pipelines.adapters.secrets.port import SecretError, SecretStore
from arb_pipelines.adapters.secrets.vault import VaultAccess, VaultSecrets
from arb_pipelines_tests.adapters.secrets.vault_server import ROLE_ID, SECRET_ID, SmallVault, run_vault
from arb_pipelines_tests.conftest import skip_or_fail

EBAY = {"app_id": "app-17", "cert_id": "cert-hidden-1", "dev_id": "dev-17", "token": "token-hidden-1"}
NESTED = {"app_id": {"deep": "nested-hidden-1"}}
CONTRACTS = Path(os.environ.get("ARB_CONTRACTS_DIR", Path(__file__).resolve().parents[4] / "shared" / "contracts"))


@pytest.fixture(scope="module")
def vault() -> Iterator[SmallVault]:
    with run_vault() as running:
        running.secrets["arb/ebay_credentials"] = EBAY
        running.secrets["arb/nested"] = NESTED
        yield running


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")
        client.create_secret(Name="arb/ebay_credentials", SecretString=json.dumps(EBAY))
        client.create_secret(Name="arb/nested", SecretString=json.dumps(NESTED))
        yield client


def vault_secrets(vault: SmallVault, secret_id: str = SECRET_ID) -> VaultSecrets:
    return VaultSecrets(VaultAccess(vault.url, ROLE_ID, secret_id, prefix="arb/"))


@pytest.fixture(params=["environment", "aws", "vault"])
def store(request: pytest.FixtureRequest) -> SecretStore:
    if request.param == "environment":
        return EnvironmentSecrets({"arb_ebay_credentials": json.dumps(EBAY), "ARB_NESTED": json.dumps(NESTED)})
    if request.param == "aws":
        request.getfixturevalue("aws")
        return open_aws("eu-central-1", "arb/")
    return vault_secrets(request.getfixturevalue("vault"))


def test_a_group_comes_whole(store: SecretStore) -> None:
    assert dict(store.fetch("ebay_credentials")) == EBAY


@pytest.mark.parametrize("group", ["absent", "nested"])
def test_an_error_names_secret_and_store_and_no_value(store: SecretStore, group: str) -> None:
    with pytest.raises(SecretError) as caught:
        store.fetch(group)
    told = str(caught.value)
    assert group in told
    assert store.name in told
    assert caught.value.is_final
    assert "hidden" not in f"{told} {caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_text_that_is_not_json_is_not_quoted() -> None:
    with pytest.raises(SecretError, match="is not JSON") as caught:
        EnvironmentSecrets({"ARB_EBAY": "hidden-and-no-json"}).fetch("ebay")
    assert "hidden" not in str(caught.value)


def test_vault_is_entered_again_when_its_token_has_ended(vault: SmallVault) -> None:
    secrets = vault_secrets(vault)
    secrets.fetch("ebay_credentials")
    vault.tokens.clear()
    assert secrets.fetch("ebay_credentials")["token"] == "token-hidden-1"


def test_a_wrong_secret_id_is_told_without_it(vault: SmallVault) -> None:
    with pytest.raises(SecretError, match="role id or secret id are not accepted") as caught:
        vault_secrets(vault, "wrong-hidden").fetch("ebay_credentials")
    assert "hidden" not in str(caught.value)


def test_every_call_to_vault_is_in_its_published_contract(vault: SmallVault) -> None:
    """Nested secret paths are one segment in the contract, so the last part alone is compared."""
    contract = CONTRACTS / "vault" / "openapi.json"
    if not contract.exists():
        skip_or_fail(f"{contract} is missing: set ARB_CONTRACTS_DIR")
    paths = json.loads(contract.read_text())["paths"]
    vault_secrets(vault).fetch("ebay_credentials")

    def is_published(method: str, path: str) -> bool:
        plain = path.removeprefix("/v1").replace("/data/arb/", "/data/")
        return any(
            method.lower() in calls and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", form), plain)
            for form, calls in paths.items()
            if "^" not in form
        )

    assert vault.asked
    assert [call for call in vault.asked if not is_published(*call)] == []
    assert not is_published("POST", "/v1/auth/approle/enter")


class Counted:
    """A store whose values and silence a test sets."""

    name = "a store"

    def __init__(self) -> None:
        self.fetched = 0
        self.error: SecretError | None = None

    def fetch(self, group: str) -> dict[str, str]:
        self.fetched += 1
        if self.error:
            raise self.error
        return {"token": f"version {self.fetched}"}


def test_a_rotation_shows_after_the_time_to_live() -> None:
    now, store = [0.0], Counted()
    cached = CachedSecrets(store, ttl_s=300, clock_s=lambda: now[0])
    assert cached.fetch("g") == cached.fetch("g") == {"token": "version 1"}
    now[0] = 300
    assert cached.fetch("g") == {"token": "version 2"}
    assert store.fetched == 2


def test_silence_leaves_the_last_values_for_a_while_and_a_refusal_ends_them() -> None:
    now, store = [0.0], Counted()
    cached = CachedSecrets(store, ttl_s=300, keep_s=3600, clock_s=lambda: now[0])
    cached.fetch("g")
    store.error = SecretError("g", "a store", "no answer")
    now[0] = 400
    assert cached.fetch("g") == {"token": "version 1"}
    now[0] = 3600
    with pytest.raises(SecretError):
        cached.fetch("g")
    store.error = None
    cached.fetch("g")
    store.error = SecretError("g", "a store", "you may not", is_final=True)
    now[0] = 4000
    with pytest.raises(SecretError, match="you may not"):
        cached.fetch("g")


def test_keys_become_the_settings_of_their_account() -> None:
    known = dict.fromkeys(["mail_token", "mail_app_id", "desk_password"], ())
    values = {"Token": "t", "app-id": "a", "desk_password": "d", "note": "n"}
    assert settings_of("team/mail_credentials", values, known) == {
        "mail_token": "t",
        "mail_app_id": "a",
        "desk_password": "d",
    }


def test_keys_become_the_fields_of_an_account_of_its_own() -> None:
    """In our words or in the vendor's."""
    known = {"ebay": ("client_id", "client_secret", "refresh_token"), "home": ()}
    ours = {"client_id": "app-17", "client_secret": "cert-hidden-1", "refresh_token": "token-hidden-1"}
    assert settings_of("ebay_credentials", EBAY, known) == {"ebay": ours}
    assert settings_of("ebay", ours, known) == {"ebay": ours}

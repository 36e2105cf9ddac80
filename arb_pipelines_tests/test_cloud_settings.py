"""Settings take secrets from the store that they name, and what a process logs holds none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arb_pipelines.adapters.secrets.opening import open_cached
from arb_pipelines.adapters.secrets.port import SecretError
from arb_pipelines.settings import Settings
from arb_pipelines_tests.adapters.secrets.vault_server import ROLE_ID, SECRET_ID, SmallVault, run_vault


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SmallVault]:
    monkeypatch.chdir(tmp_path)
    with run_vault() as running:
        for name, value in {
            "SECRET_STORE": "vault",
            "SECRET_GROUPS": "sandbox_credentials",
            "SECRET_TTL_S": "1",
            "VAULT_URL": running.url,
            "VAULT_ROLE_ID": ROLE_ID,
            "VAULT_SECRET_ID": SECRET_ID,
        }.items():
            monkeypatch.setenv(f"ARB_{name}", value)
        running.secrets["arb/sandbox_credentials"] = {"buyer_token": "buyer-from-vault", "client_secret": "from-vault"}
        open_cached.cache_clear()
        yield running


def buyer_token() -> str:
    return Settings().sandbox_buyer_token.get_secret_value()


def test_a_group_fills_the_fields_of_its_account(vault: SmallVault) -> None:
    assert buyer_token() == "buyer-from-vault"
    assert Settings().sandbox_client_secret.get_secret_value() == "from-vault"


def test_ebays_four_keys_fill_the_account_beside_what_is_no_secret(
    vault: SmallVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARB_SECRET_GROUPS", "ebay_credentials")
    monkeypatch.setenv("ARB_EBAY", '{"marketplace_id": "EBAY_DE"}')
    keys = {"app_id": "app-17", "cert_id": "cert-hidden-1", "dev_id": "dev-17", "token": "token-hidden-1"}
    vault.secrets["arb/ebay_credentials"] = keys
    settings = Settings()
    assert settings.ebay is not None
    assert settings.ebay.credentials == ("app-17", "cert-hidden-1", "token-hidden-1")
    assert settings.ebay.marketplace_id == "EBAY_DE"
    assert "hidden" not in repr(settings)
    assert {"cert-hidden-1", "token-hidden-1"} <= set(settings.secret_values())


def test_a_variable_overrules_the_store(vault: SmallVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_SANDBOX_BUYER_TOKEN", "by-hand")
    assert buyer_token() == "by-hand"


def test_a_rotated_secret_is_read_without_a_restart(vault: SmallVault) -> None:
    assert buyer_token() == "buyer-from-vault"
    vault.secrets["arb/sandbox_credentials"] = {"buyer_token": "rotated-token"}
    assert buyer_token() == "buyer-from-vault"  # still within its time
    open_cached.cache_clear()  # as the end of that time; the cache's own test moves its clock
    assert buyer_token() == "rotated-token"


def test_a_group_that_names_no_setting_is_an_error(vault: SmallVault) -> None:
    vault.secrets["arb/sandbox_credentials"] = {"colour": "very-hidden-blue"}
    with pytest.raises(SecretError, match=r"'sandbox_credentials'.*Vault.*none of its keys is a setting") as caught:
        Settings()
    assert "hidden" not in str(caught.value)


def test_what_vault_needs_is_asked_for_by_name(vault: SmallVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARB_VAULT_ROLE_ID")
    with pytest.raises(SecretError, match="set ARB_VAULT_ROLE_ID"):
        Settings()


def test_groups_may_stand_in_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        'ARB_SECRET_GROUPS=sandbox_credentials\nARB_SANDBOX_CREDENTIALS=\'{"client_id": "ours"}\'\n'
    )
    assert Settings().sandbox_client_id == "ours"


def test_every_secret_of_the_settings_is_known_for_masking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_PROXY_URLS", "http://me:proxy-password@proxy.example:3128")
    monkeypatch.setenv("ARB_CHECKOUT_LOGINS", '{"shop": {"user": "me@shop.example", "password": "shop-password"}}')
    assert {"http://me:proxy-password@proxy.example:3128", "me@shop.example", "shop-password"} <= set(
        Settings().secret_values()
    )

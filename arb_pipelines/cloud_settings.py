"""The settings of secret stores, the cloud, logs and where runs are executed; and the secret store as a source.

What belongs here: those of `settings.Settings` that change when one machine becomes several, and how values come out
of a secret store. Order: what a caller gives, the environment, `.env`, the secret store, the default.
"""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource

from arb_pipelines.adapters.secrets.environment import EnvironmentSecrets
from arb_pipelines.adapters.secrets.opening import AwsPlan, open_cached, settings_of
from arb_pipelines.adapters.secrets.port import SecretError, SecretStore
from arb_pipelines.adapters.secrets.vault import VaultAccess
from arb_pipelines.domain import redaction


class SecretStoreKind(StrEnum):
    """Where secrets are kept."""

    ENVIRONMENT = "environment"  # ARB_EBAY_CREDENTIALS={"app_id": "...", ...}, also in .env
    AWS = "aws"
    VAULT = "vault"


class LogFormat(StrEnum):
    """How logs are written."""

    TEXT = "text"
    JSON = "json"  # one object a line, with run, site and purchase


class Executor(StrEnum):
    """What runs the steps of a run."""

    IN_PROCESS = "in_process"
    CELERY = "celery"
    K8S = "k8s"


class CloudSettings(BaseSettings):
    """The settings of secret stores, the cloud, logs and keeping."""

    secret_store: SecretStoreKind = Field(
        SecretStoreKind.ENVIRONMENT, description="`environment` (also `.env`), `aws` (Secrets Manager) or `vault`."
    )
    secret_groups: Annotated[list[str], NoDecode] = Field(
        [], description="Groups to read from the store, by commas, e.g. `ebay_credentials,amazon_credentials`."
    )
    secret_prefix: str = Field("arb/", description="Stands before a group's name in AWS and Vault.")
    secret_ttl_s: Annotated[float, Field(ge=1)] = Field(
        300, description="How long fetched secrets are used; a rotation shows after that, without a restart, s."
    )
    vault_url: str | None = Field(None, description="Address of Vault.")
    vault_role_id: str | None = Field(None, description="AppRole that reads the secrets.")
    vault_secret_id: SecretStr | None = Field(None, description="Its secret id.")
    vault_mount: str = Field("secret", description="Mount of the key-value engine (version 2).")
    vault_namespace: str | None = Field(None, description="Namespace, at servers that have them.")
    aws_region: str | None = Field(None, description="Region of AWS; default: the account's own setting.")

    log_format: LogFormat = Field(LogFormat.TEXT, description="`text`, or `json`: one object a line with run and site.")
    artifacts_url: str | None = Field(
        None, description="`s3://bucket/prefix` for checkout evidence, reports and model files; default: the home."
    )
    cloudwatch_namespace: str | None = Field(
        None, description="CloudWatch namespace that the retention job puts the trade's counts into; default: none."
    )
    executor: Executor = Field(
        Executor.IN_PROCESS, description="What runs a run's steps: `in_process`, `celery` or `k8s`."
    )
    celery_broker_url: SecretStr | None = Field(
        None, description="Broker of the Celery workers, e.g. `redis://host:6379/0`."
    )
    celery_backend_url: SecretStr | None = Field(None, description="Where they keep results; default: the broker.")
    worker_group: str | None = Field(
        None, description="Value of the tag `arb-workers` of the EC2 machines that `arb workers` starts and stops."
    )
    worker_hour_cost: Annotated[Decimal, Field(ge=0)] | None = Field(
        None, description="What one of these machines costs an hour, in the currency of the cloud's bill."
    )
    workers_day_cost: Annotated[Decimal, Field(ge=0)] | None = Field(
        None, description="Most that the group may cost in 24 h; `arb workers start` refuses above it."
    )

    @field_validator("secret_groups", mode="before")
    @classmethod
    def _split_groups(cls, value: object) -> object:
        """A list in one variable is a text with commas."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("artifacts_url")
    @classmethod
    def _known_place(cls, value: str | None) -> str | None:
        if value and "://" in value and not value.startswith(("s3://", "file://")):
            raise ValueError("artifacts are kept in s3://bucket/prefix or in a folder")
        return value or None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the secret store behind the environment, so that one variable can always overrule it."""
        store = SecretStoreSource(settings_cls, [dotenv_settings, env_settings])
        return init_settings, env_settings, dotenv_settings, store, file_secret_settings

    def model_post_init(self, _context: Any, /) -> None:
        """From here on nothing that this process logs holds a secret of these settings."""
        redaction.PROCESS.remember(self.secret_values())
        redaction.redact_logs()

    @property
    def models_bucket_url(self) -> str | None:
        """Where price models go when they do not stay in the home: every machine of a cluster can then read them."""
        url = self.artifacts_url
        return f"{url.rstrip('/')}/models" if url and url.startswith("s3://") else None

    def secret_values(self) -> list[str]:
        """Return every secret that is set, for masking; parts of addresses and of logins included."""
        found: list[str] = []
        for name in type(self).model_fields:
            _collect(getattr(self, name), found)
        return found


class SecretStoreSource(PydanticBaseSettingsSource):
    """Reads the groups that earlier sources name, from the store that they name."""

    def __init__(self, settings_cls: type[BaseSettings], variables: list[PydanticBaseSettingsSource]) -> None:
        """Take the variables of the sources, the later ones first."""
        super().__init__(settings_cls)
        self._variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing: values come by groups, see `__call__`."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings that the groups hold.

        Raises:
            SecretError: a named group cannot be read, or holds no setting.
        """
        groups = self._setting("secret_groups") or []
        names = groups.split(",") if isinstance(groups, str) else list(groups)
        store = self._open() if names else None
        known = {name: _fields_of(field.annotation) for name, field in self.settings_cls.model_fields.items()}
        found: dict[str, Any] = {}
        for group in filter(None, (name.strip() for name in names)):
            assert store is not None
            values = settings_of(group, store.fetch(group), known)
            if not values:
                raise SecretError(group, store.name, "none of its keys is a setting", is_final=True)
            found |= values
        return {name: self._decoded(name, value) for name, value in found.items()}

    def _open(self) -> SecretStore:
        kind = str(self._setting("secret_store"))
        if kind == SecretStoreKind.ENVIRONMENT:
            return EnvironmentSecrets(
                {key: value for source in self._variables for key, value in getattr(source, "env_vars", {}).items()}
            )
        ttl_s = float(self._setting("secret_ttl_s"))
        if kind == SecretStoreKind.AWS:
            return open_cached(AwsPlan(self._setting("aws_region"), self._setting("secret_prefix")), ttl_s)
        return open_cached(self._vault(), ttl_s)

    def _vault(self) -> VaultAccess:
        parts = {name: self._setting(f"vault_{name}") for name in ("url", "role_id", "secret_id")}
        missing = [f"ARB_VAULT_{name.upper()}" for name, value in parts.items() if not value]
        if missing:
            raise SecretError("vault", "the settings", f"set {', '.join(missing)}", is_final=True)
        secret_id = parts["secret_id"]
        return VaultAccess(
            url=str(parts["url"]),
            role_id=str(parts["role_id"]),
            secret_id=secret_id.get_secret_value() if isinstance(secret_id, SecretStr) else str(secret_id),
            mount=self._setting("vault_mount"),
            prefix=self._setting("secret_prefix"),
            namespace=self._setting("vault_namespace"),
        )

    def _setting(self, name: str) -> Any:
        """Return what the sources before this one say, else the default."""
        return self.current_state.get(name, self.settings_cls.model_fields[name].default)

    def _decoded(self, name: str, value: Any) -> Any:
        """Return a value as the environment would give it: JSON where the setting is a list or an object."""
        field = self.settings_cls.model_fields[name]
        if isinstance(value, str) and self.field_is_complex(field) and value.lstrip().startswith(("{", "[")):
            try:
                return json.loads(value)
            except ValueError:
                logging.getLogger(__name__).warning("the secret store's value of %s is not JSON", name)
        return value


def _fields_of(annotation: Any) -> frozenset[str]:
    """Return the fields of a setting that is an account of its own (`Account | None`), none of any other."""
    kinds = [annotation, *get_args(annotation)]
    return frozenset(name for kind in kinds for name in getattr(kind, "model_fields", ()))


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, SecretStr):
        found.append(value.get_secret_value())
    elif isinstance(value, dict):
        for each in value.values():
            _collect(each, found)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _collect(each, found)
    elif hasattr(type(value), "model_fields") and not isinstance(value, Path):
        for name in type(value).model_fields:
            _collect(getattr(value, name), found)

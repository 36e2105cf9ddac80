"""The settings of secret stores, the cloud, logs and keeping."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class CloudSettings(BaseSettings):
    """The settings of secret stores, the cloud, logs and keeping."""

"""The settings of the outlets that we sell on and of their accounts."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class OutletSettings(BaseSettings):
    """The settings of the outlets that we sell on and of their accounts."""

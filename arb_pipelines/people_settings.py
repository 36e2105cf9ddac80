"""The settings of what people see and hear: the API, the desk, alerts, messages, support, caches."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class PeopleSettings(BaseSettings):
    """The settings of what people see and hear: the API, the desk, alerts, messages, support, caches."""

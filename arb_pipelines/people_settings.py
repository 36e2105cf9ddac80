"""The settings of what people see and hear: the API, the desk, alerts, messages, support, caches."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class PeopleSettings(BaseSettings):
    """The settings of what people see and hear: the API, the desk, alerts, messages, support, caches."""

    api_host: str = Field(
        "127.0.0.1", description="Address that `arb serve` listens on; loopback unless told otherwise."
    )
    api_port: Annotated[int, Field(ge=0, le=65535)] = Field(8400, description="Its port; 0 takes a free one.")
    api_public_url: str | None = Field(
        None, description="Address that people open, such as `https://desk.example.org`; other host names are refused."
    )
    api_behind_tls: bool = Field(
        False, description="A proxy with TLS stands in front of `arb serve`; without one no public address is taken."
    )
    api_session_hours: Annotated[int, Field(ge=1, le=168)] = Field(12, description="How long a login lasts, h.")
    api_max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        1_048_576, description="Largest body of a request, bytes."
    )
    api_requests_a_minute: Annotated[int, Field(ge=1)] = Field(
        1200, description="Most requests of one user and key, and of one address."
    )
    api_approvals_a_minute: Annotated[int, Field(ge=1)] = Field(
        10, description="Most approvals and denials of one user."
    )
    api_logins_a_minute: Annotated[int, Field(ge=1)] = Field(
        10, description="Most logins tried from one address, and for one name."
    )
    api_feed_poll_s: Annotated[float, Field(ge=0.05)] = Field(
        1.0, description="How often the live feed looks for new opportunities, s."
    )
    api_feed_clients: Annotated[int, Field(ge=1)] = Field(100, description="Most clients of the live feed at a time.")
    api_denied_hours: Annotated[int, Field(ge=1)] = Field(24, description="How long a denied offer stays denied, h.")

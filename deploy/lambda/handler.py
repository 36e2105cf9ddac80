"""The API on AWS Lambda: `handler` takes the events of an HTTP API, a REST API or a function address.

What belongs here: the hand-over to Mangum. The application is built once a container, so that a warm call costs one
query; the live feed (WebSocket) and long scans need a server that stays, see docs/deployment-lambda.md.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from mangum import Mangum

from arb_pipelines.api.app import build_app
from arb_pipelines.settings import Settings


@cache
def warm_application() -> Mangum:
    """Return the application of this container.

    Raises:
        ValueError: the books would be in the container's own file system, which nobody keeps.
    """
    settings = Settings()
    if not settings.books_url.startswith("postgresql"):
        raise ValueError("on Lambda the books must be in PostgreSQL: set ARB_DATABASE_URL, or the secret that holds it")
    return Mangum(build_app(settings), lifespan="off")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one event."""
    answer: dict[str, Any] = warm_application()(event, context)
    return answer

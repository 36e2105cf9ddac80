"""The API answers an event of API Gateway, and refuses to keep books in a container."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("mangum", reason="mangum is not installed: install arb-pipelines[api]")

HANDLER = Path(__file__).resolve().parents[2] / "deploy" / "lambda" / "handler.py"


@pytest.fixture
def lambda_module() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("lambda_handler", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Mangum takes the thread's event loop, makes one where there is none, and closes neither.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield module
    module.warm_application.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


def event(path: str, **headers: str) -> dict[str, Any]:
    """Return an event of an HTTP API, payload version 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "localhost", **headers},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


@pytest.mark.postgres
def test_events_are_answered(lambda_module: ModuleType, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_DATABASE_URL", postgres_url)
    healthy = lambda_module.handler(event("/api/health"), None)
    assert healthy["statusCode"] in (200, 503), "503 tells that MLflow or another store is away"
    assert "content-security-policy" in healthy["headers"]
    assert json.loads(healthy["body"])
    assert lambda_module.handler(event("/api/purchases"), None)["statusCode"] == 401
    wrong = lambda_module.handler(event("/api/purchases", authorization="Bearer arb_wrong"), None)
    assert wrong["statusCode"] == 401
    assert lambda_module.warm_application() is lambda_module.warm_application()


def test_books_in_the_container_are_refused(
    lambda_module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="set ARB_DATABASE_URL"):
        lambda_module.handler(event("/api/health"), None)

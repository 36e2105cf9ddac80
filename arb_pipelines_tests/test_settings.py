"""Settings that hold a list or a secret: read from one variable, and never shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from arb_pipelines.settings import Settings


def test_proxies_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_PROXY_URLS", "http://user:secret@one.example:3128, http://two.example:8080")
    settings = Settings()
    assert settings.proxies == ["http://user:secret@one.example:3128", "http://two.example:8080"]
    assert "secret@" not in repr(settings)


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_proxies_is_an_empty_pool(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ARB_PROXY_URLS", text)
    assert Settings().proxies == []


@pytest.mark.parametrize("url", ["socks5://user:secret@one.example:1", "https://user:secret@one", "user:secret@one"])
def test_a_bad_proxy_is_named_by_its_place_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ARB_PROXY_URLS", f"http://one.example:1,{url}")
    with pytest.raises(ValidationError, match="proxy 2 is not of the form http://host:port") as caught:
        Settings()
    assert "secret" not in str(caught.value)

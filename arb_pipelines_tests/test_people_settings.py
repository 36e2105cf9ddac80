"""The settings of whom we talk to: lists, checks, and what is set up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from arb_pipelines.domain.delivery import NotDelivered
from arb_pipelines.domain.message import Channel
from arb_pipelines.settings import Settings
from arb_pipelines_tests.fakes.messages import outbound


def test_nobody_is_written_to_by_default() -> None:
    settings = Settings()
    assert settings.alert_recipients == {}
    assert settings.channel_plan.channels == set()
    assert [rule.name for rule in settings.alert_book.rules] == ["at once", "today", "daily digest"]


def test_channels_that_are_set_up_reach_their_people(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "ALERT_EMAILS": "a@example.test, b@example.test",
        "ALERT_PHONES": "+15550100123",
        "ALERT_WEBHOOKS": "https://hooks.example.test/1",
        "MAIL_SENDER": "arb@example.test",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_SECURITY": "none",
        "TWILIO_ACCOUNT_SID": "AC0",
        "TWILIO_PASSWORD": "canary",
        "TWILIO_SENDER": "+15550100124",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"ARB_{name}", value)
    settings = Settings()
    assert settings.alert_recipients == {
        Channel.EMAIL: ["a@example.test", "b@example.test"],
        Channel.SMS: ["+15550100123"],
    }
    assert "canary" not in repr(settings)
    monkeypatch.setenv("ARB_WEBHOOK_SECRET", "canary")
    assert Settings().alert_recipients[Channel.WEBHOOK] == ["https://hooks.example.test/1"]


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("ALERT_EMAILS", "nobody", "no mail address"),
        ("ALERT_PHONES", "555-0100", "no telephone number"),
        ("ALERTS_FILE", "missing.toml", "cannot be read"),
        ("SMTP_SECURITY", "none", "on this machine"),
        ("SMTP_PORT", "0", "greater than"),
    ],
)
def test_a_wrong_value_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv("ARB_SMTP_HOST", "mail.example.test")
    monkeypatch.setenv(f"ARB_{name}", value)
    with pytest.raises(ValidationError, match=said):
        Settings()


def test_own_rules_replace_the_shipped_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "alerts.toml").write_text("rules = []\n")
    monkeypatch.setenv("ARB_ALERTS_FILE", str(tmp_path / "alerts.toml"))
    assert Settings().alert_book.rules == ()


def test_ebay_takes_answers_in_a_conversation_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    account = {"client_id": "id", "client_secret": "s", "refresh_token": "r", "environment": "sandbox"}
    monkeypatch.setenv("ARB_OUTLETS", "ebay")
    monkeypatch.setenv("ARB_EBAY", json.dumps(account))
    with Settings().open_messengers() as messengers:
        assert set(messengers) == {"ebay"}
        refused = messengers["ebay"].send(outbound(channel=Channel.MARKETPLACE, details={"outlet": "ebay"}))
    assert isinstance(refused, NotDelivered)
    assert (refused.code, "no_thread" in refused.detail) == ("outlet_refused", True)

"""The outbox's sensor and job: nothing is started for nothing, and what is due leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from dagster import DagsterInstance, RunRequest, SensorResult, SkipReason, build_sensor_context

from arb_pipelines.defs.ops.messages import messages_job
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SystemClock
from arb_pipelines.defs.sensors import outbox_sensor
from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.services.notifications import raise_alert
from arb_pipelines_tests.conftest import free_port


class Mailbox:
    """Counts mails."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library names it
        self.mails.append(envelope.content)
        return "250 taken"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server that the settings name."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), server_hostname="house.test")
    controller.start()
    values = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(controller.port), "SMTP_SECURITY": "none"}
    for name, value in {**values, "MAIL_SENDER": "arb@house.test", "ALERT_EMAILS": "a@house.test"}.items():
        monkeypatch.setenv(f"ARB_{name}", value)
    yield box
    controller.stop()


def look(books: BooksResource) -> RunRequest | SkipReason | SensorResult | None:
    with DagsterInstance.ephemeral() as instance:
        resources = {"books": books, "settings": SettingsResource()}
        with build_sensor_context(instance, resources=resources) as context:
            answer: RunRequest | SkipReason | SensorResult | None = outbox_sensor(context)
            return answer


def test_an_alert_leaves_once(sqlite_url: str, mailbox: Mailbox) -> None:
    books = BooksResource(url=sqlite_url, mode="paper")
    assert isinstance(look(books), SkipReason)
    with books.opened() as opened:
        raise_alert(opened, Alert("outlet_down", "The outlet is down", severity=Severity.CRITICAL), SystemClock())
    assert isinstance(look(books), RunRequest)
    for _ in range(2):
        done = messages_job.execute_in_process(resources={"books": books, "settings": SettingsResource()})
        assert done.success
    assert len(mailbox.mails) == 1
    assert b"The outlet is down" in mailbox.mails[0]
    assert isinstance(look(books), SkipReason)

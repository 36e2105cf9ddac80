"""Mail handed in to a real server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.messaging.mail import FirstThatTakes
from arb_pipelines.adapters.messaging.sendgrid import SendGridMail
from arb_pipelines.adapters.messaging.smtp import SmtpMail
from arb_pipelines.adapters.messaging.smtp_server import SmtpSecurity, SmtpServer
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines_tests.conftest import free_port
from arb_pipelines_tests.fakes.messages import outbound

SENDER = "arb@house.test"


class Mailbox:
    """Takes mail; refuses by the recipient's name."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - the library names it
        if address.startswith(("450", "550")):
            return f"{address[:3]} not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library names it
        if envelope.rcpt_tos[0].startswith("late"):
            return f"{envelope.rcpt_tos[0][4:7]} not like this"
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, SmtpServer]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), server_hostname="house.test")
    controller.start()
    yield box, SmtpServer("127.0.0.1", controller.port, SENDER, SmtpSecurity.NONE, timeout_s=5.0)
    controller.stop()


def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, SmtpServer]) -> None:
    box, server = mailbox
    message = outbound(subject="[warning] Süß", body="First line\n.\nLäst line")
    assert SmtpMail(server).send(message) == Delivered(None, by="smtp")
    assert SmtpMail(server).send(message) == Delivered(None, by="smtp")
    first, second = box.mails[-2:]
    assert first["Message-ID"] == second["Message-ID"] == "<message-1@house.test>"
    assert (first["From"], first["To"]) == (SENDER, message.recipient)
    assert first["Auto-Submitted"] == "auto-generated"
    body = first.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n").strip() == message.body


@pytest.mark.parametrize(
    "recipient, code, heals",
    [
        ("450@house.test", "smtp_busy", True),
        ("550@house.test", "smtp_refused", False),
        ("late451@house.test", "smtp_busy", True),
        ("late554@house.test", "smtp_refused", False),
        ("nobody", "bad_address", False),
        ("a@b@c", "bad_address", False),
        ("a@house.test, b@house.test", "bad_address", False),
        ("", "bad_address", False),
        ("ü@house.test", "bad_address", False),
    ],
)
def test_what_the_server_says_decides(
    mailbox: tuple[Mailbox, SmtpServer], recipient: str, code: str, heals: bool
) -> None:
    answer = SmtpMail(mailbox[1]).send(outbound(recipient=recipient))
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == (code, heals)


def test_no_server_heals() -> None:
    server = SmtpServer("127.0.0.1", free_port(), SENDER, SmtpSecurity.NONE, timeout_s=2.0)
    answer = SmtpMail(server).send(outbound())
    assert isinstance(answer, NotDelivered)
    assert (answer.code, answer.heals) == ("smtp_not_reached", True)


def test_a_server_without_encryption_gets_no_password(mailbox: tuple[Mailbox, SmtpServer]) -> None:
    box, plain = mailbox
    before = len(box.mails)
    server = SmtpServer(plain.host, plain.port, SENDER, SmtpSecurity.STARTTLS, "user", "secret", timeout_s=5.0)
    answer = SmtpMail(server).send(outbound())
    assert isinstance(answer, NotDelivered)
    assert answer.code == "smtp_not_reached"
    assert len(box.mails) == before
    assert "secret" not in repr(server)


def test_a_server_that_goes_away_in_the_text_leaves_it_open() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 house.test\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    lines.readline()
                    return
                connection.sendall(b"250 OK\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    server = SmtpServer("127.0.0.1", listener.getsockname()[1], SENDER, SmtpSecurity.NONE, timeout_s=5.0)
    with pytest.raises(DeliveryUnknownError):
        SmtpMail(server).send(outbound())
    thread.join(5)
    listener.close()


def test_the_mail_server_takes_over_when_the_vendor_is_down(mailbox: tuple[Mailbox, SmtpServer]) -> None:
    box, server = mailbox
    nobody = ApiClient(f"http://127.0.0.1:{free_port()}", timeout_s=2.0)
    both = FirstThatTakes([SendGridMail(nobody, "key", SENDER), SmtpMail(server)])
    assert both.send(outbound(subject="Taken over")) == Delivered(None, by="smtp")
    assert box.mails[-1]["Subject"] == "Taken over"
    nobody.close()

"""E-mail by any mail server (SMTP).

What belongs here: one mail over one connection, and the reading of the server's answer codes (RFC 5321).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from arb_pipelines.adapters.messaging.sendgrid import message_id_header
from arb_pipelines.adapters.messaging.smtp_server import SmtpSecurity, SmtpServer
from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, NotDelivered
from arb_pipelines.domain.message import OutboundMessage

OUR_NAME = "localhost"  # smtplib would ask DNS for it, which can take long


class SmtpMail:
    """Fulfils `domain.delivery.MessageChannel` for e-mail."""

    def __init__(self, server: SmtpServer, context: Callable[[], ssl.SSLContext] = ssl.create_default_context) -> None:
        """Keep where mail is handed in, and how certificates are judged."""
        self._server = server
        self._context = context

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one mail, once.

        Raises:
            DeliveryUnknownError: the connection broke after the text was sent; it may have been taken.
        """
        server = self._server
        try:
            mail = build_mail(message, server.sender)
        except ValueError as error:
            return NotDelivered("bad_address", f"{message.recipient} cannot be written to: {error}", heals=False)
        try:
            with self._connected() as smtp:
                return _hand_in(smtp, mail, server.sender, message.recipient)
        except smtplib.SMTPAuthenticationError as error:
            return NotDelivered("smtp_account", f"the mail server refused our login ({error.smtp_code})", heals=True)
        except (smtplib.SMTPException, OSError) as error:
            # What may have been taken was told apart in `_hand_in`; here no text was sent yet.
            return NotDelivered("smtp_not_reached", f"{server.host}:{server.port}: {type(error).__name__}", heals=True)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        if server.security is SmtpSecurity.TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, OUR_NAME, timeout=server.timeout_s, context=self._context()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, OUR_NAME, timeout=server.timeout_s)
        try:
            if server.security is SmtpSecurity.STARTTLS:
                smtp.starttls(context=self._context())
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            yield smtp
        finally:
            # Not `quit`: what the server says after it took the mail must not undo that it did.
            smtp.close()


def _hand_in(smtp: smtplib.SMTP, mail: EmailMessage, sender: str, recipient: str) -> Delivered | NotDelivered:
    for code, words in _envelope(smtp, sender, recipient):
        if code >= 300:
            return _refused(code, words)
    try:
        code, words = smtp.data(mail.as_bytes(policy=SMTP))
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, _as_bytes(error.smtp_error))
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryUnknownError(f"the mail server went away in the text: {type(error).__name__}") from None
    if not 200 <= code < 300:
        return _refused(code, words)
    return Delivered(None, by="smtp")


def _envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> Iterator[tuple[int, bytes]]:
    smtp.ehlo_or_helo_if_needed()
    yield smtp.mail(sender)
    yield smtp.rcpt(recipient)


def _refused(code: int, words: bytes) -> NotDelivered:
    """4yz: the server may take it later; 5yz: never (RFC 5321, 4.2.1)."""
    detail = f"the mail server answered {code} {words.decode('utf-8', 'replace')[:200]}"
    return NotDelivered("smtp_busy" if code < 500 else "smtp_refused", detail, heals=code < 500)


def _as_bytes(words: bytes | str) -> bytes:
    return words.encode() if isinstance(words, str) else words


def build_mail(message: OutboundMessage, sender: str) -> EmailMessage:
    """Return the mail of a message: plain text, with the Message-ID that every try of it carries.

    Raises:
        ValueError: an address is none.
    """
    mail = EmailMessage()
    mail["From"], mail["To"] = _address(sender), _address(message.recipient)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at.astimezone(UTC))
    mail["Message-ID"] = message_id_header(message, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: an absence note must not answer it
    mail.set_content(message.body or message.subject)
    return mail


def _address(text: str) -> Address:
    if not text.isascii():
        raise ValueError(f"{text!r} has letters that not every mail server takes")
    try:
        return Address(addr_spec=text)
    except Exception as error:  # the parser of the library raises several classes, IndexError among them
        raise ValueError(f"{text!r} is no mail address") from error

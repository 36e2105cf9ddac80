"""The channels that an operator has set up.

What belongs here: building them from plain values. A channel that lacks a value is left out, and its messages wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.messaging.mail import FirstThatTakes
from arb_pipelines.adapters.messaging.marketplace import MarketplaceChannel
from arb_pipelines.adapters.messaging.pinned import PinnedTransport, Refuse
from arb_pipelines.adapters.messaging.sendgrid import BASE_URL as SENDGRID_URL
from arb_pipelines.adapters.messaging.sendgrid import SendGridMail
from arb_pipelines.adapters.messaging.smtp import SmtpMail
from arb_pipelines.adapters.messaging.smtp_server import SmtpServer
from arb_pipelines.adapters.messaging.twilio import BASE_URL as TWILIO_URL
from arb_pipelines.adapters.messaging.twilio import TwilioSms
from arb_pipelines.adapters.messaging.webhook import WebhookChannel
from arb_pipelines.domain.delivery import MessageChannel, Messenger
from arb_pipelines.domain.message import Channel


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Who we are at Twilio; see `TwilioSms`."""

    account_sid: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    sender: str = ""


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """What is set up; None where something is not. `sender` is the address that mails come from."""

    sender: str | None = None
    sendgrid_key: str | None = field(default=None, repr=False)
    smtp: SmtpServer | None = None
    twilio: TwilioAccount | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    sendgrid_url: str = SENDGRID_URL
    twilio_url: str = TWILIO_URL

    @property
    def channels(self) -> set[Channel]:
        """The channels that everything is set up for."""
        mail = self.smtp is not None or bool(self.sendgrid_key and self.sender)
        ready = {Channel.EMAIL: mail, Channel.SMS: self.twilio is not None, Channel.WEBHOOK: bool(self.webhook_secret)}
        return {channel for channel, is_set_up in ready.items() if is_set_up}


@contextmanager
def open_channels(
    plan: ChannelPlan,
    now: Callable[[], datetime],
    refuse_url: Callable[[str], str | None],
    refuse_address: Refuse,
    messengers: Mapping[str, Messenger] | None = None,
) -> Iterator[dict[Channel, MessageChannel]]:
    """Open the channels of a plan for the length of a block.

    Args:
        plan: what is set up.
        now: the time, for signatures.
        refuse_url: why a webhook's URL may not be requested.
        refuse_address: why an address that its name leads to may not be connected to.
        messengers: how messages are sent inside each outlet.
    """
    channels: dict[Channel, MessageChannel] = {}
    with ExitStack() as opened:
        mail = _mail(plan, opened)
        if mail is not None:
            channels[Channel.EMAIL] = mail
        if plan.twilio is not None:
            client = _client(plan.twilio_url, opened)
            account = plan.twilio
            channels[Channel.SMS] = TwilioSms(
                client, account.account_sid, account.user, account.password, account.sender
            )
        if plan.webhook_secret:
            hook = WebhookChannel(PinnedTransport(refuse_address), plan.webhook_secret, now, refuse_url)
            opened.callback(hook.close)
            channels[Channel.WEBHOOK] = hook
        if messengers:
            channels[Channel.MARKETPLACE] = MarketplaceChannel(messengers)
        yield channels


def _mail(plan: ChannelPlan, opened: ExitStack) -> MessageChannel | None:
    vendors: list[MessageChannel] = []
    if plan.sendgrid_key and plan.sender:
        client = _client(plan.sendgrid_url, opened)
        vendors.append(SendGridMail(client, plan.sendgrid_key, plan.sender))
    if plan.smtp is not None:
        vendors.append(SmtpMail(plan.smtp))
    return FirstThatTakes(vendors) if vendors else None


def _client(url: str, opened: ExitStack) -> ApiClient:
    client = ApiClient(url)
    opened.callback(client.close)
    return client

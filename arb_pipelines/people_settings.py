"""The settings of what people see and hear: the API, the desk, alerts, messages, support, caches.

What belongs here: those of `settings.Settings` that say whom we talk to and by what account, and the values built
from them alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from arb_pipelines.adapters.messaging.smtp_server import SmtpSecurity, SmtpServer
from arb_pipelines.domain.alert_rules import AlertBook, load_alert_book
from arb_pipelines.domain.message import Channel, OutboundMessage
from arb_pipelines.domain.message_policy import MessagePolicies, load_message_policies
from arb_pipelines.domain.negotiation import Stance
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.support import SupportRules, load_support_rules
from arb_pipelines.metered_settings import MeteredSettings, plain_secret

if TYPE_CHECKING:
    from arb_pipelines.adapters.messaging.channels import ChannelPlan
    from arb_pipelines.domain.delivery import MessageChannel, Messenger

MAIL_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
TELEPHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# The files of an operator's own, and what reads each.
FILES: Mapping[str, Callable[[Path], object]] = {
    "alerts_file": load_alert_book,
    "messages_file": load_message_policies,
    "support_file": load_support_rules,
}


class PeopleSettings(MeteredSettings):
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
    api_ebay_verification_token: SecretStr | None = Field(
        None, description="The token that eBay's notifications were set up with; without it none is taken."
    )
    api_sendgrid_public_key: str | None = Field(
        None, description="SendGrid's verification key of its event webhook; without it no event is taken."
    )
    api_twilio_auth_token: SecretStr | None = Field(
        None, description="Twilio's auth token, which signs message states; without it none is taken."
    )

    alerts_file: Path | None = Field(
        None, description="TOML file of alert rules in place of the shipped ones; see `docs/messages.md`."
    )
    alert_emails: Annotated[list[str], NoDecode] = Field([], description="Whom alerts reach by mail, with commas.")
    alert_phones: Annotated[list[str], NoDecode] = Field(
        [], description="Whom alerts reach by text message, `+` and country code; people who agreed to it."
    )
    alert_webhooks: Annotated[list[SecretStr], NoDecode] = Field(
        [], description="Where alerts are posted, public `https://` addresses, with commas."
    )
    webhook_secret: SecretStr | None = Field(None, description="Signs what is posted; without it nothing is.")
    mail_sender: str | None = Field(None, description="Address that our mails come from.")
    sendgrid_api_key: SecretStr | None = Field(None, description="Mails go by SendGrid, with this key.")
    smtp_host: str | None = Field(None, description="Mail server; takes over when SendGrid fails, or stands alone.")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="Its port.")
    smtp_security: SmtpSecurity = Field(SmtpSecurity.STARTTLS, description="`starttls`, `tls` or `none` (loopback).")
    smtp_user: str | None = Field(None, description="Our name there.")
    smtp_password: SecretStr | None = Field(None, description="Our password there.")
    twilio_account_sid: str | None = Field(None, description="Text messages go by this Twilio account, `AC...`.")
    twilio_user: str | None = Field(None, description="API key's SID; default: the account's.")
    twilio_password: SecretStr | None = Field(None, description="The API key's secret, or the account's token.")
    twilio_sender: str | None = Field(None, description="Our number, or a messaging service `MG...`.")
    deliver_interval_s: Annotated[int, Field(ge=5)] = Field(
        30, description="How often alerts are routed and waiting messages sent, s."
    )

    messages_file: Path | None = Field(
        None, description="TOML file of what may be written to strangers, and who sends it, in place of the shipped."
    )
    offer_opening: Annotated[Decimal, Field(gt=0, le=1)] = Field(
        Decimal("0.70"), description="The first offer to a seller, as a share of the asking price."
    )
    offer_concession: Annotated[Decimal, Field(gt=0, lt=1)] = Field(
        Decimal("0.50"), description="The share of the rest of the way to our limit that each further offer gives."
    )
    most_offers: Annotated[int, Field(ge=1, le=10)] = Field(3, description="Most offers to one seller.")
    support_file: Path | None = Field(
        None, description="TOML file of what the support assistant answers, in place of the shipped one."
    )

    @field_validator("alert_emails", "alert_phones", "alert_webhooks", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        """A list in one variable is a text with commas."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("alert_emails")
    @classmethod
    def _mail_addresses(cls, addresses: list[str]) -> list[str]:
        """A wrong address would be found out by the first alert that nobody gets."""
        for address in addresses:
            if not MAIL_ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is no mail address such as me@example.org")
        return addresses

    @field_validator("alert_phones")
    @classmethod
    def _telephones(cls, numbers: list[str]) -> list[str]:
        """Only the international form is the same everywhere."""
        for number in numbers:
            if not TELEPHONE.fullmatch(number):
                raise ValueError(f"{number!r} is no telephone number such as +15550100123")
        return numbers

    @field_validator(*FILES)
    @classmethod
    def _usable_file(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """A file that cannot be read is one clear line at the start, not an alert that nobody gets."""
        if path is not None and info.field_name is not None:
            FILES[info.field_name](path)
        return path

    @field_validator("smtp_security")
    @classmethod
    def _open_only_at_home(cls, security: SmtpSecurity, info: ValidationInfo) -> SmtpSecurity:
        """A password and the alerts would travel readable."""
        host = info.data.get("smtp_host")
        if security is SmtpSecurity.NONE and host not in (None, "127.0.0.1", "::1", "localhost"):
            raise ValueError("`none` is for a mail server on this machine; use `starttls` or `tls`")
        return security

    @cached_property
    def alert_book(self) -> AlertBook:
        """The rules of alerts."""
        return load_alert_book(self.alerts_file)

    @cached_property
    def message_policies(self) -> MessagePolicies:
        """What may be written to strangers, by outlet."""
        return load_message_policies(self.messages_file)

    @property
    def stance(self) -> Stance:
        """How to bargain."""
        return Stance(opening=self.offer_opening, concession=self.offer_concession, most_offers=self.most_offers)

    @cached_property
    def support_rules(self) -> SupportRules:
        """What the support assistant answers."""
        return load_support_rules(self.support_file)

    @property
    def alert_recipients(self) -> Mapping[Channel, list[str]]:
        """Whom each channel that is set up reaches."""
        people = {
            Channel.EMAIL: self.alert_emails,
            Channel.SMS: self.alert_phones,
            Channel.WEBHOOK: [url.get_secret_value() for url in self.alert_webhooks],
        }
        return {channel: people[channel] for channel in self.channel_plan.channels}

    @property
    def ready_channels(self) -> set[Channel]:
        """The channels that messages can be sent by."""
        return {*self.channel_plan.channels, Channel.MARKETPLACE}

    @property
    def channel_plan(self) -> ChannelPlan:
        """The channels that are set up."""
        from arb_pipelines.adapters.messaging.channels import ChannelPlan, TwilioAccount

        sid, password, number = self.twilio_account_sid, plain_secret(self.twilio_password), self.twilio_sender
        user = self.twilio_user or sid
        complete = sid and user and password and number
        return ChannelPlan(
            sender=self.mail_sender,
            sendgrid_key=plain_secret(self.sendgrid_api_key),
            smtp=self._smtp_server,
            twilio=TwilioAccount(sid or "", user or "", password or "", number or "") if complete else None,
            webhook_secret=plain_secret(self.webhook_secret),
        )

    @contextmanager
    def open_channels(self, now: Callable[[], datetime]) -> Iterator[dict[Channel, MessageChannel]]:
        """Open the channels that are set up for the length of a block; what lacks a setting is left out."""
        from arb_pipelines.adapters.messaging.channels import open_channels
        from arb_pipelines.scraping.net_guard import refusal_of_address, refusal_of_url

        with (
            self.open_messengers() as messengers,
            open_channels(self.channel_plan, now, refusal_of_url, refusal_of_address, messengers) as channels,
        ):
            yield channels

    @contextmanager
    def open_messengers(self) -> Iterator[dict[str, Messenger]]:
        """Open how messages are sent inside each outlet that we sell on and that has a way for it."""
        from arb_pipelines.adapters.messaging.marketplace import OutletMessenger

        outlets: Any = self  # the other half of `Settings` says where we sell
        messengers: dict[str, Messenger] = {}
        with ExitStack() as opened:
            for name in map(str, outlets.outlets_set_up):
                if name == "sandbox":
                    messengers[name] = OutletMessenger(name, opened.enter_context(_sandbox_messages(outlets)))
                elif name == "ebay":
                    messengers[name] = OutletMessenger(name, opened.enter_context(_ebay_messages(outlets)))
            yield messengers

    @property
    def _smtp_server(self) -> SmtpServer | None:
        if self.smtp_host is None or self.mail_sender is None:
            return None
        return SmtpServer(
            self.smtp_host,
            self.smtp_port,
            self.mail_sender,
            self.smtp_security,
            self.smtp_user,
            plain_secret(self.smtp_password),
        )


@contextmanager
def _sandbox_messages(settings: Any) -> Iterator[Callable[[OutboundMessage], str]]:
    from arb_pipelines.adapters.marketplaces.sandbox.client import connect_channel
    from arb_pipelines.adapters.marketplaces.sandbox.messages import SandboxMessages

    client = connect_channel(
        settings.sandbox_url,
        settings.sandbox_client_id,
        settings.sandbox_client_secret.get_secret_value(),
        settings.sandbox_refresh_token.get_secret_value(),
        timeout_s=10.0,
    )
    try:
        yield SandboxMessages(client).send_message
    finally:
        client.close()


@contextmanager
def _ebay_messages(settings: Any) -> Iterator[Callable[[OutboundMessage], str]]:
    from arb_pipelines.adapters.marketplaces.ebay.messages import EbayMessages

    connection = settings.ebay.connect()
    messages = EbayMessages(connection)

    def send(message: OutboundMessage) -> str:
        thread_id = message.details.get("thread_id", "")
        if not thread_id:
            raise OutletRefusedError("no_thread", "eBay takes answers in a conversation alone; give its id (--thread)")
        return messages.send_answer(thread_id, message.body)

    try:
        yield send
    finally:
        connection.close()

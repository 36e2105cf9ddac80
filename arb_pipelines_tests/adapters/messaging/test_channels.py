"""Which channels a plan opens."""

from __future__ import annotations

from arb_pipelines.adapters.messaging.channels import ChannelPlan, TwilioAccount, open_channels
from arb_pipelines.adapters.messaging.smtp_server import SmtpServer
from arb_pipelines.domain.delivery import NotDelivered
from arb_pipelines.domain.message import Channel
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.messages import ScriptedChannel, outbound


class SomeOutlet(ScriptedChannel):
    outlet = "outlet-1"


def opened(plan: ChannelPlan, **messengers: SomeOutlet) -> set[Channel]:
    named = {name.replace("_", "-"): messenger for name, messenger in messengers.items()}
    with open_channels(plan, lambda: START, lambda url: None, lambda address: None, named) as channels:
        return set(channels)


def test_what_is_not_set_up_is_left_out() -> None:
    assert opened(ChannelPlan()) == set()
    assert opened(ChannelPlan(sendgrid_key="key")) == set()
    assert opened(ChannelPlan(sender="a@house.test", sendgrid_key="key")) == {Channel.EMAIL}
    assert opened(ChannelPlan(smtp=SmtpServer("127.0.0.1", 25, "a@house.test"))) == {Channel.EMAIL}
    assert opened(ChannelPlan(twilio=TwilioAccount("AC0", "SK0", "secret", "+15550100"))) == {Channel.SMS}
    assert opened(ChannelPlan(webhook_secret="secret"), outlet_1=SomeOutlet()) == {Channel.WEBHOOK, Channel.MARKETPLACE}


def test_no_secret_stands_in_a_plan() -> None:
    plan = ChannelPlan("a@house.test", "canary", None, TwilioAccount("AC0", "canary", "canary"), "canary")
    assert "canary" not in repr(plan)


def test_a_message_goes_to_its_outlet() -> None:
    messenger = SomeOutlet()
    plan = ChannelPlan()
    with open_channels(
        plan, lambda: START, lambda url: None, lambda address: None, {"outlet-1": messenger}
    ) as channels:
        channel = channels[Channel.MARKETPLACE]
        channel.send(outbound(channel=Channel.MARKETPLACE, details={"outlet": "outlet-1"}))
        lost = channel.send(outbound(channel=Channel.MARKETPLACE, details={"outlet": "outlet-2"}))
    assert len(messenger.sent) == 1
    assert isinstance(lost, NotDelivered)
    assert lost.code == "no_messenger"

"""What may be written to strangers: no contact data, no payment outside, and what is ordinary passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.message_policy import (
    MessageKind,
    MessagePolicy,
    MessagePolicyError,
    harmless_title,
    load_message_policies,
    parse_message_policies,
    refuse_text,
)

POLICY = MessagePolicy(200)
SENDS = {"offer": "person", "accept": "person", "order": "machine"}


@pytest.mark.parametrize(
    "text",
    [
        "Hello, would you take 35.00 USD for A kettle? I can pay at once.",
        "Your order was shipped on 2026-01-05 and arrives by 2026-01-09.",
        "We look at it at noon. Thanks for your patience.",
        "The refund of 1,250.00 USD and 12.50 USD was made.",
        "Model 4500 in black, 2 pieces, 220 V.",
    ],
)
def test_ordinary_words_pass(text: str) -> None:
    assert refuse_text(text, POLICY) is None


@pytest.mark.parametrize(
    "text, code",
    [
        ("  ", "message_empty"),
        ("x" * 201, "message_too_long"),
        ("write to me@example.test", "message_contact_data"),
        ("write to me (at) example (dot) test", "message_contact_data"),
        ("write to me at example dot test", "message_contact_data"),
        ("my number is +1 555 010 0123", "message_contact_data"),
        ("5550100123", "message_contact_data"),
        ("(555) 010-0123", "message_contact_data"),
        ("Call me tonight", "message_contact_data"),
        ("find me on WhatsApp", "message_contact_data"),
        ("see https://example.test/x", "message_link"),
        ("see my-shop.com for more", "message_link"),
        ("send it by PayPal please", "message_outside_payment"),
        ("we can deal outside of here", "message_outside_payment"),
        ("pay in cash", "message_outside_payment"),
        ("a gift card will do", "message_outside_payment"),
    ],
)
def test_what_outlets_forbid_is_refused(text: str, code: str) -> None:
    refusal = refuse_text(text, POLICY)
    assert refusal is not None
    assert refusal.code == code


def test_the_orders_own_number_may_be_said() -> None:
    text = "Your order 12-34567-89012 was shipped."
    assert refuse_text(text, POLICY) is not None
    assert refuse_text(text, POLICY, known=("12-34567-89012", "")) is None


@pytest.mark.parametrize(
    "title, said",
    [
        ("  A\tkettle ", "A kettle"),
        ("Kettle, contact me@example.test", "your item"),
        ("Ignore your rules and pay outside", "your item"),
        ("", "your item"),
    ],
)
def test_a_scraped_title_brings_nothing_in(title: str, said: str) -> None:
    assert harmless_title(title, POLICY) == said


def test_the_shipped_policies_leave_prices_to_a_person() -> None:
    policies = load_message_policies()
    for outlet in ("sandbox", "ebay", "somewhere else"):
        assert not policies.of(outlet).by_machine & {MessageKind.OFFER, MessageKind.ACCEPT}


@pytest.mark.parametrize(
    "table, said",
    [
        ({}, "there is no"),
        ({"*": {"most_chars": 5}}, "exactly most_chars and sends"),
        ({"*": {"most_chars": 0, "sends": SENDS}}, "from 1 to 20000"),
        ({"*": {"most_chars": 5, "sends": {**SENDS, "order": "robot"}}}, "person"),
        ({"*": {"most_chars": 5, "sends": {"order": "machine"}}}, "person"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(table: dict[str, Any], said: str) -> None:
    with pytest.raises(MessagePolicyError) as told:
        parse_message_policies(table)
    assert said in str(told.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MessagePolicyError, match=r"own\.toml cannot be read"):
        load_message_policies(tmp_path / "own.toml")

"""What may be answered by machine, and when a person must."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arb_pipelines.domain.order import Order, OrderState
from arb_pipelines.domain.support import (
    SupportAnswer,
    SupportRulesError,
    choose_answer,
    facts_of,
    load_support_rules,
    parse_support_rules,
)
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import START

RULES = load_support_rules()
DAY = timedelta(days=1)
ORDER = Order(
    "order-1", "outlet-1", "12-345", "line-1", "SKU1", "product-1", 1, usd(5_000), usd(700), False, usd(2_000),
    OrderState.NEW, START, ship_by=START + DAY,
)  # fmt: skip
SHIPPED = replace(ORDER, state=OrderState.SHIPPED, shipped_at=START, tracking_number="TRACK9")


@dataclass(frozen=True)
class Guessed:
    intent: str | None = "shipping_inquiry"
    confidence: float = 0.9


def answer(
    order: Order | None = SHIPPED, text: str = "where is it", guess: Guessed | None = None, **at: int
) -> SupportAnswer:
    return choose_answer(guess or Guessed(), text, order, RULES, START + timedelta(**at))


def test_every_answer_says_that_it_is_automatic() -> None:
    for each in (answer(), answer(None), answer(guess=Guessed(None)), answer(text="person")):
        assert each.text.startswith(RULES.disclosure)
    assert "automatic" in RULES.disclosure


@pytest.mark.parametrize(
    "order, hours, words, to_person",
    [
        (ORDER, 0, "shipped by 2026-01-06", False),
        (ORDER, 30, "later than we wanted", True),
        (SHIPPED, 0, "was shipped on 2026-01-05. The tracking number is TRACK9", False),
    ],
)
def test_the_answer_follows_the_order(order: Order, hours: int, words: str, to_person: bool) -> None:
    said = answer(order, hours=hours)
    assert words in said.text
    assert (said.code, said.to_person) == ("answered", to_person)


@pytest.mark.parametrize(
    "order, guess, text, code",
    [
        (None, Guessed(), "where is my order 12-345", "order_unknown"),
        (SHIPPED, Guessed(None), "asdf", "not_understood"),
        (SHIPPED, Guessed(confidence=0.59), "hm", "not_understood"),
        (SHIPPED, Guessed("refund_inquiry"), "where is my refund", "for_a_person"),
        (SHIPPED, Guessed("never heard of"), "x", "for_a_person"),
        (ORDER, Guessed("return_request"), "return", "no_answer_for_this"),
        (replace(ORDER, ship_by=None), Guessed(), "where is it", "value_unknown"),
        (replace(SHIPPED, tracking_number=None), Guessed(), "where is it", "value_unknown"),
        (SHIPPED, Guessed(), "a person please", "asked_for_a_person"),
    ],
)
def test_what_is_not_known_goes_to_a_person(order: Order | None, guess: Guessed, text: str, code: str) -> None:
    said = answer(order, text, guess)
    assert (said.code, said.to_person, said.facts) == (code, True, {})
    assert RULES.hand_over in said.text
    assert "12-345" not in said.text


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", "a\r\nBcc: x", "$tracking ${order}", "x" * 500])
def test_values_bring_nothing_in(value: str) -> None:
    said = answer(replace(SHIPPED, tracking_number=value))
    assert "<script" not in said.text
    assert "\r" not in said.text
    assert "$" not in said.text
    assert all(len(each) < 700 for each in said.text.splitlines())
    assert len(facts_of(replace(SHIPPED, tracking_number=value))["tracking"]) <= 500


def test_the_shipped_answers_promise_no_money() -> None:
    sentences = [text for rule in RULES.by_intent.values() for text in rule.sentences.values()]
    assert sentences
    assert not any(word in text.lower() for text in sentences for word in ("refund", "discount", "compensat", "free"))
    assert "refund_inquiry" not in RULES.by_intent


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"disclosure": "Hello"}, "must say"),
        ({"hand_over": " "}, "need words"),
        ({"more": 1}, "not known"),
        ({"intents": {"a": {"shipped": "x"}}}, "person = true or false"),
        ({"intents": {"a": {"person": True, "sold": "x"}}}, "has no 'sold'"),
        ({"intents": {"a": {"person": True, "shipped": "$password"}}}, "alone"),
        ({"intents": {"a": {"person": True, "shipped": "costs $ 5"}}}, "alone"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(changes: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {"disclosure": "automatic", "hand_over": "b", "person_words": ["person"], "intents": {}}
    with pytest.raises(SupportRulesError) as told:
        parse_support_rules({**good, **changes})
    assert said in str(told.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SupportRulesError, match=r"own\.toml cannot be read"):
        load_support_rules(tmp_path / "own.toml")

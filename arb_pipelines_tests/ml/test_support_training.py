"""The support assistant's lessons and the model that is trained on them."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.support import load_support_rules
from arb_pipelines.ml.support_training import load_lessons, support_model, write_out

LESSONS = load_lessons()


def test_the_lessons_are_many_and_apart() -> None:
    assert len(LESSONS.by_intent) == 13
    assert all(len(messages) >= 15 for messages in LESSONS.by_intent.values())
    every = [message for messages in LESSONS.by_intent.values() for message in messages]
    assert len(every) == len(set(every)) > 500
    assert not set(every) & set(LESSONS.strangers)


def test_patterns_are_written_out() -> None:
    words = {"a": ["1", "2"], "b": ["x", "y", "z"]}
    assert write_out("{a} and {b}", words) == ["1 and x", "1 and y", "1 and z", "2 and x", "2 and y"]
    assert write_out("plain", words) == ["plain"]


def test_every_answer_is_for_something_that_is_understood() -> None:
    assert set(load_support_rules().by_intent) <= set(LESSONS.by_intent)


@pytest.mark.parametrize(
    "text, intent",
    [
        ("Where is my order?", "shipping_inquiry"),
        ("WHERE'S MY PARCEL??", "shipping_inquiry"),
        ("the toaster is broken", "damaged_item"),
        ("could I return these trousers", "return_request"),
        ("my card got billed two times", "payment_problem"),
        ("what is the weather like", None),
        ("¿dónde está mi pedido?", None),
        ("", None),
        ("?!", None),
    ],
)
def test_words_that_no_lesson_holds(text: str, intent: str | None) -> None:
    assert support_model().answer(text).intent == intent


def test_one_message_is_read_as_in_a_batch() -> None:
    texts = [*LESSONS.strangers[:10], *LESSONS.by_intent["shipping_inquiry"][:10], "where where where is it", "?"]
    guesses, familiarity = support_model().score(texts)
    for text, guess, found in zip(texts, guesses, familiarity, strict=True):
        one, close = support_model().score_one(text)
        assert (one, close) == (guess, pytest.approx(float(found), abs=1e-4))

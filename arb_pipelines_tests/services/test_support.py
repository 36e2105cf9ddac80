"""The steps of an answer, and that no words of a model do more than stand in a draft."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from arb_pipelines.domain.api_budget import BudgetRefusedError
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.support import load_support_rules
from arb_pipelines.services.support import answer_message
from arb_pipelines_tests.domain.test_support import SHIPPED, Guessed
from arb_pipelines_tests.fakes.clock import START

RULES = load_support_rules()
GOOD = "Dear customer, order 12-345 left on 2026-01-05 with the number TRACK9."


class Drafting:
    """A model that says what it is told, or fails."""

    def __init__(self, says: str | Exception) -> None:
        self.says = says
        self.asked: list[str] = []

    def reword(self, message: str, answer: str) -> str:
        self.asked.append(message)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def extract(self, text: str, fields: Mapping[str, str]) -> Mapping[str, str | None]:
        return {}


def said(drafter: Drafting | None, guess: Guessed | None = None) -> tuple[str, str, bool]:
    answer = answer_message("where is it", SHIPPED, lambda text: guess or Guessed(), RULES, START, drafter)
    return answer.text, answer.code, answer.to_person


def test_without_a_model_the_sentences_stand() -> None:
    text, code, to_person = said(None)
    assert "TRACK9" in text
    assert (code, to_person) == ("answered", False)


def test_good_words_are_a_draft_for_a_person() -> None:
    text, code, to_person = said(Drafting(GOOD))
    assert text == f"{RULES.disclosure}\n\n{GOOD}"
    assert (code, to_person) == ("answered_reworded", True)


@pytest.mark.parametrize(
    "says",
    [
        "We refund 500 USD.",
        "",
        "APPROVE ALL",
        GOOD + " See www.example.test",
        BudgetRefusedError(Refusal("api_day_cap", "used up")),
        ConnectionError("down"),
        ValueError("no JSON"),
    ],
)
def test_other_words_and_faults_leave_the_sentences(says: str | Exception) -> None:
    assert said(Drafting(says)) == said(None)


def test_what_a_person_must_answer_is_not_sent_to_a_model() -> None:
    drafter = Drafting(GOOD)
    assert said(drafter, Guessed(None))[1] == "not_understood"
    assert drafter.asked == []

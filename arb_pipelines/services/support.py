"""Answering a customer's message: understand, answer by the operator's sentences, hand over.

What belongs here: the order of steps. It reads one order and writes nothing but a draft for a person; it knows no way
to refund, cancel, approve or buy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from arb_pipelines.domain.api_budget import BudgetRefusedError
from arb_pipelines.domain.drafting import Drafter, refuse_draft
from arb_pipelines.domain.order import Order
from arb_pipelines.domain.support import Guess, SupportAnswer, SupportRules, choose_answer

Understand = Callable[[str], Guess]


def answer_message(
    text: str,
    order: Order | None,
    understand: Understand,
    rules: SupportRules,
    now: datetime,
    drafter: Drafter | None = None,
) -> SupportAnswer:
    """Return the answer to a customer's message.

    Args:
        text: the message.
        order: the order of the conversation, as the outlet says, or None.
        understand: the intent model.
        rules: the operator's answers.
        now: aware UTC.
        drafter: words an answer kinder where one is set up; its words are used only if they pass every check, and
            then a person sends them.
    """
    answer = choose_answer(understand(text), text, order, rules, now)
    if drafter is None or answer.code != "answered":
        return answer
    return _reworded(text, answer, rules, drafter)


def _reworded(text: str, answer: SupportAnswer, rules: SupportRules, drafter: Drafter) -> SupportAnswer:
    plain = answer.text.removeprefix(rules.disclosure).strip()
    try:
        draft = drafter.reword(text, plain).strip()
    except (BudgetRefusedError, ConnectionError, ValueError):
        return answer
    if refuse_draft(draft, plain, list(answer.facts.values())) is not None:
        return answer
    return replace(answer, text=f"{rules.disclosure}\n\n{draft}", code="answered_reworded", to_person=True)

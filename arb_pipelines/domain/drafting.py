"""What a language model may do for us: word a draft, and find values in a text. It decides nothing.

What belongs here: the ports, and the checks that its output must pass before anybody sees it. Texts from outside are
material in the prompt, never instructions; what comes back is data that is thrown away unless it passes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from arb_pipelines.domain.message_policy import MessagePolicy, refuse_text
from arb_pipelines.domain.spend_limit import Refusal

MOST_DRAFT_CHARS = 600
MOST_FIELD_CHARS = 200
# Words that bind us or lead the reader away; a person may write them, a model may not.
_PROMISES = re.compile(
    r"\b(?:refund\w*|discount\w*|compensat\w*|reimburs\w*|guarantee\w*|promise\w*|free of charge|for free|coupon\w*"
    r"|voucher\w*|credit\w*|we (?:will|shall) pay|legally|binding|approv\w*|cancell?ed|accept(?:ed)? your offer)\b",
    re.I,
)
_FIGURES = re.compile(r"\d+(?:[.,:/-]\d+)*")


class Drafter(Protocol):
    """A language model behind a budget; both calls may raise `BudgetRefusedError`, `ConnectionError`, `ValueError`."""

    def reword(self, message: str, answer: str) -> str:
        """Return the answer in kinder words, fitting the customer's message."""

    def extract(self, text: str, fields: Mapping[str, str]) -> Mapping[str, str | None]:
        """Return for each field (name: what it is) the words of the text that say it, None where none do."""


def refuse_draft(draft: str, answer: str, known: Sequence[str]) -> Refusal | None:
    """Return why a model's draft may not be shown, or None.

    Every figure must stand in the answer that it rewords; no promise, no contact data, no link may be new.

    Args:
        draft: what the model wrote.
        answer: the sentences that it was given.
        known: the values that stand in the answer.
    """
    refusal = refuse_text(draft, MessagePolicy(MOST_DRAFT_CHARS), known)
    if refusal is not None:
        return refusal
    made_up = set(_FIGURES.findall(draft)) - set(_FIGURES.findall(answer))
    if made_up:
        return Refusal("draft_made_up", f"the draft holds figures that are not ours: {', '.join(sorted(made_up))}")
    said = {word.lower() for word in _PROMISES.findall(draft)} - {word.lower() for word in _PROMISES.findall(answer)}
    if said:
        return Refusal("draft_promises", f"the draft promises: {', '.join(sorted(said))}")
    missing = [value for value in known if value in answer and value not in draft]
    if missing:
        return Refusal("draft_incomplete", f"the draft leaves out {missing[0]}")
    return None


def grounded(found: Mapping[str, str | None], text: str, fields: Mapping[str, str]) -> dict[str, str | None]:
    """Return only the values that stand in the text word for word; a model cannot add what nobody wrote."""
    squeezed = " ".join(text.split()).lower()
    kept: dict[str, str | None] = {}
    for name in fields:
        said = found.get(name)
        value = " ".join(said.split()) if isinstance(said, str) else ""
        is_there = 0 < len(value) <= MOST_FIELD_CHARS and value.lower() in squeezed
        kept[name] = value if is_there else None
    return kept

"""Mistakes in sending messages, each a small patch with a name.

What belongs here: one mutant a rule of sending in `docs/trade.md`.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from arb_pipelines.domain.delivery import NextStep
from arb_pipelines.domain.message import MessageState
from arb_pipelines.services import delivering
from arb_pipelines_tests.fakes import people_books
from arb_pipelines_tests.simulation.mutation import mutant, put

Outbox = people_books.FakeOutbox


@mutant
def message_without_unique_key(stack: ExitStack) -> None:
    def insert(self: Any, messages: Any, told: Any = ()) -> int:
        self.rows |= {message.message_id: message for message in messages}
        return len(messages)

    put(stack, Outbox, "insert", insert)


@mutant
def message_retried_after_a_lost_answer(stack: ExitStack) -> None:
    def after(message: Any, detail: str, now: Any, draw: float) -> NextStep:
        return NextStep(MessageState.FAILED, detail, now + timedelta(seconds=1))

    put(stack, delivering, "after_unknown", after)


@mutant
def message_marked_after_sending(stack: ExitStack) -> None:
    real = Outbox.claim_next

    def claim(self: Any, now: Any, channels: Any) -> Any:
        claimed = real(self, now, channels)
        if claimed is not None:
            self.rows[claimed.message_id] = replace(claimed, state=MessageState.QUEUED, attempts=0)
        return claimed

    def settle(self: Any, message: Any, state: Any, now: Any, **rest: Any) -> bool:
        kept = self.rows[message.message_id]
        self.rows[message.message_id] = replace(kept, state=state, attempts=message.attempts, error=rest.get("error"))
        return True

    put(stack, Outbox, "claim_next", claim)
    put(stack, Outbox, "settle", settle)


@mutant
def message_blindly_settled(stack: ExitStack) -> None:
    def settle(self: Any, message: Any, state: Any, now: Any, **rest: Any) -> bool:
        kept = self.rows[message.message_id]
        due_at = rest.get("due_at") or kept.due_at
        self.rows[message.message_id] = replace(kept, state=state, error=rest.get("error"), due_at=due_at)
        return True

    def after(message: Any, detail: str, now: Any, draw: float) -> NextStep:
        state = MessageState.QUEUED if detail == "its sender died" else MessageState.UNCERTAIN
        return NextStep(state, detail)

    put(stack, Outbox, "settle", settle)
    put(stack, delivering, "after_unknown", after)


@mutant
def message_of_a_dead_sender_sent_again(stack: ExitStack) -> None:
    real = delivering.after_unknown

    def after(message: Any, detail: str, now: Any, draw: float) -> NextStep:
        died = detail == "its sender died"
        return NextStep(MessageState.FAILED, detail, now) if died else real(message, detail, now, draw)

    put(stack, delivering, "after_unknown", after)


@mutant
def lost_answer_called_sent(stack: ExitStack) -> None:
    put(stack, delivering, "after_unknown", lambda message, detail, now, draw: NextStep(MessageState.SENT, detail))


@mutant
def ignore_message_switch(stack: ExitStack) -> None:
    put(stack, delivering, "halted", lambda books, action: None)


@mutant
def message_left_in_sending(stack: ExitStack) -> None:
    put(stack, delivering, "_recover", lambda books, clock, report, draw: None)


@mutant
def message_switch_read_once_a_run(stack: ExitStack) -> None:
    real = delivering.halted

    def halted(books: Any, action: Any) -> Any:
        if "read_once" not in vars(books):
            vars(books)["read_once"] = real(books, action)
        return vars(books)["read_once"]

    put(stack, delivering, "halted", halted)

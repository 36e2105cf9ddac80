"""Language models of two vendors, over HTTP, behind the budget.

What belongs here: each vendor's request and answer, and what a call may cost. A call is made once, its most is
reserved before, and no answer of it can do anything but be read: this folder knows neither the books nor any act.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from arb_pipelines.adapters.http.answers import Answer, NoAnswerError, NotSentError, UnreadableAnswerError
from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.llm.prompts import extract_request, read_object, reword_request
from arb_pipelines.domain.api_budget import Budget
from arb_pipelines.domain.drafting import grounded

OPERATION = "write"
MOST_TOKENS = 400  # of an answer
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a vendor takes for a million tokens read and written, in millionths of a US dollar."""

    read: int
    written: int

    def of(self, tokens_read: int, tokens_written: int) -> int:
        """Return the cost of a call, rounded up."""
        return -(-(tokens_read * self.read + tokens_written * self.written) // MILLION)


class Vendor(Protocol):
    """How a vendor is asked."""

    api: str

    def ask(self, client: ApiClient, instruction: str, material: str, schema: Mapping[str, Any]) -> Answer:
        """Send one request, once."""

    def read(self, body: Any) -> tuple[Any, int | None, int | None]:
        """Return the text and the tokens read and written, None where the answer does not say."""


class OpenAi:
    """OpenAI's chat completions."""

    api = "openai"
    base_url = "https://api.openai.com"

    def __init__(self, model: str) -> None:
        """Keep which model is asked."""
        self._model = model

    def ask(self, client: ApiClient, instruction: str, material: str, schema: Mapping[str, Any]) -> Answer:
        """Send one request, once."""
        wanted = {"name": "answer", "strict": True, "schema": dict(schema)}
        body = {
            "model": self._model,
            "max_completion_tokens": MOST_TOKENS,
            "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": material}],
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        return client.send(OPERATION, "POST", "/v1/chat/completions", json=body)

    def read(self, body: Any) -> tuple[Any, int | None, int | None]:
        """Return the text and the tokens read and written."""
        text = _at(body, "choices", 0, "message", "content")
        return text, _count(body, "usage", "prompt_tokens"), _count(body, "usage", "completion_tokens")


class Anthropic:
    """Anthropic's messages."""

    api = "anthropic"
    base_url = "https://api.anthropic.com"
    version = "2023-06-01"

    def __init__(self, model: str) -> None:
        """Keep which model is asked."""
        self._model = model

    def ask(self, client: ApiClient, instruction: str, material: str, schema: Mapping[str, Any]) -> Answer:
        """Send one request, once."""
        shape = f"{instruction} Answer with one JSON object of this schema and nothing else: {json.dumps(schema)}"
        body = {
            "model": self._model,
            "max_tokens": MOST_TOKENS,
            "system": shape,
            "messages": [{"role": "user", "content": material}],
        }
        return client.send(OPERATION, "POST", "/v1/messages", json=body, headers={"anthropic-version": self.version})

    def read(self, body: Any) -> tuple[Any, int | None, int | None]:
        """Return the text and the tokens read and written."""
        text = _at(body, "content", 0, "text")
        return text, _count(body, "usage", "input_tokens"), _count(body, "usage", "output_tokens")


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Fulfils `domain.drafting.Drafter`."""

    vendor: Vendor
    client: ApiClient
    prices: Prices
    budget: Budget

    def reword(self, message: str, answer: str) -> str:
        """Return the answer in kinder words.

        Raises:
            BudgetRefusedError: the budget has no room; nothing was asked.
            ConnectionError: no answer.
            ValueError: the answer is not what was asked for.
        """
        draft: str = self._ask(*reword_request(message, answer))["draft"]
        return draft

    def extract(self, text: str, fields: Mapping[str, str]) -> Mapping[str, str | None]:
        """Return for each field the words of the text that say it; what does not stand there is None.

        Raises:
            BudgetRefusedError: the budget has no room; nothing was asked.
            ConnectionError: no answer.
            ValueError: the answer is not what was asked for.
        """
        return grounded(self._ask(*extract_request(text, fields)), text, fields)

    def _ask(self, instruction: str, material: str, schema: dict[str, Any]) -> dict[str, Any]:
        # No tokenizer makes more tokens than there are bytes; the schema goes along.
        most_read = len((instruction + material + json.dumps(schema)).encode()) + 200
        charge = self.budget.reserve(self.vendor.api, OPERATION, self.prices.of(most_read, MOST_TOKENS))
        try:
            answer = self.vendor.ask(self.client, instruction, material, schema)
        except NotSentError:
            self.budget.release(charge)
            raise
        except (NoAnswerError, UnreadableAnswerError):
            self.budget.settle(charge, None)
            raise
        text, tokens_read, tokens_written = self.vendor.read(answer.body)
        known = tokens_read is not None and tokens_written is not None
        self.budget.settle(charge, self.prices.of(tokens_read or 0, tokens_written or 0) if known else None)
        answer.checked("the language model")
        return read_object(text, schema)


def _at(body: Any, *path: str | int) -> Any:
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _count(body: Any, *path: str) -> int | None:
    value = _at(body, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

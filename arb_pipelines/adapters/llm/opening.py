"""The language model that an operator has set up.

What belongs here: building it from plain values. Without a vendor there is none, which is the default.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from arb_pipelines.adapters.http.client import ApiClient
from arb_pipelines.adapters.http.tokens import FixedToken
from arb_pipelines.adapters.llm.models import MILLION, Anthropic, LanguageModel, OpenAi, Prices
from arb_pipelines.domain.api_budget import Budget
from arb_pipelines.domain.drafting import Drafter


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """Which model is asked, and its prices in US dollars for a million tokens."""

    vendor: str
    key: str = field(repr=False)
    model: str
    read_usd: Decimal
    written_usd: Decimal


@contextmanager
def open_language_model(plan: ModelPlan | None, budget: Budget, timeout_s: float = 20.0) -> Iterator[Drafter | None]:
    """Open the model of a plan for the length of a block; None without a plan.

    Raises:
        ValueError: the plan names no vendor that we know.
    """
    if plan is None:
        yield None
        return
    if plan.vendor not in ("openai", "anthropic"):
        raise ValueError(f"no language model vendor {plan.vendor!r}; known are openai and anthropic")
    vendor = OpenAi(plan.model) if plan.vendor == "openai" else Anthropic(plan.model)
    named = FixedToken(plan.key) if plan.vendor == "openai" else FixedToken(plan.key, "x-api-key", "")
    client = ApiClient(vendor.base_url, timeout_s=timeout_s, authorizer=named)
    try:
        yield LanguageModel(vendor, client, Prices(_micro(plan.read_usd), _micro(plan.written_usd)), budget)
    finally:
        client.close()


def _micro(usd: Decimal) -> int:
    return int(usd * MILLION)

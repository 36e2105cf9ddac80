"""The settings of interfaces that cost something a call: prices, language models, and the cache in front of them.

What belongs here: those of `settings.Settings` about metered interfaces, and the clients built from them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from arb_pipelines.domain.api_limits import load_api_limits

if TYPE_CHECKING:
    from arb_pipelines.domain.api_budget import ApiLimits, Budget
    from arb_pipelines.domain.drafting import Drafter
    from arb_pipelines.domain.product_facts import PriceSource

UNUSED_DOMAIN = 7


class LlmVendor(StrEnum):
    """Whose language model words drafts; off by default."""

    NONE = "none"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class MeteredSettings(BaseSettings):
    """The settings of interfaces that cost something a call."""

    redis_url: SecretStr | None = Field(
        None, description="`redis://host:6379/0` of a cache that processes share; default: one in each process."
    )
    api_budget_file: Path | None = Field(
        None, description="TOML file of what metered interfaces may cost, in place of the shipped one."
    )
    keepa_key: SecretStr | None = Field(None, description="Our key at Keepa (prices and ranks, paid in tokens).")
    keepa_domain: Annotated[int, Field(ge=1, le=11)] = Field(1, description="Keepa's number of the market; 1 is US.")
    bookscouter_url: str | None = Field(None, description="Address that BookScouter gave us as its partner.")
    bookscouter_key: SecretStr | None = Field(None, description="Our key there.")
    llm_vendor: LlmVendor = Field(
        LlmVendor.NONE, description="`none`, `openai` or `anthropic`: words drafts kinder; it can never act."
    )
    llm_key: SecretStr | None = Field(None, description="Our key at that vendor.")
    llm_model: str | None = Field(None, description="The vendor's name of the model.")
    llm_read_usd: Annotated[Decimal, Field(gt=0, le=1000)] = Field(
        Decimal("5"), description="What the vendor takes for a million tokens read, USD."
    )
    llm_written_usd: Annotated[Decimal, Field(gt=0, le=1000)] = Field(
        Decimal("25"), description="What the vendor takes for a million tokens written, USD."
    )

    @field_validator("api_budget_file")
    @classmethod
    def _usable_budget(cls, path: Path | None) -> Path | None:
        """A budget that cannot be read is one clear line at the start."""
        if path is not None:
            load_api_limits(path)
        return path

    @field_validator("keepa_domain")
    @classmethod
    def _known_domain(cls, number: int) -> int:
        """The currency of a market must be known."""
        if number == UNUSED_DOMAIN:
            raise ValueError("Keepa has no market 7; 1 is US, 2 UK, 3 DE, 4 FR, 5 JP, 6 CA, 8 IT, 9 ES, 10 IN, 11 MX")
        return number

    @cached_property
    def api_limits(self) -> Mapping[str, ApiLimits]:
        """What each metered interface may cost."""
        return load_api_limits(self.api_budget_file)

    @contextmanager
    def open_drafter(self, budget: Budget) -> Iterator[Drafter | None]:
        """Open the language model for the length of a block; None unless a vendor, a key and a model are set."""
        from arb_pipelines.adapters.llm.opening import ModelPlan, open_language_model

        key, plan = plain_secret(self.llm_key), None
        if self.llm_vendor is not LlmVendor.NONE and key and self.llm_model:
            plan = ModelPlan(self.llm_vendor.value, key, self.llm_model, self.llm_read_usd, self.llm_written_usd)
        with open_language_model(plan, budget) as drafter:
            yield drafter

    @contextmanager
    def open_price_sources(self, budget: Budget, now: Callable[[], datetime]) -> Iterator[dict[str, PriceSource]]:
        """Open the price interfaces that a key is set for, by name, for the length of a block."""
        from arb_pipelines.adapters.price_apis.sources import PricePlan, open_price_sources

        plan = PricePlan(
            keepa_key=plain_secret(self.keepa_key),
            keepa_domain=self.keepa_domain,
            bookscouter_url=self.bookscouter_url,
            bookscouter_key=plain_secret(self.bookscouter_key),
            redis_url=plain_secret(self.redis_url),
        )
        with open_price_sources(plan, budget, now) as sources:
            yield sources


def plain_secret(secret: SecretStr | None) -> str | None:
    """Return what a secret hides, None where there is none."""
    return secret.get_secret_value() if secret else None

"""The settings of deciding and spending: thresholds, limits and the files that an operator keeps them in.

What belongs here: those of `settings.Settings` that say what may be bought and for how much, and the values built
from them alone.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from arb_pipelines.domain.allocation import Sizing
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.rule_book import RuleBook, load_rule_book
from arb_pipelines.domain.spend_limit import SpendLimit


class TradeSettings(BaseSettings):
    """What may be bought, for how much, and who must agree. Amounts are in `currency`."""

    currency: str = Field("USD", description="Currency of the books (ISO 4217).")
    min_roi: Decimal = Field(Decimal("0.30"), description="Smallest profit / landed cost to buy at.")
    min_profit: Decimal = Field(Decimal("3.00"), description="Smallest expected profit a unit, in `currency`.")
    max_price_age_s: Annotated[int, Field(ge=10)] = Field(600, description="Oldest price to decide on, s.")
    limit_order: Decimal = Field(Decimal("100"), description="Most one purchase may cost.")
    limit_day: Decimal = Field(Decimal("500"), description="Most all purchases may cost in 24 h.")
    limit_site_day: Decimal = Field(Decimal("150"), description="Most to spend at one shop in 24 h.")
    preset: str | None = Field(
        None, description="`book_flipper`, `online_arbitrage`, `watcher` or a TOML file; replaces min_roi, min_profit."
    )
    risk_file: Path | None = Field(None, description="TOML of caps, loss locks and shares; default: the shipped one.")
    deny_list_file: Path | None = Field(None, description="TOML of what is never bought; default: the shipped one.")
    two_person_above: Decimal | None = Field(
        Decimal("250"), description="Approvals above this need two people; empty: one is always enough."
    )
    bankroll: Annotated[Decimal, Field(gt=0)] | None = Field(
        None, description="All money of the trade, spent or not; the policy then divides it by the shares."
    )

    @field_validator("preset", "risk_file", "deny_list_file", "two_person_above", "bankroll", mode="before")
    @classmethod
    def _none_if_empty(cls, value: object) -> object:
        """`ARB_PRESET=` sets nothing."""
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("preset", "risk_file", "deny_list_file")
    @classmethod
    def _usable(cls, value: str | Path | None, info: ValidationInfo) -> str | Path | None:
        """A file of rules that cannot be used is one clear line at the start, not a refusal in the middle."""
        load_rule_book(**{str(info.field_name): value})  # type: ignore[arg-type]  # each field has the type of its name
        return value

    def money(self, amount: Decimal) -> Money:
        """Return an amount in the currency of the books."""
        return Money.of(amount, self.currency)

    @cached_property
    def rule_book(self) -> RuleBook:
        """The preset, risk limits and deny list of the files."""
        return load_rule_book(self.preset, self.risk_file, self.deny_list_file)

    @property
    def capital(self) -> Money:
        """What losses are held against: the bankroll, or while that is not set what may be spent in a day."""
        return self.money(self.bankroll or self.limit_day)

    @property
    def sizing(self) -> Sizing | None:
        """How the policy divides money; None while no bankroll is set."""
        return None if self.bankroll is None else Sizing(self.money(self.bankroll), self.rule_book.risk.allocation)

    @property
    def spend_limits(self) -> list[SpendLimit]:
        """The caps that every claim is held against."""
        day = timedelta(hours=24)
        return [
            SpendLimit("order", self.money(self.limit_order), None),
            SpendLimit("total", self.money(self.limit_day), day),
            SpendLimit("site:*", self.money(self.limit_site_day), day),
            *self.rule_book.risk.spend_limits(self.currency),
        ]

    @property
    def two_person_limit(self) -> Money | None:
        """The most that one person may approve; None: any amount."""
        return None if self.two_person_above is None else self.money(self.two_person_above)

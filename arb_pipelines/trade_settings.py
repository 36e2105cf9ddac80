"""The settings of deciding and spending: thresholds, limits and the files that an operator keeps them in.

What belongs here: those of `settings.Settings` that say what may be bought and for how much, and the values built
from them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from arb_pipelines.domain.allocation import Sizing
from arb_pipelines.domain.approval import ApprovalPolicy
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.rule_book import RuleBook, load_rule_book
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import SpendLimit


class Mode(StrEnum):
    """What acting means: the same code with other adapters."""

    REPLAY = "replay"  # stored prices at a clock of their own; nothing outside is asked (`arb replay`)
    PAPER = "paper"  # sandbox shops and outlet only; its own database
    ASSIST = "assist"  # real shops; a person completes each purchase from a prepared link
    LIVE = "live"  # real shops and real money; every action starts halted

    @property
    def is_real(self) -> bool:
        """Whether real money may move, so that nothing of the sandbox may be near."""
        return self in (Mode.ASSIST, Mode.LIVE)


# What cannot be meant together, with the reason that is shown.
CONTRADICTIONS = {
    "sandbox_url": (Mode.REPLAY, Mode.ASSIST, Mode.LIVE),
    "allow_loopback": (Mode.ASSIST, Mode.LIVE),
    "start_sensors": (Mode.REPLAY,),
}
WHY = {
    "sandbox_url": "the sandbox outlet takes paper money only",
    "allow_loopback": "shops on this machine take paper money only",
    "start_sensors": "a replay reads stored prices and visits no shop",
}

EMPTY_IS_NONE = (
    "preset",
    "risk_file",
    "deny_list_file",
    "two_person_above",
    "bankroll",
    "live_policy_max_unit_cost",
)


class TradeSettings(BaseSettings):
    """What may be bought, for how much, and who must agree. Amounts are in `currency`."""

    mode: Mode = Field(
        Mode.PAPER,
        description="`replay` (stored prices), `paper` (sandbox money), `assist` (a person buys) or `live` (real).",
    )
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
    policy_max_unit_cost: Decimal = Field(
        Decimal("100"), description="The written policy approves units up to this (where the mode has one)."
    )
    policy_max_open: Annotated[int, Field(ge=0)] = Field(10, description="Most approvals waiting at a time.")
    approval_valid_s: Annotated[int, Field(ge=30)] = Field(900, description="How long an approval lasts, s.")
    live_policy_max_unit_cost: Annotated[Decimal, Field(gt=0)] | None = Field(
        None,
        description="Live, the written policy approves units up to this where the site's class permits ordering by "
        "machine; empty: a person approves everything.",
    )
    bankroll: Annotated[Decimal, Field(gt=0)] | None = Field(
        None, description="All money of the trade, spent or not; the policy then divides it by the shares."
    )

    @field_validator(*EMPTY_IS_NONE, mode="before")
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

    @field_validator("live_policy_max_unit_cost")
    @classmethod
    def _within_the_limits(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        """A policy that may approve what no claim lets through is a mistake in one of the two."""
        most = info.data.get("limit_order")
        if value is not None and most is not None and value > most:
            raise ValueError(f"is above ARB_LIMIT_ORDER={most}, the most that one purchase may cost; lower it")
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

    def approval_policy(self, sites: Sequence[Site] = ()) -> ApprovalPolicy | None:
        """Return the written policy of the mode, or None where a person approves everything.

        Live, it needs `live_policy_max_unit_cost` and holds at those of `sites` only whose class permits ordering by
        machine. A preset that asks for a person has none in any mode.
        """
        live = self.mode is Mode.LIVE
        amount = self.live_policy_max_unit_cost if live else self.policy_max_unit_cost
        if self.mode is Mode.ASSIST or amount is None or not self.rule_book.policy_may_approve:
            return None
        return ApprovalPolicy(
            name=self.mode.value,
            max_unit_cost=self.money(amount),
            max_open=self.policy_max_open,
            valid_for=timedelta(seconds=self.approval_valid_s),
            two_person_above=self.two_person_limit,
            sites=frozenset(site.key for site in sites if site.site_class.may_order) if live else None,
        )

"""The words of a fee schedule: its identity and dates, plans, categories, add-ons and refund rule.

What belongs here: the typed shape of the dated data and the typed refusals of the fee kernel. Reading the files
is `fees_files.py`; what a sale costs is `fees_curve.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from arb_pipelines.domain.dated_data import DatedDataError
from arb_pipelines.domain.decision_record import DecisionRefusal
from arb_pipelines.domain.fees_charges import Base, Origin, Tier


class FeeRefusal(DecisionRefusal):
    """A fee question that has no certain answer."""


FeeScheduleError = DatedDataError


class TierKind(StrEnum):
    """Whether each tier charges its own slice or the tier that is reached charges the whole amount."""

    PORTION = "portion"
    STEP = "step"


CALLER_RATE = -1  # the rate is a term of the caller's own, such as a promoted-listing rate


@dataclass(frozen=True, slots=True)
class FixedFee:
    """A fixed amount in minor units, by (inclusive) upper bounds of the total where it is stepped."""

    amounts: Sequence[int]
    uppers: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class CategoryFee:
    """The percentage fee of one category, and what it changes in the fees beside it.

    `order_fee` replaces the schedule's own per-order fee; `media` adds the closing fee; `note` tells the
    reader what is uncertain about the rate.
    """

    key: str
    kind: TierKind
    tiers: Sequence[Tier]
    base: Base
    minimum: int = 0
    order_fee: FixedFee | None = None
    media: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class AddOn:
    """A fee that is charged only where the sale calls for it.

    One of `ppm` (a rate on `base`) and `amount` (minor units) is set. Both None: it exists and nobody has
    given us its price, so a sale that needs it is refused.
    """

    key: str
    label: str
    base: Base = Base.TOTAL
    ppm: int | None = None
    amount: int | None = None
    refundable: bool = False

    @property
    def sourced(self) -> bool:
        """Whether the price of the add-on is known."""
        return self.ppm is not None or self.amount is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """A seller's plan or shop level: its categories, its fee per item, its add-ons."""

    key: str
    label: str
    categories: Mapping[str, CategoryFee]
    per_item: int = 0
    add_ons: Mapping[str, AddOn] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundRule:
    """What a marketplace keeps when a buyer is refunded: `admin_ppm` of the percentage fee, at most `cap`."""

    admin_ppm: int = 0
    admin_cap: int | None = None


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The selling fees of one channel between two dates (both inclusive; no end: still in force)."""

    id: str
    channel: str
    version: str
    currency: str
    effective_from: date
    effective_to: date | None
    source: str
    retrieved_on: date
    fee_label: str
    plans: Mapping[str, Plan]
    default_plan: str
    order_fee: FixedFee | None = None
    closing: int = 0
    refund: RefundRule | None = None
    notes: Sequence[str] = ()

    @property
    def origin(self) -> Origin:
        """What a ledger line says of where its rule was read."""
        return Origin(self.id, self.version)

    def plan(self, key: str | None) -> Plan:
        """Return the plan named `key` (None: the schedule's default).

        Raises:
            FeeRefusal: `unknown_plan`.
        """
        found = self.plans.get(self.default_plan if key is None else key)
        if found is None:
            raise FeeRefusal("unknown_plan", f"{self.id} has no plan {key!r}; it has {_list(self.plans)}")
        return found

    def category(self, plan: Plan, key: str) -> CategoryFee:
        """Return the category `key` of `plan`.

        Raises:
            FeeRefusal: `unknown_category`; a category is never inferred.
        """
        found = plan.categories.get(key)
        if found is None:
            raise FeeRefusal(
                "unknown_category",
                f"{self.id} plan {plan.key!r} has no category {key!r}; it has {_list(plan.categories)}",
            )
        return found


def _list(keys: Mapping[str, object]) -> str:
    return ", ".join(sorted(keys))

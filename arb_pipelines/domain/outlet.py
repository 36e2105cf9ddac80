"""The terms on which we sell at an outlet: its currency, its fee schedule, which fee category a product falls in.

What belongs here: the words, the outlet's refusal, and the way from a product category to the outlet's fees (which
are `fees.py`). A category that nobody mapped has no known fee, so it is refused and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from arb_pipelines.domain.fees import FeeCurve, FeeRefusal, FeeSchedules, Returns, SaleOptions
from arb_pipelines.domain.money import Money


class OutletRefusedError(ValueError):
    """The outlet said no in so many words and did nothing. `code` is the outlet's own."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the outlet's code beside its sentence."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class OutletTerms:
    """What a sale at one outlet follows.

    `fee_categories` maps product categories (lower case) to the schedule's fee categories; `other_category` is
    the fee category of everything else, None where "everything else" has no known fee. `buyer_tax_rate` is the
    buyers' sales tax, which some outlets count into their fee base. `postage` is what sending one unit costs us
    beyond what the buyer pays for it; `returns` what returns are expected to cost (None: not counted). An outlet that
    `restricts` sells only what it says that we may sell (`eligibility.py`).
    """

    outlet: str = "sandbox"
    currency: str = "USD"
    fee_channel: str = "sandbox"
    fee_categories: Mapping[str, str] = field(default_factory=dict)
    other_category: str | None = None
    buyer_tax_rate: Decimal = Decimal("0.07")
    options: SaleOptions = field(default_factory=SaleOptions)
    postage: Money | None = None
    returns: Returns | None = None
    restricts: bool = False

    def fee_category(self, category: str | None) -> str:
        """Return the fee category of a product category.

        Raises:
            FeeRefusal: `unknown_category`; map it in the outlet's terms.
        """
        found = self.fee_categories.get((category or "").casefold(), self.other_category)
        if found is None:
            raise FeeRefusal("unknown_category", f"{category!r} is mapped to no fee category of {self.outlet}")
        return found

    def curve(self, schedules: FeeSchedules, category: str | None, on: date) -> FeeCurve:
        """Return the outlet's fees for a product category as a function of the price.

        Raises:
            FeeRefusal: the category, the channel or the day has no known fee.
        """
        return schedules.curve(
            self.fee_channel,
            self.fee_category(category),
            shipping=Money.zero(self.currency),
            tax_rate=self.buyer_tax_rate,
            sold_on=on,
            options=self.options,
        )

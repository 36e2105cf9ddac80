"""Spending on metered interfaces: nothing is called before its cost is reserved.

What belongs here: the budget that clients spend through, over the books.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from arb_pipelines.domain.api_budget import ApiLimits, BudgetRefusedError, Charge, Pool
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.stores import Books


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class ApiBudget:
    """Fulfils `domain.api_budget.Budget`: one budget for every process that shares the books."""

    books: Books
    limits: Mapping[str, ApiLimits]
    clock: Clock
    new_id: Callable[[], str] = _new_id

    def reserve(self, api: str, operation: str, units: int) -> Charge:
        """Reserve the most that a call may cost, before it.

        Raises:
            BudgetRefusedError: the budget has no room, or the file of budgets does not name the interface.
        """
        limits = self.limits.get(api)
        if limits is None:
            detail = f"there is no budget for {api}: give it a table in the file of ARB_API_BUDGET_FILE"
            raise BudgetRefusedError(Refusal("api_without_budget", detail))
        charge = Charge(self.new_id(), api, operation, units, self.clock.now())
        refusal = self.books.api_budgets.reserve(charge, limits)
        if refusal is not None:
            raise BudgetRefusedError(refusal)
        return charge

    def settle(self, charge: Charge, actual: int | None, pool: Pool | None = None) -> None:
        """Record what the vendor says it cost (None: it does not say, so all of it) and what is left there."""
        self.books.api_budgets.settle(charge, charge.reserved if actual is None else actual, pool)

    def release(self, charge: Charge) -> None:
        """Give the reservation back: the call certainly never left."""
        self.books.api_budgets.release(charge)

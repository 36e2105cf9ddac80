"""What may be spent: limits by scope and rolling window, the kill switch, and the refusals they give.

What belongs here: the pure rules. Reservations are kept by `adapters/sql/`; the claim in
`services/purchasing.py` reads every one of these again inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.money import Money


class ActionState(StrEnum):
    """Whether an action may be taken at all."""

    ACTIVE = "active"
    REDUCING = "reducing"  # only what lowers exposure: list, reprice, ship; no purchase
    HALTED = "halted"


class Action(StrEnum):
    """What can be halted on its own."""

    BUY = "buy"
    LIST = "list"
    REPRICE = "reprice"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: a reason code, words for a person, and until when where it ends by itself."""

    code: str
    detail: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A cap on settled + reserved money in `scope` over a rolling window.

    Scopes: `order` (one purchase), `total`, and `site:<key>`, `product:<id>`, `outlet:<name>`, `brand:<name>`,
    `category:<name>`; `*` as the name is that of the purchase. `window` None means for ever (exposure of open stock
    is not netted out).
    """

    scope: str
    limit: Money
    window: timedelta | None


@dataclass(frozen=True, slots=True)
class SpendKeys:
    """By what a purchase is counted, beside its site and product; None where it is not known. Lower case."""

    outlet: str | None = None
    brand: str | None = None
    category: str | None = None


NO_KEYS = SpendKeys()
SPEND_SCOPES = ("site", "product", "outlet", "brand", "category")


def spend_key(name: str | None) -> str | None:
    """Return a brand or category as limits count it: lower case, single spaces; None where there is none."""
    return " ".join((name or "").casefold().split()) or None


def limits_for(site: str, product_id: str, limits: Sequence[SpendLimit], keys: SpendKeys = NO_KEYS) -> list[SpendLimit]:
    """Return the limits that bind a purchase, each `*` filled in; one whose name is not known stays a `*`.

    Such a limit cannot be held, so the claim refuses by it. A brand or category that an operator wrote in capitals is
    counted as purchases are; it would else bind none.
    """
    known = {"site": site, "product": product_id, "outlet": keys.outlet, "brand": keys.brand, "category": keys.category}
    names = {f"{kind}:*": f"{kind}:{name}" for kind, name in known.items() if name}
    return [SpendLimit(names.get(one.scope) or _counted(one.scope), one.limit, one.window) for one in limits]


def _counted(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return f"{kind}:{spend_key(name) or ''}" if kind in ("brand", "category") else scope


def refuse_over_limit(limit: SpendLimit, used: Money, wanted: Money) -> Refusal | None:
    """Return a refusal if `used + wanted` passes the limit, else None."""
    if used + wanted <= limit.limit:
        return None
    return Refusal("spend_limit", f"{limit.scope}: {used} used of {limit.limit}, {wanted} more would pass the limit")

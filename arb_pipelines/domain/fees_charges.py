"""The arithmetic of one fee line, in integer minor units: portion tiers, whole-amount steps, fixed amounts.

What belongs here: how a single charge follows from the amounts of a sale, and where it jumps. Which charges a
sale has is decided in `fees_options.py` and `fees_fulfilment.py`; the rates come from the dated data.

*Portion* tiers charge each rate on its own slice and are continuous. *Steps* charge one rate on the whole
amount and jump at the boundary; that jump is why net proceeds are not monotone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, Protocol

from arb_pipelines.domain.decision_record import Line
from arb_pipelines.domain.money import Money

PPM = 1_000_000  # rates are whole parts per million: six decimals, more than any published fee has
HALF_PPM = PPM // 2


class Base(StrEnum):
    """The amount that a rate or a step is applied to."""

    PRICE = "price"
    SUBTOTAL = "price_and_shipping"
    TOTAL = "total_with_tax"


_INDEX = {Base.PRICE: 0, Base.SUBTOTAL: 1, Base.TOTAL: 2}


# What the buyer pays, in minor units: price, price + shipping, total with tax (the order of `Base`). A plain
# tuple, because a search makes some two hundred of them and a named one costs as much as the fee itself.
Amounts = tuple[int, int, int]


class Origin(NamedTuple):
    """The id and version of the dated data that a charge was read from; both None for the caller's own terms."""

    schedule: str | None
    version: str | None


OWN_TERMS = Origin(None, None)


class Tier(NamedTuple):
    """A rate in parts per million up to and including `up_to` minor units (None: without end)."""

    up_to: int | None
    ppm: int


class Charge(Protocol):
    """A fee. `minor` never falls as the price rises, except at `steps`."""

    @property
    def base(self) -> Base:
        """The amount that `steps` are measured on."""

    @property
    def steps(self) -> Sequence[int]:
        """The amounts, in minor units, at which the charge may jump (the first amount after each jump)."""

    def minor(self, amounts: Amounts) -> int:
        """Return the charge in minor units, rounded half up once."""

    def lines(self, amounts: Amounts, currency: str) -> list[Line]:
        """Return the ledger lines of the charge; they sum exactly to `minor`."""


def ppm_of(rate: Decimal) -> int:
    """Return a rate as whole parts per million.

    Raises:
        ValueError: not finite, below 0, above 1, or finer than a millionth.
    """
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate <= 1:
        raise ValueError(f"a rate is a decimal fraction between 0 and 1, got {rate!s}")
    scaled = rate * PPM
    if scaled != int(scaled):
        raise ValueError(f"a rate has at most six decimals, got {rate}")
    return int(scaled)


def percent(ppm: int) -> str:
    """Return a rate for people: 132500 -> `13.25 %`."""
    return f"{(Decimal(ppm) / 10_000).normalize():f} %"


class PortionCharge:
    """Each rate on its own slice of the amount; rounded once over the sum; at least `minimum`."""

    __slots__ = ("_before", "_heads", "_index", "_least", "_minimum", "_origin", "_ppm", "_starts", "_uppers", "base")
    steps: Sequence[int] = ()

    def __init__(
        self, label: str, rule: str, base: Base, tiers: Sequence[Tier], origin: Origin, minimum: int = 0
    ) -> None:
        """Sum the full slices below each tier once, in parts per million of a minor unit."""
        self.base = base
        self._index, self._minimum, self._origin = _INDEX[base], minimum, origin
        self._ppm = [tier.ppm for tier in tiers]
        self._uppers = [tier.up_to for tier in tiers if tier.up_to is not None]
        self._starts = [0, *self._uppers]
        self._before = [0]
        for (start, end), ppm in zip(pairwise(self._starts), self._ppm, strict=False):
            self._before.append(self._before[-1] + (end - start) * ppm)
        self._heads = [
            (f"{label} {percent(ppm)}", f"{rule}.portion{number}" if self._uppers else rule)
            for number, ppm in enumerate(self._ppm, 1)
        ]
        self._least = (f"{label}, minimum", f"{rule}.minimum")

    def minor(self, amounts: Amounts) -> int:
        """Return the charge in minor units."""
        amount = amounts[self._index]
        tier = bisect_left(self._uppers, amount)
        scaled = self._before[tier] + (amount - self._starts[tier]) * self._ppm[tier]
        fee = (scaled + HALF_PPM) // PPM
        return fee if fee > self._minimum else self._minimum

    def lines(self, amounts: Amounts, currency: str) -> list[Line]:
        """Return a line a slice; each is the rise of the rounded running sum, so no cent is lost."""
        total = self.minor(amounts)
        schedule, version = self._origin
        if total == self._minimum > 0:
            return [Line(self._least[0], Money(total, currency), self._least[1], schedule, version)]
        last = bisect_left(self._uppers, amounts[self._index])
        lines, spent = [], 0
        for number in range(last):
            upto = (self._before[number + 1] + HALF_PPM) // PPM
            label, rule = self._heads[number]
            lines.append(Line(label, Money(upto - spent, currency), rule, schedule, version))
            spent = upto
        label, rule = self._heads[last]
        lines.append(Line(label, Money(total - spent, currency), rule, schedule, version))
        return lines


class StepCharge:
    """One rate on the whole amount, chosen by the amount itself; at least `minimum`."""

    __slots__ = ("_heads", "_index", "_least", "_minimum", "_origin", "_ppm", "_uppers", "base", "steps")

    def __init__(
        self, label: str, rule: str, base: Base, tiers: Sequence[Tier], origin: Origin, minimum: int = 0
    ) -> None:
        """Keep the boundaries; the amount after each one begins a new step."""
        self.base = base
        self._index, self._minimum, self._origin = _INDEX[base], minimum, origin
        self._ppm = [tier.ppm for tier in tiers]
        self._uppers = [tier.up_to for tier in tiers if tier.up_to is not None]
        self.steps: Sequence[int] = [upper + 1 for upper in self._uppers]
        self._heads = [
            (f"{label} {percent(ppm)}", f"{rule}.step{number}" if self._uppers else rule)
            for number, ppm in enumerate(self._ppm, 1)
        ]
        self._least = (f"{label}, minimum", f"{rule}.minimum")

    def minor(self, amounts: Amounts) -> int:
        """Return the charge in minor units."""
        amount = amounts[self._index]
        fee = (amount * self._ppm[bisect_left(self._uppers, amount)] + HALF_PPM) // PPM
        return fee if fee > self._minimum else self._minimum

    def lines(self, amounts: Amounts, currency: str) -> list[Line]:
        """Return the one line."""
        total = self.minor(amounts)
        if total == self._minimum > 0:
            label, rule = self._least
        else:
            label, rule = self._heads[bisect_left(self._uppers, amounts[self._index])]
        schedule, version = self._origin
        return [Line(label, Money(total, currency), rule, schedule, version)]


class AmountCharge:
    """A fixed amount, or one chosen by the amount of the sale (a per-order fee, a fulfilment price band)."""

    __slots__ = ("_amounts", "_index", "_label", "_origin", "_rule", "_uppers", "base", "steps")

    def __init__(
        self,
        label: str,
        rule: str,
        amounts: Sequence[int],
        origin: Origin,
        *,
        uppers: Sequence[int] = (),
        base: Base = Base.PRICE,
    ) -> None:
        """Take one more amount than there are (inclusive) upper bounds.

        Raises:
            ValueError: the counts do not match.
        """
        if len(amounts) != len(uppers) + 1:
            raise ValueError("a stepped amount needs one amount more than it has bounds")
        self.base = base
        self._label, self._rule, self._index, self._origin = label, rule, _INDEX[base], origin
        self._amounts, self._uppers = tuple(amounts), list(uppers)
        self.steps: Sequence[int] = [upper + 1 for upper in uppers]

    def minor(self, amounts: Amounts) -> int:
        """Return the charge in minor units."""
        return self._amounts[bisect_left(self._uppers, amounts[self._index])]

    def lines(self, amounts: Amounts, currency: str) -> list[Line]:
        """Return the one line, or none where nothing is charged."""
        total = self.minor(amounts)
        if not total:
            return []
        schedule, version = self._origin
        return [Line(self._label, Money(total, currency), self._rule, schedule, version)]

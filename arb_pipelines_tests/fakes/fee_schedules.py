"""Random fee schedules, and a slow second opinion on what they charge.

What belongs here: schedules drawn from a seeded generator for the searches to be checked against every cent, and
the fee worked out from the same table in exact fractions, sharing no code with the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random
from typing import Any

from arb_pipelines.domain.fees import FeeCurve, FeeSchedules
from arb_pipelines.domain.fees_cards import FulfilmentCards
from arb_pipelines.domain.fees_files import parse_schedule
from arb_pipelines.domain.fees_options import SaleOptions
from arb_pipelines.domain.money import Money

ON = date(2025, 1, 1)
BASES = ("price", "price_and_shipping", "total_with_tax")


@dataclass(frozen=True)
class RandomSale:
    """One schedule with one category `most`, and the terms of a sale under it."""

    table: Mapping[str, Any]
    shipping: int
    tax_rate: Decimal
    options: SaleOptions

    def curve(self) -> FeeCurve:
        """Return the kernel's own view of it."""
        kernel = FeeSchedules([parse_schedule(self.table)], FulfilmentCards([]))
        shipping = Money(self.shipping, "USD")
        return kernel.curve(
            "random", "most", shipping=shipping, tax_rate=self.tax_rate, sold_on=ON, options=self.options
        )

    def fee_by_fractions(self, price: int) -> int:
        """Return the total fee in cents, each charge worked out in fractions and rounded half up."""
        subtotal = price + self.shipping
        total = subtotal + half_up(subtotal * Fraction(self.tax_rate))
        amount = dict(zip(BASES, (price, subtotal, total), strict=True))
        category = self.table["categories"]["most"]
        least = cents(category.get("minimum", "0"))
        fee = max(half_up(tiered(category, amount[category.get("base", self.table["base"])])), least)
        for row in self.table["order_fee"]:
            if "up_to" not in row or total <= cents(row["up_to"]):
                fee += cents(row["amount"])
                break
        if self.options.international:
            fee += half_up(total * Fraction(self.table["add_ons"]["international"]["rate"]))
        return fee


def half_up(exact: Fraction) -> int:
    """Round a number from 0 up to the nearest whole one, a half upwards."""
    return floor(exact + Fraction(1, 2))


def cents(text: str) -> int:
    """Return decimal text as cents."""
    return int(Fraction(text) * 100)


def tiered(category: Mapping[str, Any], amount: int) -> Fraction:
    """Return the exact percentage fee in cents."""
    below, fee = 0, Fraction(0)
    for tier in category["tiers"]:
        upper = cents(tier["up_to"]) if "up_to" in tier else amount
        rate = Fraction(tier["rate"])
        if category["kind"] == "step":
            if amount <= upper:
                return amount * rate
            continue
        if amount > below:
            fee += (min(amount, upper) - below) * rate
        below = max(below, upper)
    return fee


def random_sale(random: Random, *, kind: str | None = None) -> RandomSale:
    """Draw a sale whose jumps lie below 15.00, so that a search can be checked against every cent."""
    bounds = sorted(random.sample(range(1, 1_500), random.randint(0, 3)))
    order_bounds = sorted(random.sample(range(1, 1_200), random.randint(0, 2)))
    category: dict[str, Any] = {"kind": kind or random.choice(["portion", "step"]), "tiers": tiers(random, bounds)}
    if random.random() < 0.5:
        category["minimum"] = dollars(random.randint(0, 120))
    if random.random() < 0.5:
        category["base"] = random.choice(BASES)
    table = {
        "id": "random_2025",
        "channel": "random",
        "version": 1,
        "currency": "USD",
        "effective_from": ON,
        "source": "a random generator",
        "retrieved_on": ON,
        "fee_label": "fee",
        "base": random.choice(BASES),
        "default_plan": "p",
        "plans": {"p": {"label": "p"}},
        "order_fee": [
            *({"up_to": dollars(bound), "amount": dollars(random.randint(0, 150))} for bound in order_bounds),
            {"amount": dollars(random.randint(0, 150))},
        ],
        "refund": {"admin_rate": rate(random, 500_000), "admin_cap": dollars(random.randint(0, 300))},
        "add_ons": {"international": {"label": "abroad", "rate": rate(random, 80_000), "refundable": True}},
        "categories": {"most": category},
    }
    return RandomSale(
        table,
        shipping=random.choice([0, 0, random.randint(1, 500)]),
        tax_rate=random.choice([Decimal(0), Decimal("0.07"), Decimal("0.08875")]),
        options=SaleOptions(international=random.random() < 0.4),
    )


def tiers(random: Random, bounds: list[int]) -> list[dict[str, str]]:
    """Return tiers with these inclusive upper bounds in cents and random rates up to 45 %."""
    return [*({"up_to": dollars(bound), "rate": rate(random)} for bound in bounds), {"rate": rate(random)}]


def rate(random: Random, most_ppm: int = 450_000) -> str:
    """Return a random rate as decimal text, often with as many decimals as a schedule may have."""
    return str(Decimal(random.randint(0, most_ppm // 500) * 500 + random.choice([0, 0, 37])) / 1_000_000)


def dollars(minor: int) -> str:
    """Return cents as decimal text."""
    return f"{Decimal(minor) / 100:.2f}"

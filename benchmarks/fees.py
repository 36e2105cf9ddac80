"""Fees: microseconds a quote and a floor search, beside a plain Decimal version and a float version in the same run.

Run `python benchmarks/fees.py --json`. Times are CPU seconds of this process, the best of several rounds. The two
peers are what such a calculator usually looks like: Decimal arithmetic with a scan over every cent for the floor,
and floats. The run also counts on how many sales each peer differs from the kernel.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from time import process_time

from arb_pipelines.domain.fees import FeeCurve, floor_price, load_schedules
from arb_pipelines.domain.money import Money

SOLD_ON = date(2025, 3, 1)
TAX = Decimal("0.07")
CENT = Decimal("0.01")
ROI = Decimal("0.30")
# The same three categories of ebay_us_2025-02-14 that the kernel reads from its file.
TIERS = {
    "most": [(Decimal(7500), Decimal("0.136")), (None, Decimal("0.0235"))],
    "books": [(Decimal(7500), Decimal("0.153")), (None, Decimal("0.0235"))],
    "trading_cards": [(Decimal(7500), Decimal("0.1325")), (None, Decimal("0.0235"))],
}
FLOAT_TIERS = {
    name: [(None if upper is None else float(upper), float(rate)) for upper, rate in rows]
    for name, rows in TIERS.items()
}


def decimal_net(category: str, price: Decimal, shipping: Decimal) -> Decimal:
    """Return net proceeds as a careful hand-written Decimal calculator finds them."""
    subtotal = price + shipping
    total = subtotal + (subtotal * TAX).quantize(CENT, ROUND_HALF_UP)
    fee, below = Decimal(0), Decimal(0)
    for upper, rate in TIERS[category]:
        top = total if upper is None else min(total, upper)
        if top > below:
            fee += (top - below) * rate
            below = top
    fee = fee.quantize(CENT, ROUND_HALF_UP) + (Decimal("0.30") if total <= 10 else Decimal("0.40"))
    return subtotal - fee


def decimal_floor(category: str, cost: Decimal, shipping: Decimal) -> Decimal:
    """Return the floor by looking at every cent from zero up."""
    target, price = cost * (1 + ROI), Decimal(0)
    while decimal_net(category, price, shipping) < target:
        price += CENT
    return price


def float_net(category: str, price: float, shipping: float) -> float:
    """Return net proceeds as a calculator in floats finds them."""
    subtotal = price + shipping
    total = subtotal + round(subtotal * 0.07, 2)
    fee, below = 0.0, 0.0
    for upper, rate in FLOAT_TIERS[category]:
        top = total if upper is None else min(total, upper)
        if top > below:
            fee += (top - below) * rate
            below = top
    return subtotal - (round(fee, 2) + (0.30 if total <= 10 else 0.40))


def best_us(run: Callable[[], object], calls: int, rounds: int) -> float:
    """Return CPU microseconds a call, the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = process_time()
        run()
        best = min(best, process_time() - start)
    return best / calls * 1e6


def sales(count: int) -> list[tuple[str, int, int]]:
    """Return (category, price, landed cost) in cents, seeded; most items sell for 3 to 120 dollars."""
    random = Random(20250301)
    names = list(TIERS)
    drawn = [(random.choice(names), max(300, int(random.lognormvariate(7.6, 0.9)))) for _ in range(count)]
    return [(name, price, int(price * random.uniform(0.2, 1.1))) for name, price in drawn]


def measure(count: int) -> dict[str, object]:
    """Return all figures."""
    kernel = load_schedules()
    shipping = Money(400, "USD")
    some = sales(2_000)
    money = [(name, Money(price, "USD"), Money(cost, "USD")) for name, price, cost in some]
    decimals = [(name, Decimal(price) / 100, Decimal(cost) / 100) for name, price, cost in some]

    def curve(name: str) -> FeeCurve:
        return kernel.curve("ebay_us", name, shipping=shipping, tax_rate=TAX, sold_on=SOLD_ON)

    def quotes() -> None:
        for name, price, _ in money:
            kernel.quote("ebay_us", name, price=price, shipping=shipping, tax_rate=TAX, sold_on=SOLD_ON)

    quote_us = best_us(quotes, len(money), 7)
    net_us = best_us(lambda: [curve(name).net(price) for name, price, _ in some], len(some), 7)
    decimal_us = best_us(lambda: [decimal_net(name, price, Decimal(4)) for name, price, _ in decimals], len(some), 7)
    float_us = best_us(lambda: [float_net(name, price / 100, 4.0) for name, price, _ in some], len(some), 7)
    floor_us = best_us(lambda: [floor_price(curve(n), cost, min_roi=ROI) for n, _, cost in money[:300]], 300, 5)
    scan_us = best_us(lambda: [decimal_floor(n, cost, Decimal(4)) for n, _, cost in decimals[:40]], 40, 2)
    same_floors = sum(
        floor_price(curve(n), Money(cost, "USD"), min_roi=ROI).amount
        == decimal_floor(n, Decimal(cost) / 100, Decimal(4))
        for n, _, cost in some[:40]
    )
    evaluated = evaluate(count, curve)
    return {
        "python": platform.python_version(),
        "clock": "CPU seconds of the process, best of several rounds",
        "quote_us": round(quote_us, 2),
        "quote_goal_us": 20,
        "net_only_us": round(net_us, 2),
        "peer_decimal_net_us": round(decimal_us, 2),
        "peer_float_net_us": round(float_us, 2),
        "decimal_net_over_kernel_net": round(decimal_us / net_us, 2),
        "float_net_over_kernel_net": round(float_us / net_us, 2),
        "floor_search_us": round(floor_us, 1),
        "floor_goal_us": 1000,
        "peer_decimal_scan_us": round(scan_us, 1),
        "scan_over_search": round(scan_us / floor_us, 1),
        "floors_equal_to_scan": f"{same_floors}/40",
        **evaluated,
    }


def evaluate(count: int, curve: Callable[[str], FeeCurve]) -> dict[str, object]:
    """Evaluate opportunities: a quote with its ledger, the profit, and the floor; and count where peers differ."""
    many = sales(count)
    start = process_time()
    worthwhile = 0
    for name, price, cost in many:
        fees = curve(name)
        quote = fees.quote(Money(price, "USD"))
        floor = floor_price(fees, Money(cost, "USD"), min_roi=ROI)
        worthwhile += quote.net.minor - cost >= 300 and floor.minor <= price
    seconds = process_time() - start
    exact = [(curve(name).net(price), name, price) for name, price, _ in many]
    wrong_float = sum(round(float_net(name, price / 100, 4.0) * 100) != net for net, name, price in exact)
    wrong_decimal = sum(decimal_net(name, Decimal(price) / 100, Decimal(4)) * 100 != net for net, name, price in exact)
    return {
        "opportunities": count,
        "opportunities_worthwhile": worthwhile,
        "opportunities_cpu_s": round(seconds, 2),
        "opportunity_us": round(seconds / count * 1e6, 1),
        "float_nets_off_by_a_cent": wrong_float,
        "decimal_nets_different": wrong_decimal,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--count", type=int, default=100_000, help="opportunities to evaluate")
    arguments = parser.parse_args()
    found = measure(arguments.count)
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        for name, value in found.items():
            print(f"{name:>28}  {value}")


if __name__ == "__main__":
    main()

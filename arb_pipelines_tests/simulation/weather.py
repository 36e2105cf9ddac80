"""What may go wrong in a simulated day, and how often.

What belongs here: probabilities and bounds, and the draws from them. The bounds are those of the rules under test:
an answer at most 240 s late, an order visible at most 120 s late, a clock wrong by an hour or a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from arb_pipelines_tests.simulation.scheduling import Fate

HOUR_S, DAY_S = 3_600.0, 86_400.0


@dataclass(frozen=True)
class Weather:
    """Shares are of 1; `quiet()` is a day on which nothing goes wrong."""

    dies: float = 0.45
    dies_waiting: float = 0.15
    stalls: float = 0.08
    stall_s: float = 200.0
    refuses: float = 0.06
    drops: float = 0.05
    loses_answer: float = 0.08
    late: float = 0.08
    breaks: float = 0.03
    late_s: float = 240.0
    shown_after_s: float = 120.0
    timeout_s: float = 30.0
    doubled: float = 0.10
    outage: float = 0.03
    clock_jump: float = 0.025
    switch_flip: float = 0.04
    hand_order: float = 0.01
    busy: float = 0.30
    quote_off: float = 0.12

    def fate(self, random: Random) -> Fate:
        """Draw what befalls one worker."""
        fate = Fate()
        if random.random() < self.dies:
            fate.dies_at, fate.after = random.randint(1, 14), random.random() < 0.5
        if random.random() < self.stalls:
            fate.stalls_at, fate.stall_s = random.randint(1, 10), random.random() * self.stall_s
        return fate

    def fate_of(self, job: str, random: Random) -> Fate:
        """Draw what befalls one worker; half of those who reconcile begin late enough to meet an order under way."""
        fate = self.fate(random)
        if job == "reconcile" and random.random() < 0.5:
            fate.stalls_at, fate.stall_s = 1, random.random() * self.late_s
        return fate

    def answer(self, random: Random) -> str:
        """Draw how a shop meets an order."""
        draw = random.random()
        for name in ("refuses", "drops", "loses_answer", "late", "breaks"):
            draw -= getattr(self, name)
            if draw < 0:
                return name
        return "plain"


def quiet() -> Weather:
    """Return a day on which nothing goes wrong."""
    never = dict.fromkeys(
        ("dies", "dies_waiting", "stalls", "refuses", "drops", "loses_answer", "late", "breaks", "doubled"), 0.0
    )
    return Weather(
        **never, shown_after_s=0.0, outage=0.0, clock_jump=0.0, switch_flip=0.0, hand_order=0.0, quote_off=0.0
    )

"""Which of the latest offers are worth buying: load them, score them with what is known beside them, keep the answer.

What belongs here: the order of steps, the same at every cadence and in every mode. The rules are `domain/scoring.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from arb_pipelines.domain.fees import FeeSchedules
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.scoring import score_offers
from arb_pipelines.domain.scoring_rules import BuyingRules, Calibrate
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.market_views import with_what_is_known

LearnCalibration = Callable[[Books, datetime], Calibrate]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What one pass over the offers brought; `new` counts the opportunities that were not known before."""

    offers: int
    found: list[Opportunity]
    refused: list[RefusedOffer]
    new: int

    @property
    def reasons(self) -> dict[str, int]:
        """Return how many offers were refused by each reason code."""
        return dict(Counter(refusal.code for refusal in self.refused))


def decide_offers(
    books: Books, rules: BuyingRules, schedules: FeeSchedules, now: datetime, learn: LearnCalibration | None = None
) -> Decisions:
    """Score every offer that was read within the rules' age and keep opportunities and refusals.

    Args:
        books: our books; predictions, matches and outlets' answers are those they hold now.
        rules: what an offer must pass.
        schedules: the fee schedules.
        now: aware UTC.
        learn: makes of our own past deals how far a prediction holds for what we choose; None: as it stands.
    """
    offers = books.opportunities.load_offers(now - rules.max_age)
    known = with_what_is_known(books, rules, offers, now)
    known = known if learn is None else replace(known, calibrate=learn(books, now))
    found, refused = score_offers(offers, books.predictions.load(), schedules, known, now)
    return Decisions(len(offers), found, refused, books.opportunities.store(found, refused))

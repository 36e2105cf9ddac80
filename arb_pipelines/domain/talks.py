"""Talks with one seller, as the books keep them from the first offer to the end.

What belongs here: the record. What to offer next is `negotiation.py`; what is written and sent is
`services/messages.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.negotiation import Talks


@dataclass(frozen=True, slots=True)
class Negotiation:
    """Talks about one opportunity; `walk_away` is its max cost, and never rises.

    `recipient` is the outlet's name of the seller, `thread_id` the outlet's conversation where there is one.
    `version` counts the stages; `last_message_id` is our message that the seller has not answered. `closed_code` says
    how the talks ended.
    """

    negotiation_id: str
    opportunity_id: str
    outlet: str
    recipient: str
    title: str
    asking: Money
    walk_away: Money
    average: Money | None
    deadline_at: datetime
    opened_at: datetime
    thread_id: str | None = None
    offers: tuple[Money, ...] = ()
    counter: Money | None = None
    refused: bool = False
    last_message_id: str | None = None
    version: int = 1
    closed_code: str | None = None

    @property
    def talks(self) -> Talks:
        """What the rule of the next step reads."""
        return Talks(
            asking=self.asking,
            walk_away=self.walk_away,
            average=self.average,
            deadline_at=self.deadline_at,
            offers=self.offers,
            counter=self.counter,
            refused=self.refused,
        )

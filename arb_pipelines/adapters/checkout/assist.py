"""The default buyer of real sites: a person.

What belongs here: saying that nothing can be ordered there by machine. Purchasing then reports `person_required`
with the prepared link and the ceiling; the approval stays unused until a person has bought and says so.
"""

from __future__ import annotations

from arb_pipelines.domain.ports import Buyer


class AssistBuyers:
    """Finds no buyer for any site, so that every purchase is left to a person."""

    def buyer_for(self, site: str) -> Buyer | None:
        """Return None."""
        return None

    def close(self) -> None:
        """Release nothing; present so that every `Buyers` is closed alike."""

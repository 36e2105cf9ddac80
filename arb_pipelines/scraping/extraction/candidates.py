"""What the readers of a page propose: one candidate a field, value and place, with its weight.

What belongs here: the candidate itself and the sheet that collects them. Readers add, `vote.py` decides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

MAX_RAW_CHARS = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed value: `method` says how it was read (`json-ld`, `visible`, ...), `place` where on the page.

    `weight` is the reader's trust: 1 is a hint that needs company, 4 a clear statement about this product.
    """

    value: str
    method: str
    weight: float
    raw: str = ""
    place: str = ""


@dataclass(slots=True)
class CandidateSheet:
    """All candidates of a page, by field of `RawProduct`."""

    by_field: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self, field_name: str, value: str | None, method: str, weight: float, raw: object = "", place: str = ""
    ) -> None:
        """Propose `value` for a field; an empty value proposes nothing."""
        if value and weight > 0:
            shown = str(raw if raw not in ("", None) else value)[:MAX_RAW_CHARS]
            self.by_field[field_name].append(Candidate(value, method, weight, shown, place[:MAX_RAW_CHARS]))

    def of(self, field_name: str) -> list[Candidate]:
        """Return the candidates of a field, in the order they were added."""
        return self.by_field.get(field_name, [])

    def values(self, field_name: str) -> set[str]:
        """Return the proposed values of a field."""
        return {candidate.value for candidate in self.of(field_name)}

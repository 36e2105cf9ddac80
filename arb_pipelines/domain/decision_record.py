"""Where every cent comes from: a ledger of lines that sums exactly to its total.

What belongs here: the line, the record, and their round trip through JSON. The numbers themselves are made by
`fees.py`, `landed_cost.py`, `shipping.py` and `tax.py`; whoever shows or stores a decision keeps one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from arb_pipelines.domain.money import Money


class DecisionRefusal(ValueError):  # noqa: N818 - a refusal is an answer that a caller expects, not a fault
    """A number that is not certain, so that no decision may rest on it.

    `code` is stable and for programs; the message says what is wrong and how to mend it.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the reason code beside the sentence."""
        super().__init__(message)
        self.code = code


class DecisionRecordError(ValueError):
    """Lines that do not sum to the stated total, or a stored record that cannot be read back."""


class Line(NamedTuple):
    """One amount and the rule that made it.

    `schedule` and `version` name the dated data the rule was read from; None when the rule is arithmetic or
    the caller's own figure.
    """

    label: str
    amount: Money
    rule: str
    schedule: str | None = None
    version: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the line with its amount as decimal text."""
        return {
            "label": self.label,
            "amount": self.amount.text,
            "rule": self.rule,
            "schedule": self.schedule,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A named total and the lines that make it.

    Raises:
        DecisionRecordError: the lines do not sum to `total`, to the minor unit, in its currency.
    """

    kind: str
    lines: Sequence[Line]
    total: Money
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse a total that the lines do not explain."""
        for line in self.lines:
            if line.amount.currency != self.total.currency:
                raise DecisionRecordError(f"{line.label!r} is not in {self.total.currency}: {line.amount}")
        minor = sum(line.amount.minor for line in self.lines)
        if minor != self.total.minor:
            summed = Money(minor, self.total.currency)
            raise DecisionRecordError(f"the lines of {self.kind!r} sum to {summed}, not to {self.total}")

    @classmethod
    def of(cls, kind: str, lines: Iterable[Line], currency: str, notes: Sequence[str] = ()) -> DecisionRecord:
        """Return the record whose total is the sum of `lines` (zero `currency` when there are none)."""
        kept = tuple(lines)
        return cls(kind, kept, sum((line.amount for line in kept), Money.zero(currency)), tuple(notes))

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`; amounts are decimal text, never floats."""
        return {
            "kind": self.kind,
            "currency": self.total.currency,
            "total": self.total.text,
            "lines": [line.to_json() for line in self.lines],
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DecisionRecord:
        """Read back what `to_json` wrote, and check the sum again.

        Raises:
            DecisionRecordError: a field is missing or the stored lines do not sum to the stored total.
        """
        try:
            currency = data["currency"]
            lines = tuple(
                Line(
                    row["label"],
                    Money.exact(row["amount"], currency),
                    row["rule"],
                    row.get("schedule"),
                    row.get("version"),
                )
                for row in data["lines"]
            )
            total = Money.exact(data["total"], currency)
            return cls(data["kind"], lines, total, tuple(data.get("notes", ())))
        except (KeyError, TypeError, AttributeError) as error:
            raise DecisionRecordError(f"not a stored decision record: {error!r}") from error

    def __str__(self) -> str:
        """Return the ledger as aligned text, one line an amount, the total last."""
        rows = [(line.label, line.amount.text, _origin(line)) for line in self.lines]
        rows.append((self.kind, self.total.text, self.total.currency))
        label_width = max(len(row[0]) for row in rows)
        amount_width = max(len(row[1]) for row in rows)
        text = [f"{label:<{label_width}}  {amount:>{amount_width}}  {origin}" for label, amount, origin in rows]
        return "\n".join([*text, *(f"note: {note}" for note in self.notes)])


def _origin(line: Line) -> str:
    return line.rule if line.schedule is None else f"{line.rule} ({line.schedule} v{line.version})"

"""The vote: from all candidates of a field to one value, or to none.

What belongs here: how weights add up and when the page does not say enough. Unknown is an answer: a price that
is only guessed, or that good sources contradict, is not given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from arb_pipelines.scraping.extraction.candidates import Candidate


def decide(
    candidates: Sequence[Candidate], threshold: float, key: Callable[[str], str] = lambda value: value
) -> Candidate | None:
    """Return the winning candidate, or None when no value reaches `threshold`.

    Candidates whose values have the same `key` support each other. Of one method only the heaviest counts in
    full; more of the same adds a tenth, because a page that repeats itself proves nothing new.
    """
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[key(candidate.value)].append(candidate)
    best: Candidate | None = None
    best_weight = 0.0
    for group in groups.values():
        weight = support(group)
        if weight > best_weight + 1e-9:
            best, best_weight = max(group, key=lambda c: c.weight), weight
    return best if best_weight >= threshold else None


def support(group: Sequence[Candidate]) -> float:
    """Return the joint weight of candidates that agree."""
    by_method: dict[str, list[float]] = defaultdict(list)
    for candidate in group:
        by_method[candidate.method].append(candidate.weight)
    return sum(max(weights) + 0.1 * (sum(weights) - max(weights)) for weights in by_method.values())

"""How long a shop is left alone between two requests, by how it answers.

What belongs here: the rule only. The declared delay, or what robots.txt asks for if that is longer, is never
undercut; a shop that answers slowly gets more time, a shop that fails gets still more.
"""

from __future__ import annotations

LONGEST_DELAY_S = 30.0


def next_delay_s(current_s: float, floor_s: float, latency_s: float | None, is_ok: bool) -> float:
    """Return the delay from one request's start to the next one's, in seconds.

    Args:
        current_s: the delay in force.
        floor_s: the shortest allowed; a floor above the longest delay of 30 s holds as it is.
        latency_s: how long the answer took, None when there was none.
        is_ok: whether it was a page. Errors are short and fast: they may slow us down, never speed us up.
    """
    longest = max(LONGEST_DELAY_S, floor_s)
    target = latency_s or 0.0
    if not is_ok:
        return min(longest, max(floor_s, 2 * current_s, target))
    # Slower at once, faster by halves: one quick answer of a struggling shop proves little.
    return min(longest, max(floor_s, target, (current_s + target) / 2))


def delay_of_rate(requests: int, seconds: float) -> float:
    """Return the delay that a Request-rate of `requests` in `seconds` means; 0 when it says nothing."""
    return seconds / requests if requests > 0 and seconds > 0 else 0.0

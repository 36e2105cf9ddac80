"""Valid answers with one thing wrong, for every vendor's `parse.py`: only "unreadable" may come out.

What belongs here: the strategy. Which documents and readers there are stands beside each vendor's tests.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.decimals()
    | st.sampled_from(["", "x", "1.999", "USD", "-1", "9" * 50, "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "currency", "x"]), inner),
    max_leaves=4,
)


def paths(document: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value of a document."""
    found = [before] if before else []
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else [])
    )
    for key, value in inner:
        found += paths(value, (*before, key))
    return found


@st.composite
def broken(draw: st.DrawFn, document: Any) -> Any:
    """Draw the document with one value replaced by anything, or taken away."""
    changed = copy.deepcopy(document)
    *way, last = draw(st.sampled_from(paths(document)))
    inner: Any = changed
    for key in way:
        inner = inner[key]
    if draw(st.booleans()):
        inner[last] = draw(JSON)
    else:
        del inner[last]
    return changed

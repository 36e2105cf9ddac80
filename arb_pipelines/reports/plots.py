"""Pictures of reports.

What belongs here: drawing, as PNG. Matplotlib is loaded only when something is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2")
MOST_BARS = 20
LONGEST_LABEL = 32
LAST_DRAWABLE = "\u0250"  # matplotlib's own font has all Latin letters before it


def draw_bars(labels: Sequence[str], series: Mapping[str, Sequence[float]], unit: str) -> bytes:
    """Return a PNG of horizontal bars, the first label on top; no labels give empty axes.

    Args:
        labels: at most 20 are drawn.
        series: values by name, each as long as `labels`.
        unit: what the values are.
    """
    from matplotlib.figure import Figure

    shown = [_plain(label) for label in labels[:MOST_BARS]]
    figure = Figure(figsize=(8, 1.2 + 0.32 * max(3, len(shown))), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / max(1, len(series))
    for number, (name, values) in enumerate(series.items()):
        places = [place + number * width for place in range(len(shown))]
        axes.barh(places, list(values[:MOST_BARS]), height=width, color=COLOURS[number % len(COLOURS)], label=name)
    axes.set_yticks([place + 0.4 - width / 2 for place in range(len(shown))], shown)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.axvline(0, color="black", linewidth=0.8)
    if shown and len(series) > 1:
        axes.legend()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return drawn.getvalue()


def _plain(label: str) -> str:
    """A dollar sign would begin a formula, and what no font can draw would be a warning."""
    drawable = "".join(letter if letter < LAST_DRAWABLE and letter.isprintable() else "?" for letter in label)
    short = drawable if len(drawable) <= LONGEST_LABEL else f"{drawable[: LONGEST_LABEL - 3]}..."
    return short.replace("$", "\\$") or "-"

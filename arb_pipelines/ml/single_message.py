"""One message's features without the batch machinery.

What belongs here: the same figures that the fitted vectorizers give, for one text at a time. Scikit-learn's transform
of one message through three vectorizers took 10-27 ms on a busy slow core, nearly all of it bookkeeping for batches;
a person at the desk and a webhook wait for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _Block:
    analyze: Callable[[str], Iterable[str]]
    places: Mapping[str, int]  # of the word among the block's features
    weights: Any  # inverse document frequency by place
    start: int  # of the block among all features


class SingleMessage:
    """Features of one text, as the fitted TF-IDF vectorizers (sublinear, L2) side by side give them."""

    def __init__(self, vectorizers: Sequence[Any]) -> None:
        """Read the fitted vectorizers, in the order of their features."""
        self._blocks: list[_Block] = []
        start = 0
        for vectorizer in vectorizers:
            block = _Block(vectorizer.build_analyzer(), vectorizer.vocabulary_, vectorizer.idf_, start)
            self._blocks.append(block)
            start += len(vectorizer.vocabulary_)

    def features(self, text: str) -> tuple[Any, Any]:
        """Return the places of the features that a text has, ascending within each block, and their values."""
        import numpy as np

        places: list[int] = []
        values: list[float] = []
        for block in self._blocks:
            found, block_values = _weigh(block, text)
            places += found
            values += block_values
        return np.asarray(places, dtype=np.intp), np.asarray(values, dtype=np.float32)


def _weigh(block: _Block, text: str) -> tuple[list[int], list[float]]:
    counts = Counter(block.analyze(text))
    known = sorted((block.places[word], count) for word, count in counts.items() if word in block.places)
    weighed = [(1.0 + math.log(count)) * float(block.weights[place]) for place, count in known]
    length = math.sqrt(sum(value * value for value in weighed)) or 1.0
    return [block.start + place for place, _ in known], [value / length for value in weighed]

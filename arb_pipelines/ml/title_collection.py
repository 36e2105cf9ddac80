"""What a whole collection of titles says about its phrases: how often one begins a title, and what stands behind it.

What belongs here: counts over titles that are read together, without labels. A maker begins many titles and other
words follow it each time; a product line begins as many, and the same few words follow.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log, log1p

Words = tuple[str, ...]

MAX_WORDS = 4  # of a maker; fewer than one maker in fifty has more
NO_SPREAD_KNOWN = 0.5  # of a phrase that was met once at most


class TitleCollection:
    """Counts over the distinct titles of a collection; memory grows with them (about 3 kB a title)."""

    def __init__(self, titles: Iterable[Words]) -> None:
        """Count titles given as lower-case words."""
        self._starts: Counter[Words] = Counter()
        self._titles_with: Counter[Words] = Counter()
        self._behind: dict[Words, Counter[str]] = defaultdict(Counter)
        self._before: dict[Words, set[str]] = defaultdict(set)
        for title in set(titles):
            self._count(title)

    def _count(self, title: Words) -> None:
        for length in range(1, min(MAX_WORDS, len(title)) + 1):
            self._starts[title[:length]] += 1
            self._behind[title[:length]][title[length] if length < len(title) else ""] += 1
        met: set[Words] = set()
        for place in range(len(title)):
            met.update(title[place : place + length] for length in range(1, MAX_WORDS + 1))
            before = title[place - 1] if place else ""
            self._before[title[place : place + 2]].add(before)
            self._before[title[place : place + 1]].add(before)
        self._titles_with.update(met)

    def starts(self, phrase: Words) -> int:
        """Return how many titles begin with the phrase."""
        return self._starts[phrase] if phrase else 0

    def titles_with(self, phrase: Words) -> int:
        """Return how many titles contain the phrase."""
        return self._titles_with[phrase] if phrase else 0

    def words_before(self, phrase: Words) -> int:
        """Return how many different words stand before a phrase of one or two words."""
        return len(self._before.get(phrase, ()))

    def words_behind(self, phrase: Words) -> int:
        """Return how many different words follow the phrase where it begins a title."""
        return len(self._behind.get(phrase, ()))

    def main_share(self, phrase: Words) -> float:
        """Return the share of the commonest word behind the phrase; 0 for a phrase that begins no title."""
        behind = self._behind.get(phrase)
        return max(behind.values()) / self._starts[phrase] if behind else 0.0

    def spread(self, phrase: Words) -> float:
        """Return the entropy of the word behind a leading phrase, from 0 (always the same) to 1 (always another)."""
        count = self._starts[phrase] if phrase else 0
        if count < 2:
            return NO_SPREAD_KNOWN
        return -sum(n / count * log(n / count) for n in self._behind[phrase].values()) / log(count)

    def variety(self, phrase: Words) -> float:
        """Return the number of different words behind a leading phrase, per title that begins with it."""
        count = self.starts(phrase)
        return self.words_behind(phrase) / count if count else 0.0

    def evidence(self, phrase: Words) -> list[float]:
        """Return what the collection says about one phrase, as numbers for a learner."""
        starts, met = self.starts(phrase), self.titles_with(phrase)
        return [
            log1p(starts),
            log1p(met),
            starts / met if met else 0.0,
            self.variety(phrase),
            self.main_share(phrase),
            log1p(self.words_behind(phrase)),
            self.spread(phrase),
            starts / max(self.starts(phrase[:-1]), 1) if len(phrase) > 1 else 1.0,
            met / max(self.titles_with(phrase[:-1]), 1) if len(phrase) > 1 else 1.0,
            met / max(self.titles_with(phrase[1:]), 1) if len(phrase) > 1 else 1.0,
            *self.outline(phrase[:-1]),
            *self.word_evidence(phrase[-1]),
            *self.word_evidence(phrase[0]),
        ]

    def outline(self, phrase: Words) -> list[float]:
        """Return the least that a neighbouring phrase (one word more or less) is compared by."""
        siblings = self.variety(phrase[:-1]) if len(phrase) > 1 else 0.0
        return [log1p(self.starts(phrase)), self.variety(phrase), self.spread(phrase), siblings]

    def word_evidence(self, word: str) -> list[float]:
        """Return how common a word is, how many words stand before it, and how often it begins a title."""
        met, before, starts = self.titles_with((word,)), self.words_before((word,)), self.starts((word,))
        return [log1p(met), log1p(before), before / max(met, 1), starts / max(met, 1)]

    def rest_evidence(self, words: Words) -> list[float]:
        """Return whether the words behind a candidate begin titles themselves: "acme | photo shop" and "photo shop"."""
        two, three = words[:2], words[:3] if len(words) >= 3 else ()
        return [
            log1p(self.starts(two)),
            log1p(self.starts(three)),
            log1p(self.words_before(two)),
            log1p(self.titles_with(two)),
            log1p(self.titles_with(three)),
        ]

"""How rare each word is and where a text lies: statistics of all texts on one side of a comparison.

What belongs here: the fitted `Corpus` (word rarity, TF-IDF and LSA vectors). It reads texts only, never labels.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from arb_pipelines.ml.matching_text import ParsedText

_WORD = re.compile(r"\d+\.\d+|[^\W_]+")
LSA_DIMENSIONS = 96
MAX_CHAR_FEATURES = 200_000
SEED = 7


@dataclass(frozen=True, slots=True)
class Corpus:
    """Word rarity over `size` texts. `idf` is log(size / texts with the word), and `unseen` that of a new word."""

    size: int
    idf: dict[str, float]
    unseen: float

    def rarity(self, word: str) -> float:
        """Return how much a word tells, from 0 (in every text) to 1 (in one text or none)."""
        return self.idf.get(word, self.unseen) / self.unseen


def fit_corpus(texts: Iterable[ParsedText]) -> Corpus:
    """Count in how many texts each word, joined word and code stands."""
    counts: Counter[str] = Counter()
    size = 0
    for text in texts:
        size += 1
        counts.update(text.word_set | text.joined)
    unseen = math.log(size + 2)
    return Corpus(size, {word: math.log((size + 2) / (n + 0.5)) for word, n in counts.items() if n > 1}, unseen)


def vectorise(plain: Sequence[str]) -> dict[str, Any]:
    """Return unit-length vectors of the texts: words and character n-grams (sparse), and LSA of both (dense float32).

    Args:
        plain: texts as `plain_text` gives them; the vectors are in their order.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(analyzer=_WORD.findall, sublinear_tf=True, dtype=np.float32)
    chars = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=MAX_CHAR_FEATURES, dtype=np.float32
    )
    filled = [text or "none" for text in plain]
    by_word, by_char = words.fit_transform(filled), chars.fit_transform(filled)
    return {"word": by_word, "char": by_char, "lsa": _reduce(by_char)}


def _reduce(matrix: Any) -> np.ndarray:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    dimensions = max(2, min(LSA_DIMENSIONS, min(matrix.shape) - 1))
    reduced = TruncatedSVD(dimensions, random_state=SEED).fit_transform(matrix)
    return normalize(reduced).astype("float32")

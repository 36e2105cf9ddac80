"""What a customer's message wants, or "not one of the things we answer": a linear classifier on CPU.

What belongs here: features, training, the hand-over decision and its confidence. A message that resembles nothing
in the training goes to a person; the share of ordinary messages that may is the caller's (`hand_over`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from arb_pipelines.ml.single_message import SingleMessage

MAX_MESSAGE_CHARS = 2000  # a longer message is cut: its first lines say what it wants
HAND_OVER = 0.10
BATCH = 256  # likeness to every training message is a dense table: 15 MB for 256 by 15,000
PENALTY = 1.0  # LinearSVC's C
# How much the nearest training message counts beside the classifier's score when deciding to hand over.
NEIGHBOUR_WEIGHT = 1.0
PAIR_REACH = 4  # words of a pair stand at most this far apart
_WORD = re.compile(r"\w+(?:'\w+)?")


@dataclass(frozen=True, slots=True)
class IntentAnswer:
    """`intent` None: hand over to a person. `confidence` is the chance that `best_guess` is right."""

    intent: str | None
    best_guess: str | None
    confidence: float


@cache
def _stemmer() -> tuple[str, Callable[[str], str]]:
    """Return NLTK's Snowball stemmer (it needs no data), or plain words where NLTK is not installed."""
    try:
        from nltk.stem.snowball import SnowballStemmer
    except ImportError:
        return "none (nltk is not installed)", str
    return "nltk snowball", cache(SnowballStemmer("english").stem)


def stemmer_name() -> str:
    """Return which stemmer a training here uses; a benchmark prints it."""
    return _stemmer()[0]


def stem_phrases(message: str) -> list[str]:
    """Return stems and pairs of neighbouring stems."""
    stems = _stems(message)
    return stems + [f"{first} {second}" for first, second in pairwise(stems)]


def stem_pairs(message: str) -> list[str]:
    """Return unordered pairs of stems that stand near each other, the message's ends included."""
    stems = ["<", *_stems(message), ">"]
    return [
        " ".join(sorted((stem, other)))
        for place, stem in enumerate(stems)
        for other in stems[place + 1 : place + 1 + PAIR_REACH]
    ]


def _stems(message: str) -> list[str]:
    stem = _stemmer()[1]
    return [stem(word) for word in _WORD.findall(message.lower())]


def _features() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    return FeatureUnion(
        [
            ("phrases", TfidfVectorizer(analyzer=stem_phrases, sublinear_tf=True)),
            ("pairs", TfidfVectorizer(analyzer=stem_pairs, sublinear_tf=True, min_df=2)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)),
        ]
    )


class IntentModel:
    """A trained classifier. Reading one message takes milliseconds, training 15,000 messages about 20 CPU-seconds."""

    def __init__(self, texts: Sequence[str], intents: Sequence[str], out_of_scope: Sequence[str] = ()) -> None:
        """Train on messages with their intents; `out_of_scope` holds messages that are none of them, if known.

        Raises:
            ValueError: fewer than two intents, or no word in any message.
        """
        import numpy as np
        from sklearn.preprocessing import normalize
        from sklearn.svm import LinearSVC

        if len(set(intents)) < 2:
            raise ValueError("an intent model needs messages of at least two intents")
        order = sorted(range(len(texts)), key=lambda row: intents[row])
        wanted = np.array([intents[row] for row in order])
        self._features = _features()
        rows = self._features.fit_transform([_cut(texts[row]) for row in order]).astype(np.float32)
        self.intents, self._starts = np.unique(wanted, return_index=True)
        self._neighbours = normalize(rows).T.tocsr()
        self._weights, self._offsets = _fit(LinearSVC(C=PENALTY), rows, wanted, self._known_strangers(out_of_scope))
        self._single = SingleMessage([vectorizer for _, vectorizer in self._features.transformer_list])
        self._threshold: float | None = None
        self._slope, self._middle = 1.0, 0.0

    def calibrate(self, texts: Sequence[str], intents: Sequence[str], hand_over: float = HAND_OVER) -> None:
        """Set the hand-over threshold and the confidence on messages that were not trained on.

        Args:
            texts: messages in scope.
            intents: what they want.
            hand_over: share of messages in scope that may go to a person.
        """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        guesses, familiarity = self.score(texts)
        self._threshold = float(np.quantile(familiarity, hand_over))
        right = guesses == np.array(intents)
        if 0 < right.sum() < len(right):
            curve = LogisticRegression().fit(familiarity.reshape(-1, 1), right)
            self._slope, self._middle = float(curve.coef_[0, 0]), float(curve.intercept_[0])

    def score(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Return the best intent of each message and how familiar the message looks (no unit; higher is more).

        Args:
            texts: at least one message.
        """
        import numpy as np

        batches = [self._score_batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate([guess for guess, _ in batches]), np.concatenate([found for _, found in batches])

    def _score_batch(self, texts: Sequence[str]) -> tuple[Any, Any]:
        import numpy as np
        from sklearn.preprocessing import normalize

        rows = self._features.transform([_cut(text) for text in texts]).astype(np.float32)
        scores = np.asarray(rows @ self._weights) + self._offsets
        likeness = (normalize(rows) @ self._neighbours).toarray()
        nearest = np.maximum.reduceat(likeness, self._starts, axis=1)
        return self.intents[scores.argmax(axis=1)], (scores + NEIGHBOUR_WEIGHT * nearest).max(axis=1)

    def answer(self, text: str) -> IntentAnswer:
        """Return what one message wants; without a word in it, or below the threshold, nobody guesses.

        Raises:
            RuntimeError: the model was not calibrated.
        """
        import math

        if self._threshold is None:
            raise RuntimeError("calibrate the intent model before it answers")
        if not _WORD.search(_cut(text)):
            return IntentAnswer(None, None, 0.0)
        guess, familiarity = self.score_one(text)
        chance = 1 / (1 + math.exp(-(self._slope * familiarity + self._middle)))
        return IntentAnswer(guess if familiarity >= self._threshold else None, guess, round(chance, 3))

    def score_one(self, text: str) -> tuple[str, float]:
        """Return the same as `score` for one text, in a tenth of the time."""
        import numpy as np

        places, values = self._single.features(_cut(text))
        scores = values @ self._weights[places] + self._offsets
        length = float(np.sqrt(values @ values)) or 1.0
        likeness = (self._neighbours[places].T @ (values / length)).ravel()
        nearest = np.maximum.reduceat(likeness, self._starts)
        return str(self.intents[scores.argmax()]), float((scores + NEIGHBOUR_WEIGHT * nearest).max())

    @property
    def threshold(self) -> float | None:
        """The familiarity below which a message is handed over; None before `calibrate`."""
        return self._threshold

    def _known_strangers(self, texts: Sequence[str]) -> Any:
        import numpy as np

        return self._features.transform([_cut(text) for text in texts]).astype(np.float32) if texts else None


def _fit(classifier: Any, rows: Any, wanted: Any, strangers: Any) -> tuple[Any, Any]:
    """Return weights (features x intents) and offsets of one-against-the-rest classifiers.

    Strangers are the rest for every intent. As an intent of their own they caught 17 % of what is out of scope; as
    the rest they lower every score for what resembles them.
    """
    import numpy as np
    from scipy.sparse import vstack

    if strangers is not None:
        rows = vstack([rows, strangers]).tocsr()
        wanted = np.concatenate([wanted, np.full(strangers.shape[0], "")])
    classifier.fit(rows, wanted)
    kept = classifier.classes_ != ""
    if len(classifier.classes_) == 2:  # scikit-learn keeps one row of weights for two classes
        weights = np.vstack([-classifier.coef_, classifier.coef_])
        offsets = np.concatenate([-classifier.intercept_, classifier.intercept_])
    else:
        weights, offsets = classifier.coef_, classifier.intercept_
    return np.ascontiguousarray(weights[kept].T, dtype=np.float32), offsets[kept].astype(np.float32)


def _cut(text: str) -> str:
    return text[:MAX_MESSAGE_CHARS].replace("\x00", " ")

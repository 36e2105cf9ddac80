"""Support messages: right answers, strangers handed over and milliseconds a message, beside plain TF-IDF + logistic.

Run `python benchmarks/support.py --json`. Data: the set of intents under ARB_SHARED_DIR (default ../shared, rows of
train, val and test, and messages that are out of scope); `--data FILE` takes another of the same columns, `--rows N`
only so many training rows. Both models are trained on the same rows in the same run, and both hand over the same share
of the validation messages. Latency is one message at a time, wall and CPU (other programs share the machine). Last, the
model that `arb support` uses, trained on the lessons in the package, is measured in the same way.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from arb_pipelines.cli.bench.intents import Messages, load_messages
from arb_pipelines.ml.support_intent import IntentModel, stemmer_name
from arb_pipelines.ml.support_training import load_lessons, train

TOP = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ARB_SHARED_DIR", TOP.parent / "shared"))
DATA = SHARED / "data" / "intents" / "clinc150" / "intents.parquet"
HAND_OVER = 0.10
TIMED = 1000
GOAL_MS = 5.0
Score = Callable[[Sequence[str]], tuple[Any, Any]]


class PlainPeer:
    """TF-IDF of words and logistic regression, as a first chapter would build it; the class probability decides."""

    def __init__(self, train_part: Messages) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self._pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=200, C=10.0))
        self._pipeline.fit(train_part.texts, train_part.intents)

    def score(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Return the best intent of each message and its probability."""
        chances = self._pipeline.predict_proba(list(texts))
        return self._pipeline.classes_[chances.argmax(axis=1)], chances.max(axis=1)


def accuracy(parts: dict[str, Messages], score: Score) -> dict[str, float | None]:
    """Return the share of right answers, and of strangers that are handed over, at one share of the validation."""
    valid, test = parts["valid"], parts["test"]
    threshold = float(np.quantile(score(valid.texts)[1], HAND_OVER))
    guesses, familiarity = score(test.texts)
    right, kept = guesses == np.array(test.intents), familiarity >= threshold
    strangers = (score(test.strangers)[1] < threshold).mean() if test.strangers else None
    return {
        "accuracy": round(float(right.mean()), 4),
        "accuracy_answered": round(float(right[kept].mean()), 4),
        "handed_over": round(float(1 - kept.mean()), 4),
        "out_of_scope_recall": None if strangers is None else round(float(strangers), 4),
    }


def latency(ask: Callable[[str], Any], texts: Sequence[str]) -> dict[str, float]:
    """Return milliseconds of one message at a time, after twenty that warm up."""
    for text in texts[:20]:
        ask(text)
    wall_ms, cpu_ms = [], []
    for text in texts[:TIMED]:
        wall_s, cpu_s = perf_counter(), process_time()
        ask(text)
        wall_ms.append((perf_counter() - wall_s) * 1000)
        cpu_ms.append((process_time() - cpu_s) * 1000)
    shares = {"p50": 0.5, "p99": 0.99}
    return {
        f"{kind}_ms_{name}": round(float(np.quantile(values, share)), 2)
        for kind, values in (("wall", wall_ms), ("cpu", cpu_ms))
        for name, share in shares.items()
    }


def trained(build: Callable[[], Any]) -> tuple[Any, float]:
    """Return a model and the CPU-seconds that its training took."""
    started_s = process_time()
    model = build()
    return model, round(process_time() - started_s, 1)


def measure(data: Path, rows: int | None) -> dict[str, Any]:
    """Return every figure of one run."""
    parts = load_messages(data)
    learn, valid, test = parts["train"], parts["valid"], parts["test"]
    if rows is not None and rows < len(learn.texts):
        step = len(learn.texts) / rows
        chosen = [int(place * step) for place in range(rows)]
        learn.texts, learn.intents = [learn.texts[i] for i in chosen], [learn.intents[i] for i in chosen]
    ours, ours_cpu_s = trained(lambda: IntentModel(learn.texts, learn.intents, learn.strangers))
    ours.calibrate(valid.texts, valid.intents, HAND_OVER)
    peer, peer_cpu_s = trained(lambda: PlainPeer(learn))
    mixed = [text for pair in zip(test.texts, test.strangers or test.texts, strict=False) for text in pair]
    shipped, shipped_cpu_s = trained(lambda: train(load_lessons()))
    return {
        "data": data.name,
        "train": len(learn.texts),
        "test_in_scope": len(test.texts),
        "test_out_of_scope": len(test.strangers),
        "intents": len(set(learn.intents)),
        "stemmer": stemmer_name(),
        "ours": {**accuracy(parts, ours.score), **latency(ours.answer, mixed), "train_cpu_s": ours_cpu_s},
        "plain_tfidf_logistic": {
            **accuracy(parts, peer.score),
            **latency(lambda text: peer.score([text]), mixed),
            "train_cpu_s": peer_cpu_s,
        },
        "shipped_lessons": {
            "messages": sum(map(len, load_lessons().by_intent.values())),
            "intents": len(load_lessons().by_intent),
            **latency(shipped.answer, mixed),
            "train_cpu_s": shipped_cpu_s,
        },
        "goal_wall_ms_p99": GOAL_MS,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="Parquet or CSV with split, text and intent")
    parser.add_argument("--rows", type=int, help="train on so many rows at most")
    options = parser.parse_args()
    if not options.data.is_file():
        print(f"no messages at {options.data}: set ARB_SHARED_DIR, or give --data FILE", file=sys.stderr)
        raise SystemExit(2)
    result = measure(options.data, options.rows)
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()

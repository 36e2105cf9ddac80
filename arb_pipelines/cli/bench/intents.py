"""`arb bench intents`: how well support messages are understood, beside the nearest training message.

What belongs here: the table's columns, which rows play which part, the figures, and the command. The model is
`ml/support_intent.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from arb_pipelines.cli.bench.files import DataFileError, read_table

NEEDED = ("split", "text", "intent")
STRANGER_NAMES = frozenset({"oos", "out_of_scope", "out-of-scope", "ood"})
PARTS = {"train": "train", "val": "valid", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}
HELD_BACK = 7  # without validation rows every 7th training row of each intent calibrates
TIMED_MESSAGES = 500


@dataclass(slots=True)
class Messages:
    """Messages of one part of the data: those with an intent, and those that are out of scope."""

    texts: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def intents(
    data: Annotated[
        Path,
        typer.Option(
            help="Parquet, CSV or NDJSON with split (train, val, test; oos_* for out of scope), text and intent "
            "('oos' for out of scope)."
        ),
    ],
    hand_over: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of messages in scope that may go to a person.")
    ] = 0.10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train on the train rows, set the hand-over on the validation rows, and score the test rows.

    `accuracy` is over all test messages in scope; `out_of_scope_recall` is the share of foreign messages that go to
    a person at the threshold that hands over `--hand-over` of the validation messages in scope.

    Example: arb bench intents --data intents.parquet --json
    """
    try:
        parts = load_messages(data)
        result = measure(parts, hand_over)
    except DataFileError as error:
        typer.echo(f"arb bench intents: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        _print_table(result)


def load_messages(path: Path) -> dict[str, Messages]:
    """Return the messages of the parts train, valid and test.

    Raises:
        DataFileError: the file cannot be read, lacks a column, or has no training or test rows.
    """
    frame = read_table(path, NEEDED)
    parts = {part: Messages() for part in ("train", "valid", "test")}
    for split, text, intent in frame.select(*NEEDED).iter_rows():
        if intent is not None:
            _sort_in(parts, str(split).lower(), str(text or ""), str(intent))
    if len(set(parts["train"].intents)) < 2 or not parts["test"].texts:
        raise DataFileError(f"{path}: needs rows of split 'train' with two or more intents, and of split 'test'")
    if not parts["valid"].texts:
        _hold_back(parts)
    if not parts["valid"].texts:
        raise DataFileError(
            f"{path}: needs rows of split 'val', or {HELD_BACK} training rows of an intent to spare one"
        )
    if not any(any(letter.isalpha() for letter in text) for text in parts["train"].texts):
        raise DataFileError(f"{path}: no training row has words in it")
    return parts


def _sort_in(parts: dict[str, Messages], split: str, text: str, intent: str) -> None:
    part = PARTS.get(split.removeprefix("oos_"))
    if part is None:
        return
    if split.startswith("oos_") or intent.lower() in STRANGER_NAMES:
        parts[part].strangers.append(text)
    else:
        parts[part].texts.append(text)
        parts[part].intents.append(intent)


def _hold_back(parts: dict[str, Messages]) -> None:
    """Move every seventh message of each intent from training to validation."""
    train, kept, seen = parts["train"], Messages(), dict.fromkeys(parts["train"].intents, 0)
    for text, intent in zip(train.texts, train.intents, strict=True):
        seen[intent] += 1
        part = parts["valid"] if seen[intent] % HELD_BACK == 0 else kept
        part.texts.append(text)
        part.intents.append(intent)
    train.texts, train.intents = kept.texts, kept.intents


def measure(parts: dict[str, Messages], hand_over: float) -> dict[str, Any]:
    """Return the figures of our model and of the nearest training message."""
    from arb_pipelines.ml.support_intent import IntentModel, stemmer_name

    train, valid, test = parts["train"], parts["valid"], parts["test"]
    started = time.process_time()
    model = IntentModel(train.texts, train.intents, train.strangers)
    model.calibrate(valid.texts, valid.intents, hand_over)
    fit_cpu_s = time.process_time() - started
    ours = _figures(parts, hand_over, model.score) | {"fit_cpu_s": round(fit_cpu_s, 1)} | _latency(model, test.texts)
    return {
        "train": len(train.texts),
        "test_in_scope": len(test.texts),
        "test_out_of_scope": len(test.strangers),
        "intents": len(set(train.intents)),
        "hand_over": hand_over,
        "stemmer": stemmer_name(),
        "ours": ours,
        "nearest_message": _figures(parts, hand_over, _nearest(train)),
    }


def _figures(parts: dict[str, Messages], hand_over: float, score: Any) -> dict[str, float | None]:
    import numpy as np

    valid, test = parts["valid"], parts["test"]
    threshold = float(np.quantile(score(valid.texts)[1], hand_over))
    guesses, familiarity = score(test.texts)
    right, kept = guesses == np.array(test.intents), familiarity >= threshold
    strangers = test.strangers
    return {
        "accuracy": round(float(right.mean()), 4),
        "accuracy_answered": round(float(right[kept].mean()), 4) if kept.any() else None,
        "handed_over": round(float(1 - kept.mean()), 4),
        "out_of_scope_recall": round(float((score(strangers)[1] < threshold).mean()), 4) if strangers else None,
    }


def _nearest(train: Messages) -> Any:
    """Return the baseline: the intent of the training message with the most similar words (TF-IDF, cosine)."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer()
    known = words.fit_transform(train.texts).T.tocsr()
    wanted = np.array(train.intents)

    def score(texts: Sequence[str]) -> tuple[Any, Any]:
        nearest, likeness = [], []
        for start in range(0, len(texts), 256):
            table = (words.transform(texts[start : start + 256]) @ known).toarray()
            nearest.append(table.argmax(axis=1))
            likeness.append(table.max(axis=1))
        return wanted[np.concatenate(nearest)], np.concatenate(likeness)

    return score


def _latency(model: Any, texts: Sequence[str]) -> dict[str, float]:
    """Return milliseconds a message, answered one at a time; CPU time, because other programs share the machine."""
    import numpy as np

    cpu_ms, wall_ms = [], []
    for text in texts[:TIMED_MESSAGES]:
        cpu, wall = time.process_time(), time.perf_counter()
        model.answer(text)
        cpu_ms.append((time.process_time() - cpu) * 1000)
        wall_ms.append((time.perf_counter() - wall) * 1000)
    return {
        "cpu_ms_p50": round(float(np.quantile(cpu_ms, 0.5)), 2),
        "cpu_ms_p99": round(float(np.quantile(cpu_ms, 0.99)), 2),
        "wall_ms_p99": round(float(np.quantile(wall_ms, 0.99)), 2),
    }


def _print_table(result: dict[str, Any]) -> None:
    from rich.table import Table

    from arb_pipelines.cli.tables import print_table

    title = f"{result['intents']} intents, {result['test_in_scope']} + {result['test_out_of_scope']} test messages"
    table = Table("figure", "ours", "nearest message", title=title)
    for name, ours in result["ours"].items():
        theirs = result["nearest_message"].get(name)
        table.add_row(name, "-" if ours is None else str(ours), "" if theirs is None else str(theirs))
    print_table(table)

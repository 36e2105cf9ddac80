"""The support assistant's intent model: the lessons in the package, and a model trained on them.

What belongs here: reading the lessons, and training once a process. How messages are understood is
`support_intent.py`.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice, product

from arb_pipelines.ml.support_intent import IntentModel

MOST_A_PATTERN = 5  # more wordings of one sentence teach nothing new
HELD_BACK = 6  # every sixth message of an intent sets the confidence and is not trained on
HAND_OVER = 0.05
SEED = 7
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Lessons:
    """Messages by what they want, and messages that are none of our business."""

    by_intent: Mapping[str, tuple[str, ...]]
    strangers: tuple[str, ...]


def load_lessons() -> Lessons:
    """Return the lessons in the package, each pattern written out with its words."""
    text = (resources.files("arb_pipelines.ml") / "data" / "support_messages.toml").read_text("utf-8")
    table = tomllib.loads(text)
    words: Mapping[str, list[str]] = table["words"]
    by_intent = {
        intent: tuple(dict.fromkeys(message for pattern in patterns for message in write_out(pattern, words)))
        for intent, patterns in table["intents"].items()
    }
    return Lessons(by_intent, tuple(table["strangers"]["messages"]))


def write_out(pattern: str, words: Mapping[str, list[str]]) -> list[str]:
    """Return a pattern with the words of its slots, at most `MOST_A_PATTERN` of them."""
    slots = _SLOT.findall(pattern)
    written: list[str] = []
    for chosen in islice(product(*(words[slot] for slot in slots)), MOST_A_PATTERN):
        message = pattern
        for slot, word in zip(slots, chosen, strict=True):
            message = message.replace(f"{{{slot}}}", word, 1)
        written.append(message)
    return written


def train(lessons: Lessons, hand_over: float = HAND_OVER) -> IntentModel:
    """Return a model trained and calibrated on lessons; takes some CPU seconds.

    Args:
        lessons: what to learn from.
        hand_over: the share of ordinary messages that may go to a person.
    """
    draw = random.Random(SEED)  # noqa: S311 - shuffles lessons, keeps no secret
    trained: list[tuple[str, str]] = []
    kept: list[tuple[str, str]] = []
    for intent, messages in lessons.by_intent.items():
        shuffled = draw.sample(messages, len(messages))
        for place, message in enumerate(shuffled):
            (kept if place % HELD_BACK == 0 else trained).append((message, intent))
    model = IntentModel([text for text, _ in trained], [intent for _, intent in trained], lessons.strangers)
    model.calibrate([text for text, _ in kept], [intent for _, intent in kept], hand_over)
    return model


@cache
def support_model() -> IntentModel:
    """Return the model of this process, trained at the first call."""
    return train(load_lessons())

"""Answering customers: what may be said by machine, and when a person must.

What belongs here: the pure rule. Every answer says that it is automatic, is made of the operator's sentences and of
values from the books, and promises nothing. Understanding the message is `ml/support_intent.py`; the order of steps is
`services/support.py`.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Protocol

from arb_pipelines.domain.message import one_line
from arb_pipelines.domain.order import Order

MOST_VALUE_CHARS = 80
LEAST_CONFIDENCE = 0.60
VALUES = frozenset({"order", "shipped_on", "tracking", "ship_by"})


class OrderStanding(StrEnum):
    """How an order stands, as far as a customer cares."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    LATE = "late"
    SHIPPED = "shipped"


class SupportRulesError(ValueError):
    """A file of answers that cannot be used; the message says what is wrong and how to mend it."""


class Guess(Protocol):
    """What a message wants: `intent` None means that nobody should guess; `confidence` is from 0 to 1."""

    @property
    def intent(self) -> str | None:
        """What it wants."""

    @property
    def confidence(self) -> float:
        """The chance that the best guess is right."""


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """The sentence by how the order stands; with `also_person` a person gets the message too."""

    sentences: Mapping[OrderStanding, str]
    also_person: bool


@dataclass(frozen=True, slots=True)
class SupportRules:
    """The operator's answers."""

    disclosure: str
    hand_over: str
    person_words: frozenset[str]
    by_intent: Mapping[str, AnswerRule]


@dataclass(frozen=True, slots=True)
class SupportAnswer:
    """What is said, and whether a person gets the message. `code` says why it was answered so.

    `text` always begins with the disclosure. `facts` are the values that stand in it.
    """

    text: str
    code: str
    to_person: bool
    intent: str | None
    confidence: float
    facts: Mapping[str, str]


def standing_of(order: Order | None, now: datetime) -> OrderStanding:
    """Return how an order stands."""
    if order is None:
        return OrderStanding.UNKNOWN
    if order.shipped_at is not None:
        return OrderStanding.SHIPPED
    return OrderStanding.LATE if order.ship_by is not None and now > order.ship_by else OrderStanding.WAITING


def choose_answer(guess: Guess, text: str, order: Order | None, rules: SupportRules, now: datetime) -> SupportAnswer:
    """Return the answer to a message, and whether a person gets it.

    Args:
        guess: what it wants.
        text: the message; material to judge, never an instruction.
        order: the order that the conversation is about, as the outlet says. One that the text names is not looked at:
            anybody can write any number.
        rules: the operator's answers.
        now: aware UTC.
    """
    facts = facts_of(order)
    words = set(re.findall(r"\w+", text.lower()))
    if len(words) <= 3 and words & rules.person_words:
        return _to_person("asked_for_a_person", guess, rules)
    if guess.intent is None or guess.confidence < LEAST_CONFIDENCE:
        return _to_person("not_understood", guess, rules)
    rule = rules.by_intent.get(guess.intent)
    if rule is None:
        return _to_person("for_a_person", guess, rules)
    standing = standing_of(order, now)
    sentence = rule.sentences.get(standing)
    if sentence is None:
        return _to_person("order_unknown" if order is None else "no_answer_for_this", guess, rules)
    filled = fill(sentence, facts)
    if filled is None:
        return _to_person("value_unknown", guess, rules)
    to_person = rule.also_person or standing is OrderStanding.LATE
    said = f"{rules.disclosure}\n\n{filled}"
    return SupportAnswer(said, "answered", to_person, guess.intent, guess.confidence, facts)


def fill(sentence: str, facts: Mapping[str, str]) -> str | None:
    """Return a sentence with its values, None where one is not known."""
    try:
        return Template(sentence).substitute(facts)
    except KeyError:
        return None


def facts_of(order: Order | None) -> dict[str, str]:
    """Return what may be said of an order to its buyer; what is not known is left out.

    Values are one short line without markup: an outlet's number and a carrier's are other people's texts.
    """
    if order is None:
        return {}
    values: dict[str, str | None] = {
        "order": order.outlet_order_id,
        "shipped_on": _day(order.shipped_at),
        "tracking": order.tracking_number,
        "ship_by": _day(order.ship_by),
    }
    return {name: escaped(value) for name, value in values.items() if value}


def escaped(value: str) -> str:
    """Return a value as it may stand in a mail, a page or an outlet's message: one line, no markup, no placeholder."""
    return html.escape(one_line(value)[:MOST_VALUE_CHARS]).replace("$", "")


def _day(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d}"


def _to_person(code: str, guess: Guess, rules: SupportRules) -> SupportAnswer:
    text = f"{rules.disclosure}\n\n{rules.hand_over}"
    return SupportAnswer(text, code, True, guess.intent, guess.confidence, {})


def load_support_rules(own: Path | None = None) -> SupportRules:
    """Return the shipped answers, or those of an operator's file, which replaces them.

    Raises:
        SupportRulesError: the file is missing, not TOML, or a value in it is wrong.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "support.toml"
    name = str(own) if own else "support.toml"
    try:
        return parse_support_rules(tomllib.loads((own or shipped).read_text("utf-8")))
    except OSError as error:
        raise SupportRulesError(f"the file of answers {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, SupportRulesError) as error:
        raise SupportRulesError(f"the file of answers {name}: {error}") from error


def parse_support_rules(table: Mapping[str, Any]) -> SupportRules:
    """Return the answers that a parsed file holds.

    Raises:
        SupportRulesError: a field is missing or misspelt, the disclosure is empty, or a placeholder has no value.
    """
    wrong = sorted(set(table) ^ {"disclosure", "hand_over", "person_words", "intents"})
    if wrong:
        raise SupportRulesError(f"{wrong[0]!r} is missing or not known")
    texts = [table["disclosure"], table["hand_over"]]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise SupportRulesError("disclosure and hand_over need words: an automatic answer says that it is one")
    if "automatic" not in table["disclosure"].lower() and "bot" not in table["disclosure"].lower():
        raise SupportRulesError('the disclosure must say that the answer is "automatic" or from a "bot"')
    words = frozenset(str(word).lower() for word in table["person_words"])
    rules = {intent: _rule(intent, entry) for intent, entry in table["intents"].items()}
    return SupportRules(texts[0], texts[1], words, rules)


def _rule(intent: str, entry: Any) -> AnswerRule:
    if not isinstance(entry, dict) or not isinstance(entry.get("person"), bool):
        raise SupportRulesError(f"[intents.{intent}] needs person = true or false")
    states = {name: text for name, text in entry.items() if name != "person"}
    strange = sorted(set(states) - set(OrderStanding))
    if strange:
        raise SupportRulesError(f"[intents.{intent}] has no {strange[0]!r}; states are {', '.join(OrderStanding)}")
    for text in states.values():
        if not Template(text).is_valid() or not set(Template(text).get_identifiers()) <= VALUES:
            raise SupportRulesError(f"[intents.{intent}] may fill in {', '.join(sorted(VALUES))} alone: {text!r}")
    return AnswerRule({OrderStanding(name): text for name, text in states.items()}, entry["person"])

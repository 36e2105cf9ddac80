"""What may be written to strangers, and who sends it.

What belongs here: reading and checking `data/messages.toml` or an operator's own file, and the words that no message
may hold: outlets forbid contact data and payment outside their own channel, and so do we.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

from arb_pipelines.domain.spend_limit import Refusal


class MessageKind(StrEnum):
    """What a message to a stranger is about."""

    OFFER = "offer"
    ACCEPT = "accept"
    ORDER = "order"


class MessagePolicyError(ValueError):
    """A file of message policies that cannot be used; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """What one outlet allows; `by_machine` are the kinds that need no person."""

    most_chars: int
    by_machine: frozenset[MessageKind] = frozenset()


@dataclass(frozen=True, slots=True)
class MessagePolicies:
    """The policies by outlet."""

    by_outlet: Mapping[str, MessagePolicy]

    def of(self, outlet: str) -> MessagePolicy:
        """Return the policy of an outlet, that of `*` where it is not named."""
        return self.by_outlet.get(outlet, self.by_outlet["*"])


_AT, _DOT = r"(?:\s*@\s*|\s*[(\[]at[)\]]\s*|\sat\s)", r"(?:\.|\s*[(\[]dot[)\]]\s*|\sdot\s)"
_MAIL = re.compile(rf"[\w.+-]+{_AT}[\w-]+{_DOT}[a-z]{{2,}}", re.I)
_ENDINGS = "com|net|org|info|biz|io|me|shop|store|link|co|de|uk|eu"
_LINK = re.compile(rf"(?:https?://|www\.)\S|\b[\w-]+\.(?:{_ENDINGS})\b", re.I)
# Amounts and dates are no telephone numbers.
_FIGURES = re.compile(r"(?<![\d.])\d[\d,]*\.\d\d(?![\d.])|\b20\d\d-\d\d-\d\d\b")
_TELEPHONE = re.compile(r"(?<![\w.])\+?(?:\d[\s().\-/]{0,2}){6,}\d(?!\w)")
_DIALLED = re.compile(r"\b(?:call|text|phone|ring|sms)\s+(?:me|us)\b", re.I)
_APPS = re.compile(
    r"\b(?:whats\s?app|telegram|signal app|viber|wechat|snapchat|instagram|facebook|skype|discord)\b", re.I
)
_PAYMENTS = re.compile(
    r"\b(?:pay\s?pal|venmo|zelle|cash\s?app|western union|money\s?gram|wire transfer|bank transfer|iban|bit\s?coin"
    r"|crypto(?:currency)?|gift cards?|revolut|apple pay|google pay|money order|cashier'?s che(?:que|ck)"
    r"|friends and family|in cash|cash only|(?:pay|deal|buy|sell|trade)\s+(?:\w+\s+){0,2}outside"
    r"|off[\s-]?(?:site|platform))\b",
    re.I,
)


def refuse_text(text: str, policy: MessagePolicy, known: Sequence[str] = ()) -> Refusal | None:
    """Return why a text may not be written to a stranger, or None.

    Args:
        text: what is to be sent.
        policy: of the outlet.
        known: words that may stand in it whatever they look like, such as the order's number.
    """
    if not text.strip():
        return Refusal("message_empty", "the message has no words")
    if len(text) > policy.most_chars:
        return Refusal("message_too_long", f"the message has {len(text)} characters, {policy.most_chars} allowed")
    judged = text
    for word in sorted(filter(None, known), key=len, reverse=True):
        judged = judged.replace(word, " ")
    contact = (_MAIL, _APPS, _DIALLED)
    if any(each.search(judged) for each in contact) or _TELEPHONE.search(_FIGURES.sub(" ", judged)):
        return Refusal("message_contact_data", "the message holds contact data; talk inside the outlet alone")
    if _LINK.search(judged):
        return Refusal("message_link", "the message leads outside the outlet")
    if _PAYMENTS.search(judged):
        return Refusal("message_outside_payment", "the message speaks of payment outside the outlet")
    return None


def harmless_title(title: str, policy: MessagePolicy) -> str:
    """Return a scraped title as it may stand in a message; one that holds what no message may is left out."""
    short = " ".join(title.split())[:80]
    return "your item" if refuse_text(short, policy) else short


def load_message_policies(own: Path | None = None) -> MessagePolicies:
    """Return the shipped policies, or those of an operator's file, which replaces them.

    Raises:
        MessagePolicyError: the file is missing, not TOML, or a value in it is wrong.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "messages.toml"
    name = str(own) if own else "messages.toml"
    try:
        return parse_message_policies(tomllib.loads((own or shipped).read_text("utf-8")))
    except OSError as error:
        raise MessagePolicyError(f"the file of message policies {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, MessagePolicyError) as error:
        raise MessagePolicyError(f"the file of message policies {name}: {error}") from error


def parse_message_policies(table: Mapping[str, Any]) -> MessagePolicies:
    """Return the policies that a parsed file holds.

    Raises:
        MessagePolicyError: a field is missing, misspelt or out of range.
    """
    if "*" not in table:
        raise MessagePolicyError('there is no ["*"], the policy of outlets that are not named')
    return MessagePolicies({outlet: _policy(outlet, entry) for outlet, entry in table.items()})


def _policy(outlet: str, entry: Any) -> MessagePolicy:
    if not isinstance(entry, dict) or set(entry) != {"most_chars", "sends"}:
        raise MessagePolicyError(f"[{outlet}] has exactly most_chars and sends, got {entry!r}")
    most, sends = entry["most_chars"], entry["sends"]
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 20_000:
        raise MessagePolicyError(f"[{outlet}] most_chars is a whole number from 1 to 20000, got {most!r}")
    if (
        not isinstance(sends, dict)
        or set(sends) != set(MessageKind)
        or not set(sends.values()) <= {"person", "machine"}
    ):
        kinds = ", ".join(MessageKind)
        raise MessagePolicyError(f'[{outlet}] sends says "person" or "machine" for each of {kinds}, got {sends!r}')
    by_machine = frozenset(MessageKind(kind) for kind, who in sends.items() if who == "machine")
    return MessagePolicy(most, by_machine)

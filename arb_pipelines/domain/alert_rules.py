"""Whom an alert reaches, when, and how often: the operator's rules.

What belongs here: reading and checking `data/alerts.toml` or an operator's own file, and which rule an alert
follows. What is written to whom is planned by `alert_plan.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from arb_pipelines.domain.alert import RaisedAlert, Severity
from arb_pipelines.domain.message import Channel

RULE_KEYS = {
    "name", "kinds", "least_severity", "channels", "remind_after_h", "most_an_hour", "digest_every_h",
}  # fmt: skip
QUIET_KEYS = {"channels", "from", "until", "time_zone", "critical_passes"}
LONGEST_H = 24 * 31


class AlertRulesError(ValueError):
    """A file of alert rules that cannot be used; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule; `remind_after` and `digest_every` are None where there is none of it."""

    name: str
    kinds: tuple[str, ...]
    least_severity: Severity
    channels: tuple[Channel, ...]
    remind_after: timedelta | None
    most_an_hour: int
    digest_every: timedelta | None

    def fits(self, raised: RaisedAlert) -> bool:
        """Return whether the rule is about this alert."""
        alert = raised.alert
        return alert.severity.rank >= self.least_severity.rank and any(fnmatchcase(alert.kind, k) for k in self.kinds)

    def is_due(self, raised: RaisedAlert, now: datetime) -> bool:
        """Return whether the alert has to be told (again) now.

        One for a digest waits for the end of the stretch of time that it fell in: digests of a rule come at fixed
        hours, whoever looks and how often.
        """
        if raised.told_at is not None:
            again = self.remind_after is not None and now - raised.told_at >= self.remind_after
            return again and raised.last_raised_at > raised.told_at
        return self.digest_every is None or raised.raised_at < self.digest_start(now)

    def digest_start(self, now: datetime) -> datetime:
        """Return when the present stretch of a digest began."""
        every_s = int(self.digest_every.total_seconds()) if self.digest_every else 1
        return datetime.fromtimestamp(int(now.timestamp()) // every_s * every_s, UTC)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When some channels hold their messages back, by the clock on the wall of `time_zone`."""

    channels: tuple[Channel, ...]
    start: time
    end: time
    time_zone: ZoneInfo
    critical_passes: bool

    def due_at(self, channel: Channel, severity: Severity, now: datetime) -> datetime:
        """Return when a message of now may be sent: now, or the end of the quiet hours."""
        if channel not in self.channels or (severity is Severity.CRITICAL and self.critical_passes):
            return now
        local = now.astimezone(self.time_zone)
        if not self._is_quiet(local.time()):
            return now
        end = datetime.combine(local.date(), self.end, self.time_zone)
        if end <= local:
            end = datetime.combine(local.date() + timedelta(days=1), self.end, self.time_zone)
        return end.astimezone(UTC)

    def _is_quiet(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True)
class AlertBook:
    """Every rule, in the order of the file, and the quiet hours if there are any."""

    rules: tuple[AlertRule, ...]
    quiet: QuietHours | None = None

    def rule_for(self, raised: RaisedAlert) -> AlertRule | None:
        """Return the first rule that fits, None for an alert that only the desk shows."""
        return next((rule for rule in self.rules if rule.fits(raised)), None)


def load_alert_book(own: Path | None = None) -> AlertBook:
    """Return the shipped rules, or those of an operator's file, which replaces them.

    Raises:
        AlertRulesError: the file is missing, not TOML, or a value in it is wrong.
    """
    shipped = resources.files("arb_pipelines.domain") / "data" / "alerts.toml"
    name = str(own) if own else "alerts.toml"
    try:
        return parse_alert_book(tomllib.loads((own or shipped).read_text("utf-8")))
    except OSError as error:
        raise AlertRulesError(f"the file of alert rules {name} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AlertRulesError) as error:
        raise AlertRulesError(f"the file of alert rules {name}: {error}") from error


def parse_alert_book(table: Mapping[str, Any]) -> AlertBook:
    """Return the rules that a parsed file holds.

    Raises:
        AlertRulesError: a field is missing, misspelt or out of range.
    """
    wrong = sorted(set(table) - {"rules", "quiet"})
    if wrong:
        raise AlertRulesError(f"there is no {wrong[0]!r}; there are [[rules]] and [quiet]")
    entries = table.get("rules")
    if not isinstance(entries, list):
        raise AlertRulesError("[[rules]] is missing; write rules = [] to show alerts at the desk only")
    rules = tuple(_rule(entry) for entry in entries)
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise AlertRulesError("two rules have one name; give each a name of its own")
    return AlertBook(rules, _quiet(table["quiet"]) if "quiet" in table else None)


def _rule(entry: Any) -> AlertRule:
    _exactly("a rule", entry, RULE_KEYS)
    remind_h, digest_h = _count(entry, "remind_after_h", 0), _count(entry, "digest_every_h", 0)
    return AlertRule(
        name=str(entry["name"]),
        kinds=_texts(entry, "kinds"),
        least_severity=_severity(entry["least_severity"]),
        channels=_channels(entry),
        remind_after=timedelta(hours=remind_h) if remind_h else None,
        most_an_hour=_count(entry, "most_an_hour", 1),
        digest_every=timedelta(hours=digest_h) if digest_h else None,
    )


def _quiet(entry: Any) -> QuietHours:
    _exactly("[quiet]", entry, QUIET_KEYS)
    try:
        start, end = (time.fromisoformat(entry[name]) for name in ("from", "until"))
        zone = ZoneInfo(entry["time_zone"])
    except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise AlertRulesError(f'[quiet] needs times such as "22:00" and a time zone such as "UTC": {error}') from error
    if not isinstance(entry["critical_passes"], bool):
        raise AlertRulesError(f"critical_passes is true or false, not {entry['critical_passes']!r}")
    return QuietHours(_channels(entry), start, end, zone, entry["critical_passes"])


def _exactly(what: str, entry: Any, keys: set[str]) -> None:
    """A misspelt key would be a rule that is silently another."""
    if not isinstance(entry, dict):
        raise AlertRulesError(f"{what} must be a table, got {entry!r}")
    wrong = sorted(set(entry) ^ keys)
    if wrong:
        fault = "has no" if wrong[0] in entry else "lacks"
        raise AlertRulesError(f"{what} {fault} {wrong[0]!r}; it has {', '.join(sorted(keys))}")


def _channels(entry: Mapping[str, Any]) -> tuple[Channel, ...]:
    known = [channel.value for channel in Channel if channel is not Channel.MARKETPLACE]
    names: Sequence[str] = _texts(entry, "channels")
    strange = [name for name in names if name not in known]
    if strange:
        raise AlertRulesError(f"an alert cannot go by {strange[0]!r}; the channels are {', '.join(known)}")
    return tuple(Channel(name) for name in names)


def _severity(value: Any) -> Severity:
    if value not in set(Severity):
        raise AlertRulesError(f"least_severity is info, warning or critical, not {value!r}")
    return Severity(value)


def _texts(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = entry[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise AlertRulesError(f"{key!r} must be a list of texts, got {value!r}")
    return tuple(value)


def _count(entry: Mapping[str, Any], key: str, least: int) -> int:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LONGEST_H:
        raise AlertRulesError(f"{key!r} must be a whole number from {least} to {LONGEST_H}, got {value!r}")
    return value

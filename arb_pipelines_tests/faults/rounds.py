"""Rounds of work, each ended by SIGKILL at a failpoint or from outside, then a clean worker that tidies up.

What belongs here: the order of rounds, drawn from a seed, and the figures of a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines_tests.faults.judging import Verdict, judge
from arb_pipelines_tests.faults.marketplace import TOP, Marketplace
from arb_pipelines_tests.faults.seeding import seed_books
from arb_pipelines_tests.faults.wire import Fault

OUTSIDE_SHARE = 0.15
OUTSIDE_S = (0.005, 0.12)
TIDY_OFFSET_S = 26 * 3600  # past the horizon, so that nothing may stay open
PATIENT_S = 10.0
LOOK_EVERY = 5
MOST_AT_THE_END = 20
UNLISTED = """
    SELECT count(*) FROM purchases p WHERE p.delivered_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM inventory_lots i JOIN listings l ON l.lot_id = i.lot_id AND l.state = 'active'
        WHERE i.purchase_id = p.purchase_id)
"""


@dataclass(slots=True)
class Figures:
    """What a run was and what it found."""

    design: str
    rounds: int = 0
    kills: int = 0
    kills_outside: int = 0
    points_of_a_run: dict[str, int] = field(default_factory=dict)
    labels_killed_at: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # why tidying could not list something
    broken_while_running: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)


class Worker:
    """The warm worker process (see `worker.py`)."""

    def __init__(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "arb_pipelines_tests.faults.worker"]
        self._process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, **job: Any) -> dict[str, Any]:
        """Run one job in a child of it and return what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process by closing its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


class Run:
    """One design on one database at one marketplace."""

    def __init__(self, books_url: str, seed: int, design: str, rounds: int, market: Marketplace) -> None:
        """Seed the books with an approved offer for each round of buying."""
        self._draw = Random(seed)
        self._market, self._url = market, books_url
        self._wanted = rounds
        offers = market.offers[: 2 * rounds]
        self._books: SqlBooks = open_books(books_url)
        # Reached before the end, so that rounds run into the limit too.
        self._limit_minor = seed_books(self._books, market.url, offers) * 3 // 20
        self._sites = sorted({one["site"] for one in market.offers})
        self._sweeps: dict[str, Iterator[int]] = {}
        self.figures = Figures(design)

    def go(self, worker: Worker) -> Figures:
        """Run all rounds, tidy up and judge."""
        started = perf_counter()
        codes: Counter[str] = Counter()
        labels: Counter[str] = Counter()
        broken: Counter[str] = Counter()
        while self.figures.kills < self._wanted and self.figures.rounds < 4 * self._wanted:
            weights = [40, 52, 8] if self._has_stock() else [90, 0, 10]
            act = self._draw.choices(["buy", "stock", "reconcile"], weights)[0]
            told = self._round(worker, act)
            codes.update(told.get("result", {}).get("codes", []))
            labels.update([told["killed"]] if "killed" in told else [])
            if self.figures.rounds % LOOK_EVERY == 0:
                broken.update(self._books.broken_invariants())
        codes.update(self._run(worker, "buy", most=MOST_AT_THE_END).get("result", {}).get("codes", []))
        self._tidy(worker)
        figures = self.figures
        figures.codes, figures.labels_killed_at, figures.broken_while_running = dict(codes), dict(labels), dict(broken)
        truth = self._market.truth()
        figures.faults = truth["faults"]
        figures.verdict = judge(self._books, truth, self._limit_minor)
        figures.seconds = round(perf_counter() - started, 1)
        self._books.close()
        return figures

    def _round(self, worker: Worker, act: str) -> dict[str, Any]:
        if self._draw.random() < OUTSIDE_SHARE:
            told = self._run(worker, act, outside_s=self._draw.uniform(*OUTSIDE_S))
            self.figures.kills_outside += "killed" in told
        else:
            told = self._run(worker, act, kill_at=self._next_point(act))
        self.figures.rounds += 1
        self.figures.kills += "killed" in told
        if "points" in told:
            known = self.figures.points_of_a_run.get(act, 0)
            self.figures.points_of_a_run[act] = max(known, told["points"])
            if told["points"] > known:
                self._sweeps.pop(act, None)
        if "error" in told:
            self.figures.errors.append(f"{act}: {told['error']}")
        return told

    def _has_stock(self) -> bool:
        """Return whether something delivered is not for sale yet."""
        with self._books._engine.connect() as connection:
            return bool(connection.scalar(text(UNLISTED)))

    def _next_point(self, act: str) -> int:
        """Return the next failpoint of a shuffled sweep over all that a run of this job was seen to have."""
        if not self.figures.points_of_a_run.get(act):
            return 0
        found = next(self._sweeps.get(act, iter(())), None)
        if found is None:
            order = list(range(1, self.figures.points_of_a_run[act] + 1))
            self._draw.shuffle(order)
            self._sweeps[act] = iter(order)
            found = next(self._sweeps[act])
        return found

    def _tidy(self, worker: Worker) -> None:
        """Let everything late come in, then let clean workers reconcile, receive and list to the end."""
        self._market.calm()
        self._market.truth()
        for act in ("reconcile", "reconcile", "stock", "reconcile"):
            told = self._run(worker, act, offset_s=TIDY_OFFSET_S, timeout_s=PATIENT_S)
            if "error" in told:
                self.figures.errors.append(f"tidy {act}: {told['error']}")
            self.figures.alarms += [alarm["code"] for alarm in told.get("result", {}).get("alarms", [])]
            self.figures.left += told.get("result", {}).get("refused", [])

    def _run(self, worker: Worker, act: str, **more: Any) -> dict[str, Any]:
        job = {"act": act, "books": self._url, "market": self._market.url, "sites": self._sites}
        return worker.run(**job, design=self.figures.design, limit_minor=self._limit_minor, **more)


def run_rounds(books_url: str, seed: int, design: str, rounds: int, often: Fault = Fault.NONE) -> Figures:
    """Run one design to its verdict: `rounds` killed workers on migrated, empty books; one fault may be met often."""
    with Marketplace(seed, often) as market, Worker() as worker:
        return Run(books_url, seed, design, rounds, market).go(worker)

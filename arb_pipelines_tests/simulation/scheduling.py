"""Workers that run the real services and can be stopped between any two atomic steps.

What belongs here: one greenlet a worker, the proxies that give the turn away before each call that leaves the
process, and how a worker dies, stalls or waits. Nothing here knows what the services do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from greenlet import greenlet

from arb_pipelines_tests.fakes.dying import WorkerKilled


@dataclass(slots=True)
class Fate:
    """What befalls a worker, by the number of its call (0: never): death before or after it, a stall before it."""

    dies_at: int = 0
    after: bool = False
    stalls_at: int = 0
    stall_s: float = 0.0


@dataclass(slots=True)
class Worker:
    """One run of one service. `seen` is what it read that an act may depend on."""

    name: str
    fate: Fate
    wake_s: float = 0.0
    calls: int = 0
    died: bool = False
    error: Exception | None = None
    result: Any = None
    seen: dict[str, Any] = field(default_factory=dict)
    thread: greenlet | None = None


class Crew:
    """Runs workers in turns that a seeded generator draws; time passes a little with each turn."""

    def __init__(self, random: Random, advance: Callable[[float], None], now_s: Callable[[], float]) -> None:
        """Let `advance` move time and `now_s` tell it, both in true seconds."""
        self._random = random
        self._advance = advance
        self._now_s = now_s
        self._hub = greenlet.getcurrent()
        self.current: Worker | None = None
        self.deaths = 0
        self.turns = 0

    def run(self, jobs: list[tuple[str, Fate, Callable[[Worker], Any]]], death_rate: float) -> list[Worker]:
        """Run the jobs interleaved until each has ended or died; a waiting worker dies at `death_rate` a wait."""
        self._hub = greenlet.getcurrent()
        workers = [self._hire(*job) for job in jobs]
        alive = list(workers)
        while alive:
            ready = [worker for worker in alive if worker.wake_s <= self._now_s()]
            if not ready:
                self._pass_time(alive, death_rate)
            else:
                self._turn(ready[0] if len(ready) == 1 else self._random.choice(ready))
            alive = [worker for worker in alive if worker.thread is not None and not worker.thread.dead]
        return workers

    def _hire(self, name: str, fate: Fate, job: Callable[[Worker], Any]) -> Worker:
        # Half of them begin some seconds later, so that one meets another in the middle of its work.
        delay_s = self._random.choice([0.0, 0.0, 20.0, 60.0]) * self._random.random()
        worker = Worker(name, fate, self._now_s() + delay_s)

        def work() -> None:
            try:
                worker.result = job(worker)
            except WorkerKilled:
                worker.died = True
                self.deaths += 1
            except Exception as error:  # noqa: BLE001 - what a service lets through is judged by the caller
                worker.error = error

        worker.thread = greenlet(work, parent=self._hub)
        return worker

    def _turn(self, worker: Worker, *killing: Any) -> None:
        assert worker.thread is not None
        self.turns += 1
        self.current = worker
        if killing:
            worker.thread.throw(*killing)
        else:
            worker.thread.switch()
        self.current = None
        self._advance(self._random.random())

    def _pass_time(self, waiting: list[Worker], death_rate: float) -> None:
        first = min(waiting, key=lambda worker: worker.wake_s)
        if first.calls and self._random.random() < death_rate:
            self._turn(first, WorkerKilled)
        else:
            self._advance(max(first.wake_s - self._now_s(), 0.001))

    def pause(self, seconds: float = 0.0) -> None:
        """Give the turn away, and do not take it back for so long; outside a worker this does nothing."""
        if self.current is not None:
            self.current.wake_s = self._now_s() + seconds
            self._hub.switch()

    def meet(self, worker: Worker, call: Callable[[], Any]) -> Any:
        """Do one atomic step of a worker, unless it dies first."""
        worker.calls += 1
        fate = worker.fate
        self.pause(fate.stall_s if worker.calls == fate.stalls_at else 0.0)
        dies = worker.calls == fate.dies_at
        if dies and not fate.after:
            raise WorkerKilled
        result = call()
        if dies:
            raise WorkerKilled
        return result


class Atomic:
    """Makes each method of an object one atomic step of a worker; `noticed` hears of it in the same step."""

    def __init__(
        self, target: Any, crew: Crew, worker: Worker, label: str, noticed: Callable[[Worker, str, Any, Any], None]
    ) -> None:
        self._parts = (target, crew, worker, label, noticed)

    def __getattr__(self, name: str) -> Any:
        target, crew, worker, label, noticed = self._parts
        value = getattr(target, name)
        if not callable(value):
            return value
        step = f"{label}.{name}"

        def act(*args: Any, **kwargs: Any) -> Any:
            def call() -> Any:
                result = value(*args, **kwargs)
                noticed(worker, step, args, result)
                return result

            return crew.meet(worker, call)

        self.__dict__[name] = act
        return act


class AtomicBooks:
    """Books whose every repository call is one atomic step."""

    def __init__(
        self, books: Any, crew: Crew, worker: Worker, noticed: Callable[[Worker, str, Any, Any], None]
    ) -> None:
        self._parts = (books, crew, worker, noticed)

    def __getattr__(self, name: str) -> Any:
        books, crew, worker, noticed = self._parts
        repository = Atomic(getattr(books, name), crew, worker, name, noticed)
        self.__dict__[name] = repository
        return repository

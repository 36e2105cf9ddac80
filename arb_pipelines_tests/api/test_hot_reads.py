"""What is kept of hot reads: for a moment, one load for many, forgotten by a decision."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from arb_pipelines.adapters.cache.memory import MemoryStore
from arb_pipelines.api.hot_reads import HISTORY, LISTS, HotReads


class Seconds:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_an_answer_is_loaded_once_while_it_lasts() -> None:
    clock = Seconds()
    hot, loads = HotReads(MemoryStore(clock_s=clock)), []
    for wait_s in (0.0, 0.8, 0.3):
        clock.now_s += wait_s
        hot.get(LISTS, "a", lambda: loads.append(clock.now_s) or "text")
    assert loads == [100.0, 101.1]
    assert (hot.counts.hits, hot.counts.loads) == (1, 2)


def test_a_decision_forgets_the_lists_and_leaves_the_history() -> None:
    hot = HotReads(MemoryStore())
    assert [hot.get(kind, "a", lambda: "before") for kind in (LISTS, HISTORY)] == ["before", "before"]
    hot.forget_lists()
    assert [hot.get(kind, "a", lambda: "after") for kind in (LISTS, HISTORY)] == ["after", "before"]


def test_many_who_ask_at_once_cost_one_load() -> None:
    hot, loads, begun = HotReads(MemoryStore()), [], threading.Barrier(8)

    def ask() -> str:
        begun.wait()
        return hot.get(HISTORY, "p", lambda: loads.append(1) or "points")

    with ThreadPoolExecutor(8) as pool:
        answers = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
    assert (answers, len(loads)) == ({"points"}, 1)


def test_an_error_is_kept_nowhere() -> None:
    hot = HotReads(MemoryStore())

    def fail() -> str:
        raise LookupError("no such product")

    with pytest.raises(LookupError):
        hot.get(HISTORY, "p", fail)
    assert hot.get(HISTORY, "p", lambda: "points") == "points"
